// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"
)

// leavesName is what registries call the file with the leaves of their log.
const leavesName = "leaves.jsonl"

// leavesFile is the flag that says where the log is.
type leavesFile struct{ path string }

func (l *leavesFile) register(flags *pflag.FlagSet) {
	flags.StringVar(&l.path, "tlog", "", "the transparency log: its `FILE|DIR`, leaves.jsonl or the directory that it is in (required)")
}

// find returns the path of the file, which can be read.
func (l *leavesFile) find() (string, error) {
	if l.path == "" {
		return "", errors.New("--tlog is missing: give the registry's transparency log, for example --tlog ./tlog")
	}
	path := l.path
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		path = filepath.Join(path, leavesName)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", l.explain(err)
	}
	return path, f.Close()
}

// explain says what to do about an error from reading.
func (l *leavesFile) explain(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("--tlog %s: there is no such file: give the registry's %s, or the directory that it is in", l.path, leavesName)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("--tlog %s: give this user permission to read the file and its directory: %w", l.path, err)
	default:
		return fmt.Errorf("--tlog %s: %w", l.path, err)
	}
}
