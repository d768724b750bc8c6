// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// writeZip writes the package as Kibana takes it: oversight-VERSION.zip with the one
// directory oversight-VERSION. The same package is always the same file.
func writeZip(dir, to string) error {
	var manifest struct {
		Version string         `yaml:"version"`
		Rest    map[string]any `yaml:",inline"`
	}
	if err := readYAML(filepath.Join(dir, "manifest.yml"), &manifest); err != nil {
		return err
	}
	name := packageName + "-" + manifest.Version
	var buffer bytes.Buffer
	archive := zip.NewWriter(&buffer)
	err := fs.WalkDir(os.DirFS(dir), ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := built(dir, file)
		if err != nil {
			return err
		}
		header := &zip.FileHeader{Name: path.Join(name, file), Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
		header.SetMode(0o644)
		w, err := archive.CreateHeader(header)
		if err != nil {
			return err
		}
		_, err = w.Write(content)
		return err
	})
	if err != nil {
		return err
	}
	if err := archive.Close(); err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil { //nolint:gosec // public files
		return err
	}
	target := filepath.Join(to, name+".zip")
	if err := os.WriteFile(target, buffer.Bytes(), 0o644); err != nil { //nolint:gosec // a public file
		return err
	}
	fmt.Println(target)
	return nil
}

// built is a file of the package as Elastic's build tool writes it into a zip.
func built(dir, file string) ([]byte, error) {
	content, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(file)))
	if err != nil || !strings.HasPrefix(file, "kibana/dashboard/") {
		return content, err
	}
	var saved object
	if err := json.Unmarshal(content, &saved); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return json.Marshal(encoded(saved))
}
