// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every configuration that we hand out is valid, and runs as it is.
func TestConfigurations(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "config", "*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			dir := t.TempDir()
			database := filepath.Join(dir, "registry.sqlite")
			data, err := os.ReadFile(filepath.Join("..", "testdata", "edge.sqlite"))
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(database, data, 0o600))
			_, metricsPort, err := net.SplitHostPort(freeAddress(t))
			require.NoError(t, err)
			env := append(os.Environ(),
				"OVERSIGHT_DATABASE="+database,
				"OVERSIGHT_STATE="+filepath.Join(dir, "state"),
				"HEALTH_ENDPOINT="+freeAddress(t),
				"METRICS_PORT="+metricsPort,
				"OTLP_ENDPOINT="+freeAddress(t),
			)
			validate := exec.Command(collectorBinary, "validate", "--config", file)
			validate.Env = env
			output, err := validate.CombinedOutput()
			require.NoError(t, err, string(output))

			cmd := exec.Command(collectorBinary, "--config", file)
			cmd.Env = env
			collector := startCollector(t, cmd)
			collector.waitForOutput(collector.ready)
			collector.waitForOutput("Reading events")
			collector.interrupt()
		})
	}
}

// The demo's file holds every event, one record at least a line.
func TestDemoWritesFile(t *testing.T) {
	dir := t.TempDir()
	database := filepath.Join(dir, "registry.sqlite")
	registry := generate(t, database, "python", "50/s")
	_, metricsPort, err := net.SplitHostPort(freeAddress(t))
	require.NoError(t, err)
	cmd := exec.Command(collectorBinary, "--config", filepath.Join("..", "config", "demo.yaml"))
	cmd.Env = append(os.Environ(), "OVERSIGHT_DATABASE="+database, "OVERSIGHT_STATE="+dir, "HEALTH_ENDPOINT="+freeAddress(t), "METRICS_PORT="+metricsPort)
	collector := startCollector(t, cmd)
	eventually(t, func() error {
		data, err := os.ReadFile(filepath.Join(dir, "events.jsonl"))
		if err == nil && len(data) == 0 {
			err = fmt.Errorf("nothing is written")
		}
		return err
	})
	collector.waitForOutput("beacon-")
	collector.interrupt()
	registry.interrupt()
}
