// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// benchLeaves is how many leaves the log of the benchmarks has.
const benchLeaves = 50_000

// browser is the user agent of the beacons in these benchmarks.
const browser = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"

// benchLog is a log of web beacons of some 1.1 KB a line, with their rows.
func benchLog(b *testing.B, userAgent string) (path string, rows []translator.Event) {
	b.Helper()
	var lines strings.Builder
	rows = make([]translator.Event, benchLeaves)
	for n := range rows {
		row := translator.Event{
			Kind: "http_img", TokenID: fmt.Sprintf("%032x", n), FileID: "feebf1ac-6a2e-4437-b8d5-50f7056f39db",
			RecipientID: "alice@corp.example", SourceIP: fmt.Sprintf("198.51.100.%d", n%256),
			UserAgent:          userAgent,
			QualifiedTimestamp: "2026-11-23T02:52:29Z", TlogIndex: int64(n), HasTlogIndex: true,
		}
		lines.WriteString(lineOf(n, fmt.Sprintf(`{"event":"beacon","file_id":%q,"kind":%q,"recipient_id":%q,"source_ip":%q,"timestamp":%q,"token_id":%q,"user_agent":%q}`,
			row.FileID, row.Kind, row.RecipientID, row.SourceIP, row.QualifiedTimestamp, row.TokenID, row.UserAgent)))
		rows[n] = row
	}
	path = newLog(b, lines.String())
	b.ResetTimer()
	return path, rows
}

// BenchmarkAdvance reads a log; a leaf is an operation.
func BenchmarkAdvance(b *testing.B) {
	path, _ := benchLog(b, browser)
	b.ReportAllocs()
	for left := b.N; left > 0; left -= benchLeaves {
		b.StopTimer()
		log := tlog.Open(tlog.Settings{Path: path})
		b.StartTimer()
		require.NoError(b, log.Advance(b.Context(), int64(min(left, benchLeaves))))
		b.StopTimer()
		require.NoError(b, log.Close())
	}
}

// BenchmarkCheck is all that a row costs: reading its leaf, finding it and
// comparing the two. Rows come in order, a thousand at a time. JSON escapes some of
// the second kind of user agents.
func BenchmarkCheck(b *testing.B) {
	b.Run("plain", func(b *testing.B) { benchCheck(b, browser) })
	b.Run("escaped", func(b *testing.B) { benchCheck(b, browser+` "x"`) })
}

func benchCheck(b *testing.B, userAgent string) {
	const rowsAtOnce = 1000
	path, rows := benchLog(b, userAgent)
	b.ReportAllocs()
	for left := b.N; left > 0; left -= benchLeaves {
		b.StopTimer()
		log := tlog.Open(tlog.Settings{Path: path})
		b.StartTimer()
		for n := range min(left, benchLeaves) {
			if n%rowsAtOnce == 0 {
				require.NoError(b, log.Advance(b.Context(), int64(n+rowsAtOnce)))
			}
			mismatch, err := log.Compare(&rows[n])
			if err != nil {
				b.Fatal(err)
			}
			if mismatch != "" {
				b.Fatal("row and leaf differ: " + mismatch)
			}
		}
		b.StopTimer()
		require.NoError(b, log.Close())
	}
}

// BenchmarkLookup finds leaves that are in memory, and leaves that have to be
// read again, each from another chunk than the last.
func BenchmarkLookup(b *testing.B) {
	path, _ := benchLog(b, browser)
	log := tlog.Open(tlog.Settings{Path: path})
	defer log.Close()
	require.NoError(b, log.Advance(b.Context(), everything))
	for name, step := range map[string]int64{"near": 1, "far": 257} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for index := int64(0); b.Loop(); index = (index + step) % benchLeaves {
				if _, err := log.Lookup(context.Background(), index); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkReverify reads again what was read before a restart; a leaf is an
// operation.
func BenchmarkReverify(b *testing.B) {
	path, _ := benchLog(b, browser)
	first := tlog.Open(tlog.Settings{Path: path})
	require.NoError(b, first.Advance(b.Context(), everything))
	state := first.State()
	require.NoError(b, first.Close())
	b.ResetTimer()
	for left := b.N; left > 0; left -= benchLeaves {
		b.StopTimer()
		log := tlog.Open(tlog.Settings{Path: path, State: state})
		require.NoError(b, log.Advance(b.Context(), everything))
		b.StartTimer()
		_, err := log.Reverify(b.Context())
		require.NoError(b, err)
		b.StopTimer()
		require.NoError(b, log.Close())
	}
}

// BenchmarkUnchanged is an Advance that finds nothing new.
func BenchmarkUnchanged(b *testing.B) {
	log := tlog.Open(tlog.Settings{Path: newLog(b, linesOf(0, 1000))})
	defer log.Close()
	require.NoError(b, log.Advance(b.Context(), everything))
	for b.Loop() {
		if err := log.Advance(b.Context(), everything); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMemory is the memory for a log of ten million leaves: most of them are
// missing in the file, which costs the same, and the last 50,000 fill the cache.
func BenchmarkMemory(b *testing.B) {
	const gaps, gap = 10, 1 << 20
	var lines strings.Builder
	for n := range gaps {
		lines.WriteString(lineOf((n+1)*gap, "{}"))
	}
	agent := strings.Repeat("Mozilla/5.0 ", 40)
	for n := range 50_000 {
		leaf := fmt.Sprintf(`{"event":"beacon","kind":"ocsp","timestamp":"2026-01-02T03:04:05Z","token_id":"%032x","user_agent":%q}`, n, agent)
		lines.WriteString(lineOf(gaps*gap+1+n, leaf))
	}
	path := newLog(b, lines.String())
	lines.Reset()
	for b.Loop() {
		before := heap()
		log := tlog.Open(tlog.Settings{Path: path})
		require.NoError(b, log.Advance(b.Context(), everything))
		b.ReportMetric(float64(heap()-before)/(1<<20), "MiB")
		b.ReportMetric(float64(log.Size()), "leaves")
		require.NoError(b, log.Close())
	}
}

// heap is how many bytes are in use.
func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}
