// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/registrygen"
)

// build builds the command as make does.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "oversightgen")
	output, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, ".").CombinedOutput()
	require.NoError(t, err, string(output))
	return path
}

func TestSignals(t *testing.T) {
	binary := build(t)
	for _, style := range []registrygen.Style{registrygen.Python, registrygen.Rust} {
		for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
			for _, pace := range []string{"200/s", "1/h", "0"} {
				t.Run(fmt.Sprintf("%s, %s, %s", style, signal, pace), func(t *testing.T) {
					testSignal(t, signal, exec.CommandContext(t.Context(), binary, "--style", string(style), "--rate", pace))
				})
			}
		}
	}
}

// testSignal interrupts the command once it has written an event, and checks
// that the files agree with each other and with its output.
func testSignal(t *testing.T, signal syscall.Signal, command *exec.Cmd) {
	dir := t.TempDir()
	database, tlog := filepath.Join(dir, "registry.sqlite"), filepath.Join(dir, "log")
	command.Args = append(command.Args, "--db", database, "--tlog", tlog)
	var output bytes.Buffer
	command.Stderr = &output
	require.NoError(t, command.Start())
	defer func() { _ = command.Process.Kill() }() // if the test ends early

	require.Eventually(t, func() bool { return countLeaves(t, tlog) > 25 }, 20*time.Second, 5*time.Millisecond)
	require.NoError(t, command.Process.Signal(signal))
	require.NoError(t, command.Wait(), output.String())

	rows := value(t, database, "SELECT count(*) FROM events")
	last := fmt.Sprintf("ids 1 to %s", rows)
	if rows == "1" {
		last = "id 1"
	}
	assert.Contains(t, output.String(), fmt.Sprintf("(%s) and %d leaves\n", last, countLeaves(t, tlog)))
	assert.Equal(t, 1, strings.Count(output.String(), "\n"))
	assert.Equal(t, rows, fmt.Sprint(countLeaves(t, tlog)-25), "as many rows as leaves")
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, 5, "neither -wal nor -shm: %v", entries)
}

// Ctrl-C sends SIGINT to all processes of a terminal, and the script that runs the
// demo sends SIGTERM right after it. The second signal must not end the process
// within the writing of a file.
func TestSignalsInARow(t *testing.T) {
	binary := build(t)
	for round := range 10 {
		dir := t.TempDir()
		command := exec.CommandContext(t.Context(), binary, "--rate", "0", "--db", filepath.Join(dir, "registry.sqlite"))
		var output bytes.Buffer
		command.Stderr = &output
		require.NoError(t, command.Start())
		require.Eventually(t, func() bool { return countLeaves(t, filepath.Join(dir, "tlog")) > 25 }, 20*time.Second, time.Millisecond)
		require.NoError(t, command.Process.Signal(syscall.SIGINT))
		for range 20 { // one of them comes once the first one is being handled
			_ = command.Process.Signal(syscall.SIGTERM) // fails once the process has ended
			runtime.Gosched()
		}
		require.NoError(t, command.Wait(), "round %d: %s", round, output.String())
		left, err := filepath.Glob(filepath.Join(dir, "*.tmp"))
		require.NoError(t, err)
		require.Empty(t, left)
	}
}

// A process that hangs can still be ended without SIGKILL.
func TestSecondSignalEndsTheProcess(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	// The identity is a FIFO that nobody writes to: reading it hangs.
	dir := t.TempDir()
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, registrygen.IdentityFile), 0o600))
	command := exec.CommandContext(ctx, build(t), "--db", filepath.Join(dir, "registry.sqlite"))
	require.NoError(t, command.Start())
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	for {
		_ = command.Process.Signal(syscall.SIGTERM) // fails once the process has ended
		select {
		case err := <-ended:
			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit)
			require.NoError(t, ctx.Err())
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func countLeaves(t *testing.T, dir string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, registrygen.LeavesFile))
	if os.IsNotExist(err) {
		return 0
	}
	require.NoError(t, err)
	return bytes.Count(text, []byte("\n"))
}

func TestExitStatus(t *testing.T) {
	binary := build(t)
	output, err := exec.CommandContext(t.Context(), binary, "--db", t.TempDir(), "--count", "1").CombinedOutput()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	assert.Equal(t, 1, exit.ExitCode())
	assert.True(t, strings.HasPrefix(string(output), "oversightgen: database "), "%s", output)
	assert.Equal(t, 1, strings.Count(string(output), "\n"))

	output, err = exec.CommandContext(t.Context(), binary, "--help").CombinedOutput()
	require.NoError(t, err)
	assert.Contains(t, string(output), "oversightgen --db ./data/registry.sqlite --rate 5/s")
}
