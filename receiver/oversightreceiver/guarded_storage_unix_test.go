// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package oversightreceiver

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A page behind the end of a file that was cut would end the process.
func TestStorageFileThatWasCut(t *testing.T) {
	s, extension := newFileStorageSetup(t)
	extension.open = readBehindTheEnd(t)
	r, err := NewFactory().CreateLogs(t.Context(), s.settings, s.config, s.sink)
	require.NoError(t, err)
	require.ErrorContains(t, r.Start(t.Context(), s.host), "receiver_oversight_x: it is damaged (it is shorter than it says)")
	require.NoError(t, r.Shutdown(t.Context()))
}

// readBehindTheEnd returns a function that faults as bbolt does where its file was
// cut.
func readBehindTheEnd(t *testing.T) func() error {
	path := filepath.Join(t.TempDir(), "mapped")
	require.NoError(t, os.WriteFile(path, make([]byte, 2*os.Getpagesize()), 0o600))
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, file.Close()) })
	mapped, err := syscall.Mmap(int(file.Fd()), 0, 2*os.Getpagesize(), syscall.PROT_READ, syscall.MAP_SHARED)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, syscall.Munmap(mapped)) })
	require.NoError(t, os.Truncate(path, 1))
	return func() error {
		if mapped[os.Getpagesize()] != 0 {
			return errors.New("not zero")
		}
		return nil
	}
}
