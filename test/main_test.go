// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

// Package test runs the built collector against registries, as its users do.
package test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/oversight-protocol/oversight-otelcol/test/internal/collectortest"
)

// waitTimeout is how long anything may take on a busy machine.
const waitTimeout = 90 * time.Second

// The binaries under test, absolute.
var collectorBinary, oversightgenBinary, siemBinary string

// configDir has the shipped configurations.
var configDir = filepath.Join("..", "config")

func TestMain(m *testing.M) {
	if err := build(); err != nil {
		fmt.Fprintln(os.Stderr, "build the binaries under test:", err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

// build builds the binaries of this checkout. It is quick if they are up to date.
// With OTELCOL, the path of a collector, that one is tested instead, with the
// commands beside it and the configurations in OTELCOL_CONFIG, if that is set.
func build() error {
	if collector := os.Getenv("OTELCOL"); collector != "" {
		collectorBinary = collector
		oversightgenBinary = filepath.Join(filepath.Dir(collector), "oversightgen")
		siemBinary = filepath.Join(filepath.Dir(collector), "oversight-siem")
		configDir = cmp.Or(os.Getenv("OTELCOL_CONFIG"), configDir)
		return nil
	}
	root, err := filepath.Abs("..")
	if err != nil {
		return err
	}
	collectorBinary = filepath.Join(root, "bin", "otelcol-oversight")
	oversightgenBinary = filepath.Join(root, "bin", "oversightgen")
	siemBinary = filepath.Join(root, "bin", "oversight-siem")
	cmd := exec.Command("make", "--silent", "-C", root, "build")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return cmd.Run()
}

// Short names of what other tests have, too.
var (
	freeAddress      = collectortest.FreeAddress
	get              = collectortest.Get
	eventuallyWithin = collectortest.Eventually
)

// process is a running program.
type process struct {
	*collectortest.Process
	ready string // what it prints once it handles signals
}

// start starts a program.
func start(t testing.TB, cmd *exec.Cmd) *process {
	t.Helper()
	return &process{Process: collectortest.Start(t, cmd)}
}

// interrupt sends SIGINT and waits until the process has ended with status 0. A
// collector reports that it is ready a moment before it handles signals. If the
// signal kills it in that moment, that is not a failure.
func (p *process) interrupt() {
	p.T.Helper()
	p.waitForOutput(p.ready)
	require.NoError(p.T, p.Cmd.Process.Signal(syscall.SIGINT))
	select {
	case <-p.Ended:
		status := p.Cmd.ProcessState.Sys().(syscall.WaitStatus)
		if !status.Signaled() || status.Signal() != syscall.SIGINT {
			require.NoError(p.T, p.Err, "%s ended with an error", p.Cmd.Path)
		}
	case <-time.After(waitTimeout):
		require.Fail(p.T, "did not end", "%s after SIGINT", p.Cmd.Path)
	}
}

// waitForOutput waits until the process has printed a text.
func (p *process) waitForOutput(text string) {
	p.T.Helper()
	p.waitForOutputs(text, 1)
}

// waitForOutputs waits until the process has printed a text that many times.
func (p *process) waitForOutputs(text string, times int) {
	p.T.Helper()
	eventually(p.T, func() error {
		select {
		case <-p.Ended:
			return fmt.Errorf("ended: %w", errors.Join(p.Err, errEnded))
		default:
		}
		if n := strings.Count(p.Output.String(), text); n < times {
			return fmt.Errorf("printed %q %d times, want %d", text, n, times)
		}
		return nil
	})
}

var errEnded = errors.New("the process has ended")

// eventually waits until a condition holds.
func eventually(t testing.TB, condition func() error) {
	t.Helper()
	deadline := time.Now().Add(waitTimeout)
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

// serve runs an HTTP server until the test ends.
func serve(t testing.TB, handler http.Handler) (url string) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &http.Server{Handler: handler, ReadHeaderTimeout: waitTimeout}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		assert.NoError(t, server.Shutdown(context.Background()))
		assert.ErrorIs(t, <-done, http.ErrServerClosed)
	})
	return "http://" + listener.Addr().String()
}
