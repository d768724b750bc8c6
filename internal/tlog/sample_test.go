// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// The log of a registry, its signed head, and every row of its database agree.
func TestSample(t *testing.T) {
	beacons := 0
	log := tlog.Open(tlog.Settings{Path: sampleLog, OnLeaf: func(_ int64, beacon bool) {
		if beacon {
			beacons++
		}
	}})
	defer log.Close()
	require.NoError(t, log.Advance(t.Context(), everything))
	assert.Equal(t, int64(625), log.Size())
	assert.Equal(t, 600, beacons)
	assert.Empty(t, log.Findings())

	data, key := sampleHead(t)
	head, err := tlog.ParseHead(data)
	require.NoError(t, err)
	require.NoError(t, head.Verify(key))
	root, err := log.RootAt(head.Size)
	require.NoError(t, err)
	assert.Equal(t, head.Root, root)

	rows := sampleRows(t)
	require.Len(t, rows, 600)
	for i := range rows {
		entry, err := log.Lookup(context.Background(), rows[i].TlogIndex)
		require.NoError(t, err)
		require.True(t, entry.IsBeacon)
		assert.Empty(t, entry.Mismatch(&rows[i]), "row %d", rows[i].ID)
	}
}

// sampleRows are the rows of the sample log's registry.
func sampleRows(t testing.TB) []translator.Event {
	t.Helper()
	reader := registry.Open(registry.Settings{Path: "../../testdata/registry.sqlite", RegistryID: "r"})
	defer reader.Close()
	batch, err := reader.Read(t.Context(), registry.Cursor{}, 1000, nil)
	require.NoError(t, err)
	return batch.Events
}
