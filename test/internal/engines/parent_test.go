// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux || freebsd

package engines

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A killed test leaves no server behind, not even one that is paused.
func TestServerEndsWithTest(t *testing.T) {
	if os.Getenv("PAUSE_A_SERVER") != "" {
		process, err := StartJava(t.Context(), os.Getenv("PAUSE_A_SERVER"), "READY")
		require.NoError(t, err)
		require.NoError(t, process.pause())
		fmt.Println("PID", process.PID())
		select {}
	}
	fakePrograms(t, map[string]string{"java": "echo READY; exec sleep 1000"})
	test := exec.Command(os.Args[0], "-test.run=^TestServerEndsWithTest$") //nolint:gosec // this test
	test.Env = append(os.Environ(), "PAUSE_A_SERVER="+t.TempDir())
	output, err := test.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, test.Start())
	pid := 0
	for lines := bufio.NewScanner(output); pid == 0 && lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "PID "); ok {
			pid, err = strconv.Atoi(text)
			require.NoError(t, err)
		}
	}
	require.NotZero(t, pid)
	require.NoError(t, syscall.Kill(pid, 0))
	require.NoError(t, test.Process.Kill())
	_ = test.Wait()
	require.Eventually(t, func() bool { return hasEnded(pid) }, 10*time.Second, 10*time.Millisecond)
}

// hasEnded reports whether a process is gone, or waits to be collected by its new
// parent, which in a container may never do that.
func hasEnded(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return true
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(stat), ") Z ")
}
