// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
)

func (s *store) page(t *testing.T, number int64) (page checkpoint.LogPage) {
	t.Helper()
	require.NoError(t, page.Decode(s.pages[number]))
	return page
}

// A page keeps the root of each chunk of 256 leaves that is complete, from which the
// root of the whole page can be computed.
func TestPagesKeepChunkRoots(t *testing.T) {
	log, clock, saved := newLog(t), newClock(), &store{}
	reconciler := log.open(clock, saved, 0)
	var lastID int64
	add := func(from, to int64) {
		log.writeLeaves(from, to)
		reconciler.Check(t.Context(), rowsFrom(&lastID, from, to))
		saved.save(t, reconciler, lastID)
	}
	add(0, 300)
	assert.Equal(t, uint16(0b1), saved.page(t, 0).ChunksKnown)
	add(300, 4096)
	page := saved.page(t, 0)
	assert.Equal(t, uint16(0xffff), page.ChunksKnown)
	root, err := reconciler.RootAt(checkpoint.ChunkLeaves)
	require.NoError(t, err)
	assert.Equal(t, root, page.Chunks[0])
	distinct := map[tlog.Hash]bool{}
	for _, chunk := range page.Chunks {
		distinct[chunk] = true
	}
	assert.Len(t, distinct, checkpoint.PageChunks)
	add(4096, 4100)
	assert.Zero(t, saved.page(t, 1).ChunksKnown)
	require.NoError(t, reconciler.Close())

	// A restart knows them before the file has been read again.
	reconciler = log.open(clock, saved, 0)
	add(4100, 4200)
	assert.Equal(t, page, saved.page(t, 0))
}

// The chunks of a log that was cut are dropped, up to the one with the last leaf.
func TestChunkRootsOfACutLog(t *testing.T) {
	s := newScene(t)
	s.log.writeLeaves(100, 1000)
	s.check("verified", 100, 1000)
	require.Equal(t, uint16(0b111), s.saved.page(t, 0).ChunksKnown)
	whole, err := os.ReadFile(s.log.path)
	require.NoError(t, err)
	cut := 0
	for range 300 {
		for whole[cut] != '\n' {
			cut++
		}
		cut++
	}
	require.NoError(t, os.WriteFile(s.log.path, whole[:cut], 0o600))
	s.reconciler.Idle(t.Context())
	s.saved.save(t, s.reconciler, s.lastID)
	assert.Equal(t, uint16(0b1), s.saved.page(t, 0).ChunksKnown)
}
