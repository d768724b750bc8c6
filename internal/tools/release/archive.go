// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"
)

// writeTarball writes a directory into a compressed tar archive, below the directory's
// name. Its files belong to nobody in particular.
func writeTarball(dir, file string, modified time.Time) error {
	return create(file, func(w io.Writer) error {
		compressed := gzip.NewWriter(w)
		archive := tar.NewWriter(compressed)
		err := eachFile(dir, func(name string, mode fs.FileMode, content []byte) error {
			err := archive.WriteHeader(&tar.Header{
				Typeflag: tar.TypeReg, Name: name, Size: int64(len(content)), Mode: int64(mode), ModTime: modified, Format: tar.FormatUSTAR,
			})
			if err != nil {
				return err
			}
			_, err = archive.Write(content)
			return err
		})
		return errors.Join(err, archive.Close(), compressed.Close())
	})
}

// writeZip writes a directory into a zip archive, below the directory's name.
func writeZip(dir, file string, modified time.Time) error {
	return create(file, func(w io.Writer) error {
		archive := zip.NewWriter(w)
		err := eachFile(dir, func(name string, mode fs.FileMode, content []byte) error {
			header := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: modified}
			header.SetMode(mode)
			entry, err := archive.CreateHeader(header)
			if err != nil {
				return err
			}
			_, err = entry.Write(content)
			return err
		})
		return errors.Join(err, archive.Close())
	})
}

// eachFile calls a function with every file of a directory, in the order of their names.
func eachFile(dir string, add func(name string, mode fs.FileMode, content []byte) error) error {
	return fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		return add(path.Join(filepath.Base(dir), name), modeOf(entry), content)
	})
}

// create writes a file with a function.
func create(name string, write func(io.Writer) error) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}
