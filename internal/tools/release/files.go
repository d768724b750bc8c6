// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// writeFile writes a file, and the directories that it is in.
func writeFile(file string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // public files
		return err
	}
	return os.WriteFile(file, content, 0o644) //nolint:gosec // a public file
}

// copyTree copies the files of a directory.
func copyTree(from, to string) error {
	return fs.WalkDir(os.DirFS(from), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			return err
		}
		return writeFile(filepath.Join(to, name), content)
	})
}

// normalize gives files and directories the modes and the time that they have in
// archives and packages, whatever the user's umask is. Programs stand at the top.
func normalize(dir string, modified time.Time) error {
	return filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if err := os.Chmod(file, modeOf(entry)); err != nil { //nolint:gosec // public files
			return err
		}
		return os.Chtimes(file, modified, modified) //nolint:gosec // nobody else writes there
	})
}

// modeOf is the mode of a file or a directory in archives.
func modeOf(entry fs.DirEntry) fs.FileMode {
	if entry.IsDir() || isProgram(entry.Name()) {
		return 0o755
	}
	return 0o644
}

func isProgram(name string) bool {
	for _, platform := range allPlatforms {
		for _, program := range platform.programs() {
			if name == program.name+platform.suffix() {
				return true
			}
		}
	}
	return false
}
