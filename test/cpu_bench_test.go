// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package test

import (
	"bytes"
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

// benchmarkRows is about 300 MB of rows such as registries write.
const benchmarkRows = 1_000_000

// BenchmarkToFile measures the CPU time of a whole collector for each event that
// it takes to a file: from the database, through the receiver and an encoding;
// and beside it, for comparison, from a file of the same lines through filelog
// and its json_parser. One iteration is a million events.
func BenchmarkToFile(b *testing.B) {
	dir := b.TempDir()
	database := filepath.Join(dir, "registry.sqlite")
	generate := exec.Command(oversightgenBinary, "--db", database, "--tlog", "", "--bulk", "--seed", "1", "--count", strconv.Itoa(benchmarkRows))
	output, err := generate.CombinedOutput()
	require.NoError(b, err, string(output))
	for _, format := range []string{"splunk", "ecs", "sentinel", "otel"} {
		b.Run("oversight/"+format, func(b *testing.B) {
			toFile(b, fmt.Sprintf("oversight: {database: %q, registry_id: deadbeef}", database), format, filepath.Join(dir, format+".ndjson"))
		})
	}
	b.Run("filelog", func(b *testing.B) {
		toFile(b, fmt.Sprintf("filelog: {include: [%q], start_at: beginning, operators: [{type: json_parser}]}", filepath.Join(dir, "splunk.ndjson")), "otel", filepath.Join(dir, "filelog.ndjson"))
	})
}

// toFile runs a collector until it has written all events.
func toFile(b *testing.B, receiver, format, path string) {
	for b.Loop() {
		require.NoError(b, os.RemoveAll(path))
		config := filepath.Join(b.TempDir(), "config.yaml")
		name, _, _ := strings.Cut(receiver, ":")
		require.NoError(b, os.WriteFile(config, fmt.Appendf(nil, `
receivers: {%s}
extensions: {oversight_siem_encoding: {format: %s}}
exporters: {file: {path: %q, encoding: oversight_siem_encoding, rotation: {max_megabytes: 10000}}}
service:
  extensions: [oversight_siem_encoding]
  pipelines: {logs: {receivers: [%s], exporters: [file]}}
  telemetry: {metrics: {level: none}}
`, receiver, format, path, name), 0o600))
		collector := startCollector(b, exec.Command(collectorBinary, "--config", config))
		counter := &lineCounter{path: path}
		eventually(b, func() error { return counter.reached(benchmarkRows) })
		b.ReportMetric(float64(cpuTime(b, collector.cmd.Process.Pid).Nanoseconds())/benchmarkRows, "cpu-ns/event")
		collector.interrupt()
	}
}

// lineCounter counts the lines of a file that grows.
type lineCounter struct {
	path  string
	read  int64
	lines int
}

func (c *lineCounter) reached(n int) error {
	file, err := os.Open(c.path)
	if err != nil {
		return err
	}
	defer file.Close()
	buffer := make([]byte, 1<<20)
	for {
		got, err := file.ReadAt(buffer, c.read)
		c.read += int64(got)
		c.lines += bytes.Count(buffer[:got], []byte("\n"))
		if err != nil {
			break
		}
	}
	return errorIf(c.lines < n, fmt.Sprintf("%d of %d lines", c.lines, n))
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
