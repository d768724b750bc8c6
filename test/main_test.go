// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

// Package test runs the built collector against registries, as its users do.
package test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// patience is how long something may take on a busy machine.
const patience = 90 * time.Second

// The binaries under test, absolute.
var collectorBinary, oversightgenBinary string

func TestMain(m *testing.M) {
	if err := build(); err != nil {
		fmt.Fprintln(os.Stderr, "build the binaries under test:", err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

// build makes sure that the binaries are those of this checkout. It takes a
// moment where they are.
func build() error {
	root, err := filepath.Abs("..")
	if err != nil {
		return err
	}
	collectorBinary = filepath.Join(root, "bin", "otelcol-oversight")
	oversightgenBinary = filepath.Join(root, "bin", "oversightgen")
	cmd := exec.Command("make", "--silent", "-C", root, "build")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return cmd.Run()
}

// process is a program that runs.
type process struct {
	t      testing.TB
	cmd    *exec.Cmd
	output *logBuffer
	ready  string        // what it prints when it listens for signals
	ended  chan struct{} // closed when it has ended, and err is set
	err    error
}

// logBuffer collects what a process prints, while it runs.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// start starts a program. The cleanup kills it if the test left it running, and
// shows its output if the test failed.
func start(t testing.TB, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, cmd: cmd, output: &logBuffer{}, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.output, p.output
	require.NoError(t, cmd.Start())
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s printed:\n%s", filepath.Base(cmd.Path), p.output)
		}
	})
	return p
}

// kill ends the process without any chance to tidy up.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended already
	<-p.ended
}

// interrupt asks the process to end and waits until it has, with status 0. A
// collector says that it is ready a moment before it listens for signals; one
// that dies of the signal then has not failed.
func (p *process) interrupt() {
	p.t.Helper()
	p.waitForOutput(p.ready)
	require.NoError(p.t, p.cmd.Process.Signal(syscall.SIGINT))
	select {
	case <-p.ended:
		status := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
		if !status.Signaled() || status.Signal() != syscall.SIGINT {
			require.NoError(p.t, p.err, "%s did not end well", p.cmd.Path)
		}
	case <-time.After(patience):
		require.Fail(p.t, "did not end", "%s after SIGINT", p.cmd.Path)
	}
}

// waitForOutput waits until the process has printed a text.
func (p *process) waitForOutput(text string) {
	p.t.Helper()
	p.waitForOutputs(text, 1)
}

// waitForOutputs waits until the process has printed a text so many times.
func (p *process) waitForOutputs(text string, times int) {
	p.t.Helper()
	eventually(p.t, func() error {
		select {
		case <-p.ended:
			return fmt.Errorf("ended: %w", errors.Join(p.err, errEnded))
		default:
		}
		if n := strings.Count(p.output.String(), text); n < times {
			return fmt.Errorf("has printed %q %d times, not %d", text, n, times)
		}
		return nil
	})
}

var errEnded = errors.New("the process is gone")

// eventually waits until a condition holds.
func eventually(t testing.TB, condition func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		err := condition()
		if err == nil {
			return
		}
		if errors.Is(err, errEnded) || time.Now().After(deadline) {
			require.NoError(t, err)
		}
		<-tick.C
	}
}

// startCollector starts a collector.
func startCollector(t testing.TB, cmd *exec.Cmd) *process {
	t.Helper()
	p := start(t, cmd)
	p.ready = "Everything is ready. Begin running and processing data."
	return p
}

// freeAddress is a loopback address that nobody listens on.
func freeAddress(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

// sharedDir is a temporary directory that other users can enter, too.
func sharedDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "oversight") //nolint:usetesting // t.TempDir is inside a directory for this user alone
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(dir)) })
	return dir
}

func listing(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// serve runs an HTTP server for as long as the test.
func serve(t testing.TB, handler http.Handler) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &http.Server{Handler: handler, ReadHeaderTimeout: patience}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		assert.NoError(t, server.Shutdown(context.Background()))
		assert.ErrorIs(t, <-done, http.ErrServerClosed)
	})
	return "http://" + listener.Addr().String()
}
