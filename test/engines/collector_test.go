// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build engines && unix

package engines

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/test/internal/collectortest"
)

// The collector under test, and the directory of its configurations: those of this
// checkout, or those that OTELCOL and OTELCOL_CONFIG name.
var (
	collectorBinary = cmp.Or(os.Getenv("OTELCOL"), filepath.Join("..", "..", "bin", "otelcol-oversight"))
	configDir       = cmp.Or(os.Getenv("OTELCOL_CONFIG"), filepath.Join("..", "..", "config"))
)

// waitTimeout is how long anything may take on a busy machine. A run against a
// collector that is known to fail can shorten it.
var waitTimeout = func() time.Duration {
	if d, err := time.ParseDuration(os.Getenv("FAULT_TIMEOUT")); err == nil {
		return d
	}
	return 90 * time.Second
}()

// Short names of what other tests have, too.
var (
	freeAddress = collectortest.FreeAddress
	get         = collectortest.Get
)

// collector is a running collector. It is killed when the test ends, and its output
// is shown if the test failed.
type collector struct {
	t      testing.TB
	cmd    *exec.Cmd
	output *collectortest.LogBuffer
	ended  chan struct{} // closed when it has ended, and err is set
	err    error
}

// startCollector starts the collector with a shipped configuration, by its path below
// config/, and changes to it, which are merged in their order. Variables are written
// NAME=value.
func startCollector(t testing.TB, config string, changes []string, variables ...string) *collector {
	t.Helper()
	arguments := []string{"--config", filepath.Join(configDir, config)}
	dir := t.TempDir()
	for i, change := range changes {
		file := filepath.Join(dir, fmt.Sprintf("change-%d.yaml", i))
		require.NoError(t, os.WriteFile(file, []byte(change), 0o600))
		arguments = append(arguments, "--config", file)
	}
	cmd := exec.Command(collectorBinary, arguments...)
	cmd.Env = append(os.Environ(), variables...)
	c := &collector{t: t, cmd: cmd, output: &collectortest.LogBuffer{}, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = c.output, c.output
	require.NoError(t, cmd.Start())
	go func() {
		c.err = cmd.Wait()
		close(c.ended)
	}()
	t.Cleanup(func() {
		c.kill()
		if t.Failed() {
			t.Logf("the collector printed:\n%s", c.log())
		}
	})
	return c
}

// kill ends the collector with SIGKILL.
func (c *collector) kill() {
	_ = c.cmd.Process.Kill() // it may have ended already
	<-c.ended
}

// terminate sends SIGTERM and returns how long the collector took to end. It may take
// as long as the limit.
func (c *collector) terminate(limit time.Duration) time.Duration {
	c.t.Helper()
	begin := time.Now()
	require.NoError(c.t, c.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-c.ended:
		return time.Since(begin)
	case <-time.After(limit):
		require.Fail(c.t, "still running", "%v after SIGTERM", limit)
		return limit
	}
}

// log returns what the collector has printed so far.
func (c *collector) log() string { return c.output.String() }

// variable returns a variable of the collector's environment.
func (c *collector) variable(name string) string {
	for i := len(c.cmd.Env) - 1; i >= 0; i-- {
		if value, ok := strings.CutPrefix(c.cmd.Env[i], name+"="); ok {
			return value
		}
	}
	return ""
}

// health returns the status and the body of the health check, or 0 and the error.
func (c *collector) health() (status int, body string) {
	status, body, err := get("http://" + c.variable("HEALTH_ENDPOINT") + "/health")
	if err != nil {
		return 0, err.Error()
	}
	return status, body
}

// metric returns the sum of the series of a metric of the collector's own whose labels
// contain all of these texts, and how many those are.
func (c *collector) metric(name string, labels ...string) (sum float64, series int) {
	c.t.Helper()
	text, err := collectortest.Metrics(c.variable("METRICS_PORT"))
	if err != nil {
		return 0, 0
	}
	sum, series, err = collectortest.Sum(text, name, labels...)
	require.NoError(c.t, err)
	return sum, series
}

// eventually waits until a condition holds.
func eventually(t testing.TB, condition func() error) {
	t.Helper()
	deadline := time.Now().Add(waitTimeout)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := condition()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			require.NoError(t, err)
		}
		<-tick.C
	}
}
