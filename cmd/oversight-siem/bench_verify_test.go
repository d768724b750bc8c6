// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// maxVerifyMemory bounds the memory of a verification of any size, in bytes.
const maxVerifyMemory = 128 << 20

// BenchmarkVerify verifies a million rows against their log, with the built
// command. µs/row is wall time, cpu-µs/row the CPU time of all cores.
func BenchmarkVerify(b *testing.B) {
	f := generateRegistry(b, benchmarkEvents, "--bulk")
	var cpu, memory int64
	for b.Loop() {
		usage := f.measure(b)
		cpu += usage.Utime.Nano() + usage.Stime.Nano()
		memory = max(memory, peak(usage))
	}
	rows := float64(b.N) * benchmarkEvents * 1000
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/rows, "µs/row")
	b.ReportMetric(float64(cpu)/rows, "cpu-µs/row")
	b.ReportMetric(float64(memory)/1e6, "MB-peak")
	b.ReportMetric(0, "ns/op")
}

// Ten times as many rows need no more memory. This file sorts before those whose
// tests make this process large: Linux counts its memory for its children.
func TestVerifyMemoryIsConstant(t *testing.T) {
	for _, events := range []int{20_000, 200_000} {
		usage := generateRegistry(t, events, "--bulk").measure(t)
		require.Less(t, peak(usage), int64(maxVerifyMemory), "%d events", events)
	}
}

func (f files) measure(tb testing.TB) *syscall.Rusage {
	tb.Helper()
	c := exec.Command(siem, f.arguments()...)
	output, err := c.CombinedOutput()
	require.NoError(tb, err, string(output))
	return c.ProcessState.SysUsage().(*syscall.Rusage)
}
