// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package splunkpackage makes the package of a Splunk app from its directory.
package splunkpackage

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// modified is the time of every file in a package: that of the checkout differs from
// machine to machine.
var modified = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Pack returns the package of the app in a directory, and its name, NAME-VERSION.tgz. The
// directory's name is the app's. Files that are of no use to others are left out: hidden
// ones, and `local` and `local.meta`, in which Splunk keeps what a user changed.
func Pack(app string) (name string, content []byte, err error) {
	id := filepath.Base(filepath.Clean(app))
	version, err := readVersion(app, id)
	if err != nil {
		return "", nil, err
	}
	var packed bytes.Buffer
	compressed, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return "", nil, err
	}
	archive := tar.NewWriter(compressed)
	if err := addFiles(archive, os.DirFS(app), id); err != nil {
		return "", nil, err
	}
	if err := archive.Close(); err != nil {
		return "", nil, err
	}
	if err := compressed.Close(); err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("%s-%s.tgz", id, version), packed.Bytes(), nil
}

// addFiles adds all files of an app, in the order of their names.
func addFiles(archive *tar.Writer, files fs.FS, id string) error {
	return fs.WalkDir(files, ".", func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case file != "." && isLeftOut(file):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir():
			return archive.WriteHeader(&tar.Header{
				Typeflag: tar.TypeDir, Name: path.Join(id, file) + "/", Mode: 0o755, ModTime: modified, Format: tar.FormatUSTAR,
			})
		case !entry.Type().IsRegular():
			return fmt.Errorf("%s: neither a file nor a directory", file)
		}
		return addFile(archive, files, id, file)
	})
}

// addFile adds one file. Nothing in an app runs, so no file is executable.
func addFile(archive *tar.Writer, files fs.FS, id, file string) error {
	text, err := fs.ReadFile(files, file)
	if err != nil {
		return err
	}
	if err := archive.WriteHeader(&tar.Header{
		Typeflag: tar.TypeReg, Name: path.Join(id, file), Size: int64(len(text)), Mode: 0o644, ModTime: modified, Format: tar.FormatUSTAR,
	}); err != nil {
		return err
	}
	_, err = archive.Write(text)
	return err
}

func isLeftOut(file string) bool {
	return strings.HasPrefix(path.Base(file), ".") || file == "local" || file == "metadata/local.meta"
}
