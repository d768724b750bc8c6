// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import "github.com/oversight-protocol/oversight-otelcol/internal/tlog/leaf"

// ChunkSize is the number of leaves that are read again together, and of which one
// node is kept in memory. It is a power of two, so that the node is one of the tree.
// Checkpoints keep these nodes: it is part of their format.
const ChunkSize = 256

// chunk is the leaves of one chunk that are in memory: ChunkSize of them, or fewer
// at the end of the log and after the index at which it was rotated.
type chunk struct {
	number  int64
	first   int64 // index of entries[0]
	entries []entry
	hashes  []Hash // of the leaves, as in the tree
	seed    tree   // over the chunk's leaves before first
	tree    tree   // over the chunk's leaves so far
	offset  int64  // in the file, of the line of entries[0]
	size    int    // bytes of memory for the texts
	lastUse int64  // by the cache's clock
	unknown bool   // the hash of a leaf is not known
}

// entry is a leaf. Its text is parsed when it is looked up.
type entry struct {
	text    string
	corrupt bool
}

// mayBeBeacon is false only if the leaf is not that of a beacon or is corrupt.
func (e *entry) mayBeBeacon() bool { return !e.corrupt && leaf.MayBeBeacon(e.text) }

// newChunk is an empty chunk, in the memory of spare, a chunk that is not used any
// more, or nil.
func newChunk(number, first int64, seed tree, spare *chunk) *chunk {
	if spare == nil {
		spare = &chunk{entries: make([]entry, 0, ChunkSize), hashes: make([]Hash, 0, ChunkSize)}
	}
	*spare = chunk{
		number: number, first: first, seed: seed, tree: seed.clone(),
		entries: spare.entries[:0], hashes: spare.hashes[:0],
	}
	return spare
}

func (c *chunk) full() bool { return c.tree.full() }

// next is the index of the leaf after the last one.
func (c *chunk) next() int64 { return c.first + int64(len(c.entries)) }

// treeAt is the tree over the chunk's leaves before an index.
func (c *chunk) treeAt(index int64) tree {
	t := c.seed.clone()
	for _, hash := range c.hashes[:index-c.first] {
		t.add(hash)
	}
	return t
}
