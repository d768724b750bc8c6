// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// `make run` shows events until Ctrl-C, which leaves no process behind.
func TestDemoEndsWithCtrlC(t *testing.T) {
	dir := t.TempDir()
	_, metricsPort, err := net.SplitHostPort(freeAddress(t))
	require.NoError(t, err)
	cmd := exec.Command("scripts/run.sh")
	cmd.Dir = ".."
	realRegistry := filepath.Join(t.TempDir(), "real.sqlite")
	cmd.Env = append(os.Environ(), "OVERSIGHT_DEMO="+dir, "OVERSIGHT_DATABASE="+realRegistry, "HEALTH_ENDPOINT="+freeAddress(t), "METRICS_PORT="+metricsPort)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	demo := start(t, cmd)
	demo.waitForOutput("beacon-")
	demo.waitForOutput("oversight.tlog.status=verified")
	demo.waitForOutput("Everything is ready")
	eventually(t, func() error {
		want := slices.Sorted(slices.Values(append([]string{"checkpoint", "events.jsonl"}, registryFiles...)))
		if got := withoutWAL(listing(t, dir)); !slices.Equal(want, got) {
			return fmt.Errorf("want the files %v, got %v", want, got)
		}
		return nil
	})
	assert.NoFileExists(t, realRegistry, "the demo writes only its own registry")

	group := cmd.Process.Pid
	require.NoError(t, syscall.Kill(-group, syscall.SIGINT)) // as a terminal does
	select {
	case <-demo.Ended:
		require.NoError(t, demo.Err)
	case <-time.After(waitTimeout):
		require.Fail(t, "did not end")
	}
	eventually(t, func() error {
		if err := syscall.Kill(-group, 0); !errors.Is(err, syscall.ESRCH) {
			return errors.New("a process is still running")
		}
		return nil
	})
}

// withoutWAL removes the files that exist only while the generator has a connection
// open.
func withoutWAL(names []string) []string {
	var rest []string
	for _, name := range names {
		if name != "registry.sqlite-wal" && name != "registry.sqlite-shm" && name != "registry.sqlite-journal" {
			rest = append(rest, name)
		}
	}
	return rest
}
