// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/reconcile"
	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

// BenchmarkSave saves the checkpoint after each batch of a thousand rows, into memory.
func BenchmarkSave(b *testing.B) {
	cursor := registry.Cursor{UID: "dc2e0b034036bda258b3913aafca540f", RegistryID: "056872fec48d4d096a0f29fe542216fed524d6ad743a4cfbe35eba54828a3241"}
	b.Run("without log", func(b *testing.B) {
		store := &checkpointStore{newMemory()}
		for b.Loop() {
			cursor.ID += 1000
			require.NoError(b, store.save(b.Context(), cursor, nil))
		}
	})
	b.Run("with log", func(b *testing.B) {
		store := &checkpointStore{newMemory()}
		snapshot := &reconcile.Snapshot{State: make([]byte, 900), Pages: map[int64][]byte{}}
		for b.Loop() {
			cursor.ID += 1000
			clear(snapshot.Pages)
			snapshot.Pages[cursor.ID/4096] = make([]byte, 1024)
			require.NoError(b, store.save(b.Context(), cursor, snapshot))
		}
		_ = fmt.Sprint()
	})
}
