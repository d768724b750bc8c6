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

// collector is a running collector.
type collector struct{ *collectortest.Process }

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
	return &collector{collectortest.Start(t, cmd)}
}

// log returns what the collector has printed so far.
func (c *collector) log() string { return c.Output.String() }

// variable returns a variable of the collector's environment.
func (c *collector) variable(name string) string {
	for i := len(c.Cmd.Env) - 1; i >= 0; i-- {
		if value, ok := strings.CutPrefix(c.Cmd.Env[i], name+"="); ok {
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
	c.T.Helper()
	text, err := collectortest.Metrics(c.variable("METRICS_PORT"))
	if err != nil {
		return 0, 0
	}
	sum, series, err = collectortest.Sum(text, name, labels...)
	require.NoError(c.T, err)
	return sum, series
}

// eventually waits until a condition holds.
func eventually(t testing.TB, condition func() error) {
	t.Helper()
	collectortest.Eventually(t, waitTimeout, condition)
}
