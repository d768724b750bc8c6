// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkIdle measures the CPU time of a whole collector at the default poll
// interval while nothing is written. One iteration is 20 seconds.
func BenchmarkIdle(b *testing.B) {
	dir := b.TempDir()
	database := filepath.Join(dir, "registry.sqlite")
	data, err := os.ReadFile(filepath.Join("..", "testdata", "registry.sqlite"))
	require.NoError(b, err)
	require.NoError(b, os.WriteFile(database, data, 0o600))
	old := time.Now().Add(-time.Hour)
	require.NoError(b, os.Chtimes(database, old, old))
	config := filepath.Join(dir, "config.yaml")
	require.NoError(b, os.WriteFile(config, fmt.Appendf(nil, `
receivers: {oversight: {database: %q, registry_id: deadbeef}}
exporters: {nop: }
service:
  pipelines: {logs: {receivers: [oversight], exporters: [nop]}}
  telemetry: {metrics: {level: none}}
`, database), 0o600))
	collector := startCollector(b, exec.Command(collectorBinary, "--config", config))
	collector.waitForOutput("Reading events")
	const window = 20 * time.Second
	<-time.After(5 * time.Second) // beyond the time that a change stays fresh
	var used time.Duration
	for b.Loop() {
		before := cpuTime(b, collector.cmd.Process.Pid)
		<-time.After(window)
		used += cpuTime(b, collector.cmd.Process.Pid) - before
	}
	b.ReportMetric(100*used.Seconds()/(float64(b.N)*window.Seconds()), "%core")
}

// cpuTime is what a process has used, from proc(5): fields 14 and 15 of stat, in
// ticks of 10 ms.
func cpuTime(b *testing.B, pid int) time.Duration {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	require.NoError(b, err)
	_, rest, _ := strings.Cut(string(data), ") ")
	fields := strings.Fields(rest)
	var ticks int64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		require.NoError(b, err)
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}
