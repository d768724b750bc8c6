// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build engines && unix

package engines

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
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

// collector is a running collector. It is killed when the test ends, and its output
// is shown if the test failed.
type collector struct {
	t      testing.TB
	cmd    *exec.Cmd
	output *logBuffer
	ended  chan struct{} // closed when it has ended, and err is set
	err    error
}

// logBuffer collects the output of a process while it runs.
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
	c := &collector{t: t, cmd: cmd, output: &logBuffer{}, ended: make(chan struct{})}
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
	_, text, err := get("http://127.0.0.1:" + c.variable("METRICS_PORT") + "/metrics")
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(line, name)
		if !ok || rest[0] != '{' && rest[0] != ' ' || !containsAll(rest, labels) {
			continue
		}
		fields := strings.Fields(rest)
		value, err := strconv.ParseFloat(fields[len(fields)-1], 64)
		require.NoError(c.t, err, line)
		sum, series = sum+value, series+1
	}
	return sum, series
}

func containsAll(text string, parts []string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}

// get returns the status and the body of a response, or an error after two seconds.
func get(url string) (status int, body string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, "", err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
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

// usedPorts are the ports that freeAddress has returned.
var usedPorts sync.Map

// freeAddress returns a loopback address that nothing listens on, a different one at
// each call. Its port is below those that systems assign by themselves, so that no
// other program gets it by chance before the collector does.
func freeAddress(t testing.TB) string {
	t.Helper()
	for range 1000 {
		port := 20_000 + rand.IntN(10_000)
		if _, used := usedPorts.LoadOrStore(port, true); used {
			continue
		}
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
		if err == nil {
			require.NoError(t, listener.Close())
			return address
		}
	}
	require.Fail(t, "no port is free")
	return ""
}
