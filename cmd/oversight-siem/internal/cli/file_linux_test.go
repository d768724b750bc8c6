// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
)

// What is no regular file is not even opened.
func TestNoPipeIsOpened(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, unix.Mkfifo(pipe, 0o600))
	watch, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	require.NoError(t, err)
	defer unix.Close(watch)
	_, err = unix.InotifyAddWatch(watch, pipe, unix.IN_OPEN)
	require.NoError(t, err)

	_, err = cli.ReadRegular(pipe, 1)
	require.ErrorContains(t, err, "not a regular file")
	_, err = unix.Read(watch, make([]byte, 4096))
	require.ErrorIs(t, err, unix.EAGAIN, "an event: the pipe was opened")
}
