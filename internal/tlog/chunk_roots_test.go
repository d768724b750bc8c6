// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
)

// chunkRoots are the roots of the complete chunks between two leaves.
func chunkRoots(from, to int) []tlog.Hash {
	var roots []tlog.Hash
	for ; from+256 <= to; from += 256 {
		var hashes []tlog.Hash
		for n := from; n < from+256; n++ {
			hashes = append(hashes, hashOf(leafText(n)))
		}
		roots = append(roots, treeHash(hashes))
	}
	return roots
}

func TestChunkRoots(t *testing.T) {
	path := newLog(t, linesOf(0, 5000))
	f := follow(t, path, tlog.State{})
	assert.Empty(t, f.ChunkRoots(0, 16))
	requireRoots := func(f *follower, size int) {
		t.Helper()
		require.Equal(t, chunkRoots(0, min(size, 4096)), f.ChunkRoots(0, 16))
		require.Equal(t, chunkRoots(4096, size), f.ChunkRoots(16, 16))
		for _, first := range []int64{-1, 32, 1 << 51, 1<<63 - 1} {
			require.Empty(t, f.ChunkRoots(first, 16))
		}
	}
	for _, size := range []int{256, 511, 1000, 4096, 4351, 4352} {
		require.NoError(t, f.Advance(t.Context(), int64(size)))
		requireRoots(f, size)
	}
	f.advance()
	requireRoots(f, 5000)

	again := f.restart()
	assert.Empty(t, again.ChunkRoots(0, 16))
	require.NoError(t, again.Advance(t.Context(), everything))
	assert.Equal(t, make([]tlog.Hash, 16), again.ChunkRoots(0, 16))
	assert.Equal(t, make([]tlog.Hash, 3), again.ChunkRoots(16, 16))
	again.advance()
	requireRoots(again, 5000)
}

func TestChunkRootsBesideDamage(t *testing.T) {
	lines := strings.SplitAfter(linesOf(0, 1000), "\n")
	lines[300] = "x\n"
	path := newLog(t, strings.Join(lines, ""))
	want := chunkRoots(0, 1000)
	want[1] = tlog.Hash{}
	f := followWith(t, tlog.Settings{Path: path})
	f.anyLeaf = true
	f.advance()
	assert.Equal(t, want, f.ChunkRoots(0, 16))
	again := f.restart()
	again.advance()
	assert.Equal(t, want, again.ChunkRoots(0, 16))
}
