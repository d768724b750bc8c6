// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/reconcile"
	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

// BenchmarkSave saves the checkpoint after each batch of a thousand rows, into memory.
func BenchmarkSave(b *testing.B) {
	cursor := registry.Cursor{UID: "dc2e0b034036bda258b3913aafca540f", RegistryID: "056872fec48d4d096a0f29fe542216fed524d6ad743a4cfbe35eba54828a3241"}
	events := make([]event, 1000)
	for i := range events {
		events[i].ID, events[i].UID = int64(i), cursor.UID
	}
	snapshot := &reconcile.Snapshot{Log: make([]byte, 900), Pages: map[int64][]byte{}}
	for name, save := range map[string]*reconcile.Snapshot{"without log": nil, "with log": snapshot, "with fingerprints": nil} {
		b.Run(name, func(b *testing.B) {
			store := newCheckpointStore(newMemory(), zap.NewNop())
			if name == "with fingerprints" {
				store.background.enabled, store.background.get = true, store.get
				require.NoError(b, store.background.open(b.Context(), registry.Cursor{}, time.Now()))
			}
			var rows []checkpoint.Row
			b.ReportAllocs()
			for b.Loop() {
				for i := range events {
					events[i].ID = cursor.ID + int64(i) + 1
				}
				cursor.ID += 1000
				clear(snapshot.Pages)
				snapshot.Pages[cursor.ID/4096] = make([]byte, 1024)
				rows = lastRows(rows[:0], events)
				store.addRows(rows)
				store.background.add(events)
				require.NoError(b, store.save(b.Context(), cursor, "registry.sqlite", save))
			}
		})
	}
}
