// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package tlog_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
)

// Opening a named pipe blocks until somebody writes to it. So it is not opened.
func TestLogThatIsNoRegularFile(t *testing.T) {
	for name, create := range map[string]func(path string) error{
		"pipe":      func(path string) error { return unix.Mkfifo(path, 0o600) },
		"directory": func(path string) error { return os.Mkdir(path, 0o700) },
		"device":    func(path string) error { return os.Symlink("/dev/zero", path) },
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "leaves.jsonl")
			require.NoError(t, create(path))
			log := tlog.Open(tlog.Settings{Path: path})
			defer log.Close()
			done := make(chan error, 1)
			go func() { done <- log.Advance(t.Context(), everything) }()
			select {
			case err := <-done:
				require.ErrorContains(t, err, path+": not a regular file")
			case <-time.After(10 * time.Second):
				require.Fail(t, "opening blocks")
			}
		})
	}
}

func TestProofFromAPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "leaves.jsonl")
	require.NoError(t, unix.Mkfifo(path, 0o600))
	_, err := tlog.Inclusion(t.Context(), path, 0, tlog.WholeLog)
	require.ErrorContains(t, err, path+": not a regular file")
}
