// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

const benchmarkEvents = 1_000_000

// BenchmarkExport exports a million events as lines, with the built command.
// µs/event is wall time, cpu-µs/event the CPU time of all cores.
func BenchmarkExport(b *testing.B) {
	path := generate(b, benchmarkEvents)
	for _, format := range formats {
		b.Run(format, func(b *testing.B) {
			var cpu, memory int64
			for b.Loop() {
				usage := measure(b, path, format)
				cpu += usage.Utime.Nano() + usage.Stime.Nano()
				memory = max(memory, peak(usage))
			}
			events := float64(b.N) * benchmarkEvents * 1000
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/events, "µs/event")
			b.ReportMetric(float64(cpu)/events, "cpu-µs/event")
			b.ReportMetric(float64(memory)/1e6, "MB-peak")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func measure(tb testing.TB, path, format string) *syscall.Rusage {
	tb.Helper()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	require.NoError(tb, err)
	defer null.Close()
	c := exec.Command(siem, "export", "--db", path, "--registry-id", edgeID, "--format", format)
	c.Stdout = null
	require.NoError(tb, c.Run(), fmt.Sprint(c.Args))
	return c.ProcessState.SysUsage().(*syscall.Rusage)
}

// peak is the largest resident set size in bytes. Systems report it in different
// units.
func peak(usage *syscall.Rusage) int64 {
	if runtime.GOOS == "linux" {
		return usage.Maxrss << 10
	}
	return usage.Maxrss
}
