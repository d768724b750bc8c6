// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
	"github.com/oversight-protocol/oversight-otelcol/translator"
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
	reconciler := log.open(clock, saved, time.Minute)
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
	reconciler = log.open(clock, saved, time.Minute)
	add(4100, 4200)
	assert.Equal(t, page, saved.page(t, 0))
}

// The chunks of a log that was cut are dropped, up to the one with the last leaf.
func TestChunkRootsOfACutLog(t *testing.T) {
	log, clock, saved := newLog(t), newClock(), &store{}
	reconciler := log.open(clock, saved, time.Minute)
	var lastID int64
	log.writeLeaves(0, 300)
	kept, err := os.ReadFile(log.path)
	require.NoError(t, err)
	log.writeLeaves(300, 1000)
	reconciler.Check(t.Context(), rowsFrom(&lastID, 0, 1000))
	saved.save(t, reconciler, lastID)
	require.Equal(t, uint16(0b111), saved.page(t, 0).ChunksKnown)
	require.NoError(t, os.WriteFile(log.path, kept, 0o600))
	reconciler.Idle(t.Context())
	clock.now = clock.now.Add(time.Minute) // it is no copy that is being written
	reconciler.Idle(t.Context())
	saved.save(t, reconciler, lastID)
	assert.Equal(t, uint16(0b1), saved.page(t, 0).ChunksKnown)
}

// A page that cannot be read stays a failure, though the log can be read: events of
// its leaves are not checked.
func TestDamagedPageIsReported(t *testing.T) {
	log, clock, saved := newLog(t), newClock(), &store{}
	reconciler := log.open(clock, saved, time.Minute)
	var lastID int64
	log.writeLeaves(0, 10)
	reconciler.Check(t.Context(), rowsFrom(&lastID, 0, 10))
	saved.save(t, reconciler, lastID)
	require.NoError(t, reconciler.Close())

	intact := saved.pages[0]
	saved.pages[0] = append([]byte{1}, intact[1:]...)
	reconciler = log.open(clock, saved, time.Minute)
	log.writeLeaves(10, 12)
	events := rowsFrom(&lastID, 10, 12)
	reconciler.Check(t.Context(), events)
	assert.Equal(t, translator.TlogStatusUnavailable, events[0].TlogStatus)
	saved.save(t, reconciler, lastID)
	reconciler.Idle(t.Context())
	require.ErrorIs(t, reconciler.Err(), checkpoint.ErrDamaged)
	require.ErrorContains(t, reconciler.Err(), "load checkpoint page 0 of the transparency log")

	// A storage may have failed for a while only.
	saved.pages[0] = intact
	log.writeLeaves(12, 14)
	reconciler.Check(t.Context(), rowsFrom(&lastID, 12, 14))
	require.NoError(t, reconciler.Err())
}
