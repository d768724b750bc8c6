// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

var bytesReadPattern = regexp.MustCompile(`(?m)^rchar: (\d+)$`)

// bytesRead runs a command and returns how many bytes it has read in total.
func bytesRead(t *testing.T, c *exec.Cmd) int64 {
	t.Helper()
	require.NoError(t, c.Start())
	// The counters of a process can be read until it is waited for.
	require.NoError(t, unix.Waitid(unix.P_PID, c.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil))
	counters := readFile(t, fmt.Sprintf("/proc/%d/io", c.Process.Pid))
	require.NoError(t, c.Wait())
	match := bytesReadPattern.FindStringSubmatch(counters)
	require.NotNil(t, match, counters)
	n, err := strconv.ParseInt(match[1], 10, 64)
	require.NoError(t, err)
	return n
}

// A log that is read twice may change in between.
func TestProveReadsTheLogOnce(t *testing.T) {
	f := generateRegistry(t, 10_000, "--bulk")
	info, err := os.Stat(f.leaves)
	require.NoError(t, err)
	require.Greater(t, info.Size(), int64(5_000_000))
	for _, more := range [][]string{nil, {"--head", f.head, "--public-key", f.key}} {
		n := bytesRead(t, command(t.Context(), f.proving(5000, more...)...))
		assert.InDelta(t, info.Size(), n, 500_000, more)
	}
}
