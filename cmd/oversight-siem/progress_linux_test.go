// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// onTerminal runs the command with a terminal as standard error and returns what
// the terminal receives.
func onTerminal(t *testing.T, arguments ...string) string {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	require.NoError(t, err)
	defer master.Close()
	require.NoError(t, unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	terminal, err := os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	require.NoError(t, unix.IoctlSetWinsize(int(terminal.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 100}))

	c := command(t.Context(), arguments...)
	c.Stderr = terminal
	require.NoError(t, c.Start())
	require.NoError(t, terminal.Close())
	shown, err := io.ReadAll(master)
	require.ErrorIs(t, err, unix.EIO) // the end of a terminal
	require.NoError(t, c.Wait())
	return string(shown)
}

func TestProgressBar(t *testing.T) {
	path := generate(t, 20_000)
	output := filepath.Join(t.TempDir(), "events")
	arguments := []string{"export", "--db", path, "--registry-id", "x", "--format", "ecs", "--output", output}

	many := onTerminal(t, arguments...)
	assert.Contains(t, many, "exporting")
	assert.Contains(t, many, "%")
	assert.Contains(t, many, "20000")
	assert.Regexp(t, `\r\[ok\] exported 20000 event\(s\) as ecs\r\n$`, many, "the bar is cleared")

	few := onTerminal(t, append(arguments, "--limit", "100")...)
	assert.Equal(t, "[ok] exported 100 event(s) as ecs\r\n", few)

	assertOK(t, run(t, arguments...), 20_000, "ecs")
}

// The bar is cleared before the summary is written.
func TestProgressBarOfVerify(t *testing.T) {
	f := generateRegistry(t, 20_000, "--bulk")
	shown := onTerminal(t, f.arguments()...)
	assert.Contains(t, shown, "verifying")
	assert.Regexp(t, `\r\[ok\] verified 20000 row\(s\) against a log of \d+ leaves\r\n$`, shown, "the bar is cleared")
}
