// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import "github.com/oversight-protocol/oversight-otelcol/internal/tlog/leaf"

// chunkSize is how many leaves are read again together, and share a node that
// is kept in memory. It is a power of two, so that the node is one of the tree.
const chunkSize = 256

// chunk is leaves that are in memory: chunkSize of them, or fewer at the end
// of the log and behind the place where it was rotated.
type chunk struct {
	number  int64
	first   int64 // index of entries[0]
	entries []entry
	hashes  []Hash // of the leaves, as they are in the tree
	seed    tree   // of the chunk's leaves before first, which are not here
	tree    tree   // of the chunk's leaves until now
	offset  int64  // of the line of entries[0]
	size    int    // bytes of memory that its texts take
	used    int64  // when, for the cache
	unknown bool   // the hash of a leaf is not known
}

// entry is a leaf. What it holds is parsed when somebody asks for it.
type entry struct {
	text    string
	corrupt bool
}

// mayBeBeacon is false only if the leaf is not that of a beacon or is corrupt.
func (e *entry) mayBeBeacon() bool { return !e.corrupt && leaf.MayBeBeacon(e.text) }

// newChunk is an empty chunk, in the memory of spare, a chunk that nobody needs
// any more, or nil.
func newChunk(number, first int64, seed tree, spare *chunk) *chunk {
	if spare == nil {
		spare = &chunk{entries: make([]entry, 0, chunkSize), hashes: make([]Hash, 0, chunkSize)}
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

// treeAt is the compact range of the chunk's leaves before this index.
func (c *chunk) treeAt(index int64) tree {
	t := c.seed.clone()
	for _, hash := range c.hashes[:index-c.first] {
		t.add(hash)
	}
	return t
}

// batch is leaves that have come into a chunk, until their texts share one
// string.
type batch struct {
	text  []byte
	parts []part
}

// part is the text of one leaf.
type part struct{ entry, start, end int }

// add puts a leaf into the chunk.
func (b *batch) add(c *chunk, added *walked) {
	if len(c.entries) == 0 {
		c.offset = added.offset
	}
	if added.fault == "" {
		start := len(b.text)
		b.text = append(b.text, added.data...)
		b.parts = append(b.parts, part{len(c.entries), start, len(b.text)})
	}
	c.entries = append(c.entries, entry{corrupt: added.fault != ""})
	c.hashes = append(c.hashes, added.hash)
	c.tree.add(added.hash)
	c.unknown = c.unknown || !added.known
}

// drop forgets the leaves whose texts were not shared, as nobody wants the chunk.
func (b *batch) drop() { b.text, b.parts = b.text[:0], b.parts[:0] }

// share gives their texts to the leaves that came since the last call.
func (b *batch) share(c *chunk) {
	text := string(b.text)
	for _, p := range b.parts {
		c.entries[p.entry].text = text[p.start:p.end]
	}
	c.size += len(text)
	b.drop()
}
