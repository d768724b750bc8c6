// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"context"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/internal/registrygen"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// benchmarkRows is about 300 MB of rows such as registries write.
const benchmarkRows = 1_000_000

// BenchmarkRead reads a whole table in batches of the default size, beside the
// SQLite shell that prints the same rows. One iteration is one table; ns/row is
// the figure to compare.
func BenchmarkRead(b *testing.B) {
	path := filepath.Join(b.TempDir(), "registry.sqlite")
	generated, err := registrygen.Open(b.Context(), registrygen.Settings{Database: path, Seed: 1})
	require.NoError(b, err)
	require.NoError(b, generated.Fill(b.Context(), benchmarkRows))
	require.NoError(b, generated.Close())

	b.Run("reader", func(b *testing.B) {
		r := registry.Open(registry.Settings{Path: path, RegistryID: "deadbeef"})
		defer r.Close()
		b.ReportAllocs()
		for b.Loop() {
			require.Equal(b, benchmarkRows, readAll(b, r))
		}
		reportPerRow(b)
	})
	b.Run("sqlite3 shell", func(b *testing.B) {
		shell, err := exec.LookPath("sqlite3")
		if err != nil {
			b.Skip("there is no sqlite3 to compare with (Debian package sqlite3)")
		}
		for b.Loop() {
			require.NoError(b, exec.Command(shell, "-readonly", path, "SELECT * FROM events").Run())
		}
		reportPerRow(b)
	})
}

func readAll(b *testing.B, r *registry.Reader) int {
	rows := 0
	var cursor registry.Cursor
	var events []translator.Event
	for {
		batch, err := r.Read(context.Background(), cursor, 1000, events)
		require.NoError(b, err)
		rows += len(batch.Events)
		if !batch.More {
			return rows
		}
		cursor, events = batch.Next, batch.Events
	}
}

func reportPerRow(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchmarkRows, "ns/row")
}
