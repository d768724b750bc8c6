// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

// ChunkSize is the number of leaves that are read again together, and of which one
// node is kept in memory. It is a power of two, so that the node is one of the tree.
// Checkpoints keep these nodes: it is part of their format.
const ChunkSize = 256

// maxEntryText is the longest leaf whose text is kept with its chunk, in bytes. Longer
// ones are read again when they are looked up.
const maxEntryText = 64 << 10

// chunk is the leaves of one chunk that are in memory: ChunkSize of them, or fewer
// at the end of the log.
type chunk struct {
	number  int64
	first   int64 // number of the leaf entries[0]
	entries []entry
	hashes  []Hash // of the leaves, as in the file
	tree    tree   // over the chunk's leaves so far
	offset  int64  // in the file, of the line of entries[0]
	size    int    // bytes of memory for the texts
	lastUse int64  // by the cache's clock
	// unknown is how many leaves have a hash that is not known, firstUnknown the number
	// of the first of them.
	unknown, firstUnknown int64
	// restored is the tree over the chunk's leaves before restoredAt, if it is not that
	// of hashes: a line was damaged after it had been read.
	restored   *tree
	restoredAt int64
	// disordered: the indexes of the lines so far are not just their numbers.
	disordered bool
	// longLines are the offsets of the lines whose texts are not kept.
	longLines map[int64]int64
}

// entry is a leaf. Its text is parsed when it is looked up.
type entry struct {
	text    string
	corrupt bool
	// beacon is false only if the leaf is not that of a beacon or is corrupt.
	beacon bool
	// long: the text is not kept.
	long bool
}

// newChunk is an empty chunk, in the memory of spare, a chunk that is not used any
// more, or nil.
func newChunk(number int64, spare *chunk) *chunk {
	if spare == nil {
		spare = &chunk{entries: make([]entry, 0, ChunkSize), hashes: make([]Hash, 0, ChunkSize)}
	}
	*spare = chunk{
		number: number, first: number * ChunkSize, tree: newTree(unsigned(number * ChunkSize)),
		entries: spare.entries[:0], hashes: spare.hashes[:0],
	}
	return spare
}

func (c *chunk) full() bool { return c.tree.full() }

// next is the number of the leaf after the last one.
func (c *chunk) next() int64 { return c.first + int64(len(c.entries)) }

// treeAt is the tree over the chunk's leaves before one. ok is false if the hash of
// one of them is not known.
func (c *chunk) treeAt(number int64) (t tree, ok bool) {
	t, from := newTree(unsigned(c.first)), c.first
	switch {
	case c.restored != nil && number >= c.restoredAt:
		t, from = c.restored.clone(), c.restoredAt
	case c.unknown > 0 && c.firstUnknown < number, c.restored != nil:
		return tree{}, false
	}
	for _, hash := range c.hashes[from-c.first : number-c.first] {
		t.add(hash)
	}
	return t, true
}

// content is the root over the hashes of a complete chunk, as they are in the file.
func (c *chunk) content() Hash {
	if c.restored == nil {
		return c.tree.top()
	}
	t := newTree(unsigned(c.first))
	for _, hash := range c.hashes {
		t.add(hash)
	}
	return t.top()
}

// restore has the chunk's leaves so far count with another tree.
func (c *chunk) restore(t tree) {
	restored := t.clone()
	c.restored, c.restoredAt, c.tree = &restored, c.next(), t.clone()
	c.unknown = 0
}
