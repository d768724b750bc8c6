// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"bytes"
	"errors"
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
	<-time.After(5 * time.Second) // longer than the receiver treats a change as recent
	var used time.Duration
	for b.Loop() {
		before := cpuTime(b, collector.Cmd.Process.Pid)
		<-time.After(window)
		used += cpuTime(b, collector.Cmd.Process.Pid) - before
	}
	b.ReportMetric(100*used.Seconds()/(float64(b.N)*window.Seconds()), "%core")
}

// benchmarkRows is about 300 MB of rows such as registries write.
const benchmarkRows = 1_000_000

// BenchmarkToFile measures the CPU time of a whole collector for each event that
// it writes to a file: from the database, through the receiver and an encoding;
// and for comparison, from a file of the same lines through filelog and its
// json_parser. One iteration is a million events.
func BenchmarkToFile(b *testing.B) {
	dir := b.TempDir()
	database := filepath.Join(dir, "registry.sqlite")
	generate := exec.Command(oversightgenBinary, "--db", database, "--tlog", "", "--bulk", "--seed", "1", "--count", strconv.Itoa(benchmarkRows))
	output, err := generate.CombinedOutput()
	require.NoError(b, err, string(output))
	for _, format := range []string{"splunk", "ecs", "sentinel", "otel"} {
		b.Run("oversight/"+format, func(b *testing.B) {
			receiver := fmt.Sprintf("oversight: {database: %q, registry_id: deadbeef}", database)
			encoding := fmt.Sprintf("oversight_siem_encoding: {format: %s}", format)
			toFile(b, receiver, encoding, filepath.Join(dir, format+".ndjson"), "\n")
		})
	}
	b.Run("filelog", func(b *testing.B) {
		export := exec.Command(filepath.Join(filepath.Dir(collectorBinary), "oversight-siem"), "export",
			"--db", database, "--registry-id", "deadbeef", "--format", "splunk", "--output", filepath.Join(dir, "splunk.ndjson"))
		output, err := export.CombinedOutput()
		require.NoError(b, err, string(output))
		receiver := fmt.Sprintf("filelog: {include: [%q], start_at: beginning, operators: [{type: json_parser}]}", filepath.Join(dir, "splunk.ndjson"))
		// OTLP JSON, one line for each batch.
		toFile(b, receiver, "", filepath.Join(dir, "filelog.ndjson"), `"observedTimeUnixNano"`)
	})
}

// BenchmarkDurable measures, as BenchmarkToFile does, the CPU time of plain delivery
// with a checkpoint that survives a power failure: file_storage with fsync.
func BenchmarkDurable(b *testing.B) {
	dir := b.TempDir()
	database := filepath.Join(dir, "registry.sqlite")
	generate := exec.Command(oversightgenBinary, "--db", database, "--tlog", "", "--bulk", "--seed", "1", "--count", strconv.Itoa(benchmarkRows))
	output, err := generate.CombinedOutput()
	require.NoError(b, err, string(output))
	for _, format := range []string{"splunk", "ecs", "sentinel"} {
		b.Run(format, func(b *testing.B) {
			receiver := fmt.Sprintf("oversight: {database: %q, registry_id: deadbeef, storage: file_storage}", database)
			output := filepath.Join(dir, format+".ndjson")
			storage := fmt.Sprintf("file_storage: {directory: %q, create_directory: true, fsync: true}", checkpointOf(output))
			toFile(b, receiver, fmt.Sprintf("oversight_siem_encoding: {format: %s}, %s", format, storage), output, "\n")
		})
	}
}

// BenchmarkVerification measures, as BenchmarkToFile does, the CPU time of checking
// every event against the transparency log: the difference between off and on.
func BenchmarkVerification(b *testing.B) {
	dir := b.TempDir()
	database := filepath.Join(dir, "registry.sqlite")
	generate := exec.Command(oversightgenBinary, "--db", database, "--bulk", "--seed", "1", "--count", strconv.Itoa(benchmarkRows))
	output, err := generate.CombinedOutput()
	require.NoError(b, err, string(output))
	for name, tlog := range map[string]string{"off": "", "on": ", " + tlogOf(database)} {
		b.Run(name, func(b *testing.B) {
			receiver := fmt.Sprintf("oversight: {database: %q, registry_id: deadbeef%s}", database, tlog)
			toFile(b, receiver, "oversight_siem_encoding: {format: sentinel}", filepath.Join(dir, "out.ndjson"), "\n")
		})
	}
}

// toFile runs a collector until it has written all events. Each contains
// pattern once. Without an encoding the file is OTLP JSON.
func toFile(b *testing.B, receiver, encoding, path, pattern string) {
	for b.Loop() {
		require.NoError(b, errors.Join(os.RemoveAll(path), os.RemoveAll(checkpointOf(path))))
		config := filepath.Join(b.TempDir(), "config.yaml")
		name, _, _ := strings.Cut(receiver, ":")
		extension, option := "health_check: {endpoint: "+freeAddress(b)+"}", ""
		if encoding != "" {
			extension, option = encoding, "encoding: oversight_siem_encoding, "
		}
		extensions, _, _ := strings.Cut(extension, ":")
		if strings.Contains(extension, ", file_storage:") {
			extensions += ", file_storage"
		}
		require.NoError(b, os.WriteFile(config, fmt.Appendf(nil, `
receivers: {%s}
extensions: {%s}
exporters: {file: {path: %q, %srotation: {max_megabytes: 10000}}}
service:
  extensions: [%s]
  pipelines: {logs: {receivers: [%s], exporters: [file]}}
  telemetry: {metrics: {level: none}}
`, receiver, extension, path, option, extensions, name), 0o600))
		collector := startCollector(b, exec.Command(collectorBinary, "--config", config))
		collector.waitForOutput(collector.ready)
		start := cpuTime(b, collector.Cmd.Process.Pid) // leaves out the start, about a third of a second
		counter := &counter{path: path, pattern: []byte(pattern)}
		for counter.reached(benchmarkRows) != nil {
			// Rarely: reading the file slows down the writer.
			<-time.After(500 * time.Millisecond)
		}
		b.ReportMetric(float64((cpuTime(b, collector.Cmd.Process.Pid)-start).Nanoseconds())/benchmarkRows, "cpu-ns/event")
		collector.interrupt()
		require.NoError(b, os.Remove(path)) // its pages in memory slow down the next run
	}
}

// checkpointOf is the directory of the checkpoint beside an output file.
func checkpointOf(path string) string { return path + ".checkpoint" }

// counter counts the events in a growing file.
type counter struct {
	path    string
	pattern []byte
	read    int64
	events  int
}

func (c *counter) reached(want int) error {
	file, err := os.Open(c.path)
	if err != nil {
		return err
	}
	defer file.Close()
	buffer := make([]byte, 1<<20)
	for {
		n, err := file.ReadAt(buffer, c.read)
		c.events += bytes.Count(buffer[:n], c.pattern)
		// A pattern that is cut in two is counted at the next read.
		if next := int64(n - len(c.pattern) + 1); next > 0 {
			c.read += next
		}
		if err != nil {
			break
		}
	}
	return errorIf(c.events < want, fmt.Sprintf("%d of %d events", c.events, want))
}

// cpuTime returns the CPU time that a process has used, from proc(5): fields 14 and 15 of stat, in
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
