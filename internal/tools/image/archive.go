// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// writeArchive writes an OCI layout into a tar archive, as `docker load`, `podman load`
// and `skopeo` read it.
func writeArchive(layout, name string, modified time.Time) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	w := tar.NewWriter(file)
	err = fs.WalkDir(os.DirFS(layout), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(filepath.Join(layout, path))
		if err != nil {
			return err
		}
		header := &tar.Header{Typeflag: tar.TypeReg, Name: path, Mode: 0o644, Size: int64(len(content)), ModTime: modified, Format: tar.FormatUSTAR}
		if err := w.WriteHeader(header); err != nil {
			return err
		}
		_, err = w.Write(content)
		return err
	})
	return errors.Join(err, w.Close(), file.Close())
}
