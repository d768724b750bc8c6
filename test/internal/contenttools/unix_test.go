// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package contenttools

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Several processes may want the same: one of them installs it, the others wait and use it.
func TestInstallOnce(t *testing.T) {
	root := t.TempDir()
	var made, running atomic.Int32
	var all sync.WaitGroup
	for range 4 {
		tools, err := New(root) // a process has its own
		require.NoError(t, err)
		all.Go(func() {
			dir, err := tools.install(t.Context(), "requirements.txt", []byte("a 1"), func(i *installation) error {
				made.Add(1)
				assert.EqualValues(t, 1, running.Add(1), "two install at the same time")
				defer running.Add(-1)
				return i.run(i.dir, "true")
			})
			if assert.NoError(t, err) {
				assert.FileExists(t, filepath.Join(dir, "installed"))
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, 1, made.Load())
}

// Who waits for a lock says for which, and does not wait forever.
func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.lock")
	first, err := lock(t.Context(), path)
	require.NoError(t, err)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = lock(ended, path)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "another process holds "+path)
	unlock(first)
	second, err := lock(ended, path)
	require.NoError(t, err, "it is free")
	unlock(second)
}

// An interpreter that only pyenv has is found.
func TestPythonOfPyenv(t *testing.T) {
	root, bin := t.TempDir(), t.TempDir()
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	require.NoError(t, os.WriteFile(filepath.Join(bin, "pyenv"), []byte("#!/bin/sh\necho "+root+"\n"), 0o700))
	versions := filepath.Join(root, "versions", "9.9.1", "bin")
	require.NoError(t, os.MkdirAll(versions, 0o700))
	program := filepath.Join(versions, "python9.9")
	require.NoError(t, os.WriteFile(program, []byte("#!/bin/sh\necho "+program+"\necho Python 9.9.1\n"), 0o700))
	python, version, err := firstPython(t.Context(), []string{"python9.8", "python9.9"})
	require.NoError(t, err)
	assert.Equal(t, []string{program, "Python 9.9.1"}, []string{python, version})
}

// A program gets its job and gives its results.
func TestCall(t *testing.T) {
	var results map[string]string
	Call(t, map[string]string{"a": "b"}, &results, []string{"PREFIX=  "}, "sh", "-c", `printf %s "$PREFIX"; cat`)
	assert.Equal(t, map[string]string{"a": "b"}, results)
}

// A command that a killed test leaves behind still writes into the directory: until it has
// ended, nobody else installs there.
func TestCommandsHoldTheLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.lock")
	file, err := lock(t.Context(), path)
	require.NoError(t, err)
	command := (&installation{ctx: t.Context(), lock: file}).command("cat")
	input, err := command.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	require.NoError(t, file.Close()) // as the end of the process closes it
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = lock(ended, path)
	require.ErrorContains(t, err, "another process holds")
	require.NoError(t, input.Close())
	require.NoError(t, command.Wait())
	free, err := lock(ended, path)
	require.NoError(t, err)
	unlock(free)
}
