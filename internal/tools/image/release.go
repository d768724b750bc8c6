// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
)

const (
	licenseFile = "LICENSE"
	// noticesFile has the licenses of what is linked into the binaries.
	noticesFile = "THIRD_PARTY_NOTICES.txt"
)

// binaries are the commands of the image. The second one checks the health of the
// first.
var binaries = []string{"otelcol-oversight", "oversight-siem"}

// readArchive returns the files that the image takes from the archive of the release
// for an architecture: the image has the same binaries.
func readArchive(s options, architecture string) (map[string][]byte, error) {
	name := filepath.Join(s.Release, fmt.Sprintf("otelcol-oversight_%s_linux_%s.tar.gz", s.Version, architecture))
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("-release: %w", err)
	}
	defer file.Close()
	wanted := append(slices.Clone(binaries), licenseFile, noticesFile)
	files, err := readFiles(file, wanted)
	if err != nil {
		return nil, fmt.Errorf("-release: %s: %w", name, err)
	}
	for _, wanted := range wanted {
		if _, ok := files[wanted]; !ok {
			return nil, fmt.Errorf("-release: %s has no %s", name, wanted)
		}
	}
	return files, nil
}

// readFiles returns the files with these names, whatever directory they are in.
func readFiles(compressed io.Reader, names []string) (map[string][]byte, error) {
	archive, err := gzip.NewReader(compressed)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for r := tar.NewReader(archive); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		if name := path.Base(header.Name); header.Typeflag == tar.TypeReg && slices.Contains(names, name) {
			if files[name], err = io.ReadAll(r); err != nil {
				return nil, err
			}
		}
	}
}
