// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"database/sql"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/oversight-protocol/oversight-otelcol/internal/registrygen"
	"github.com/oversight-protocol/oversight-otelcol/receiver/oversightreceiver/internal/metadata"
)

const benchmarkRows = 1_000_000

// BenchmarkReceiver delivers a whole table from the database to the consumer, as
// log records, with the default settings. One iteration is one table.
func BenchmarkReceiver(b *testing.B) {
	path := filepath.Join(b.TempDir(), "registry.sqlite")
	generated, err := registrygen.Open(b.Context(), registrygen.Settings{Database: path, Seed: 1})
	require.NoError(b, err)
	require.NoError(b, generated.Fill(b.Context(), benchmarkRows))
	require.NoError(b, generated.Close())
	b.ReportAllocs()
	for b.Loop() {
		var rows atomic.Int64
		all := make(chan struct{})
		next, err := consumer.NewLogs(func(_ context.Context, logs plog.Logs) error {
			if rows.Add(int64(logs.LogRecordCount())) == benchmarkRows {
				close(all)
			}
			return nil
		})
		require.NoError(b, err)
		stop := startBenchmark(b, path, next)
		<-all
		stop()
	}
	b.ReportMetric(float64(b.N)*benchmarkRows/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchmarkRows, "ns/row")
}

// BenchmarkLatency measures from the commit of a row until the consumer has it,
// with the default poll interval of 200 ms. Run it with -benchtime=300x.
func BenchmarkLatency(b *testing.B) {
	path := newDatabase(b)
	db, err := sql.Open("sqlite", path)
	require.NoError(b, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	arrived := make(chan time.Time, 1)
	next, err := consumer.NewLogs(func(context.Context, plog.Logs) error {
		arrived <- time.Now()
		return nil
	})
	require.NoError(b, err)
	stop := startBenchmark(b, path, next)
	defer stop()
	var took []time.Duration
	pause := time.NewTimer(0)
	for i := 0; b.Loop(); i++ {
		_, err := db.ExecContext(b.Context(), "INSERT INTO events(token_id, kind, timestamp) VALUES ('t', 'dns', 1)")
		committed := time.Now()
		require.NoError(b, err)
		took = append(took, (<-arrived).Sub(committed))
		pause.Reset(time.Duration(i*37%200) * time.Millisecond) // anywhere between two polls
		<-pause.C
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Milliseconds()), "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Milliseconds()), "p99-ms")
}

func startBenchmark(b *testing.B, path string, next consumer.Logs) (stop func()) {
	config := createDefaultConfig().(*Config)
	config.Database, config.RegistryID = path, "deadbeef"
	r, err := NewFactory().CreateLogs(b.Context(), receivertest.NewNopSettings(metadata.Type), config, next)
	require.NoError(b, err)
	require.NoError(b, r.Start(b.Context(), componenttest.NewNopHost()))
	return func() { require.NoError(b, r.Shutdown(b.Context())) }
}
