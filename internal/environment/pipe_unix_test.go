// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package environment_test

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A configuration can come from a pipe, such as <(sops --decrypt FILE): nobody writes to
// it a second time.
func TestMissingVariableInPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	setArguments(t, "--config", pipe)
	failed := make(chan error, 1)
	go func() {
		_, err := retrieve(t, "OVERSIGHT_TEST_NONE")
		failed <- err
	}()
	select {
	case err := <-failed:
		require.ErrorContains(t, err, "OVERSIGHT_TEST_NONE is not set or empty, and the configuration uses it")
	case <-time.After(10 * time.Second):
		require.Fail(t, "the pipe was waited for")
	}
}
