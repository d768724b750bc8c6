// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// maxMemory bounds the memory of an export of any size, in bytes.
const maxMemory = 64 << 20

// Ten times as many events need no more memory.
func TestExportMemoryIsConstant(t *testing.T) {
	for _, events := range []int{20_000, 200_000} {
		peak := exportPeak(t, generate(t, events))
		require.NotZero(t, peak)
		require.Less(t, peak, maxMemory, "%d events", events)
	}
}

// exportPeak exports path and returns the command's largest resident set size in
// bytes. It asks the kernel again after each part of the output. The process's
// resource usage would not do: from before it executes the command, it contains
// the size of this test, which is larger under the race detector.
func exportPeak(t *testing.T, path string) (peak int) {
	t.Helper()
	c := exec.Command(siem, "export", "--db", path, "--registry-id", edgeID, "--format", "ecs")
	out, err := c.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	for part := make([]byte, 32<<10); ; {
		_, err := out.Read(part)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		peak = max(peak, highWaterMark(t, c.Process.Pid))
	}
	require.NoError(t, c.Wait())
	return peak
}

var vmHWM = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// highWaterMark returns the largest resident set size of a process until now in
// bytes, or 0 where the process has ended.
func highWaterMark(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(t, err)
	match := vmHWM.FindSubmatch(status)
	if match == nil {
		return 0
	}
	kilobytes, err := strconv.Atoi(string(match[1]))
	require.NoError(t, err)
	return kilobytes << 10
}
