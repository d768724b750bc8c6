// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import "slices"

// chunkedTree is the tree over the leaves that have been read: a root for each
// complete chunk, and the leaves of the next one.
type chunkedTree struct {
	size int64 // leaves
	// upper is the tree over the complete chunks, tail the chunk after them.
	upper tree
	tail  *chunk
	// previousUpper is upper without the last chunk.
	previousUpper tree
	// chunks are the complete chunks from number firstChunk on, and base is the
	// tree over those before.
	firstChunk int64
	base       tree
	chunks     []chunkNode
	// first is the index of the file's first leaf, firstNodes the compact range
	// before it.
	first      int64
	firstNodes []Hash
	// unknown is the number of leaves whose hash is not known, firstUnknown the
	// index of the first of them.
	unknown, firstUnknown int64
}

// chunkNode is what is kept of every complete chunk.
type chunkNode struct {
	offset int64 // in the file, of the line of its first leaf
	root   Hash
	// unknown: root covers a leaf whose hash is not known.
	unknown bool
}

// chunkedTreeAt is a tree that begins at a leaf, with the compact ranges before
// that leaf and before the file's first. The leaf is the first of a chunk or of the
// file. ok is false if the hashes are not such ranges.
func chunkedTreeAt(index int64, nodes []Hash, first int64, firstNodes []Hash) (t chunkedTree, ok bool) {
	upper, seed, ok := splitTree(index, nodes)
	if _, _, firstOK := splitTree(first, firstNodes); !ok || !firstOK {
		return chunkedTree{}, false
	}
	number := index / ChunkSize
	return chunkedTree{
		size:  index,
		upper: upper, tail: newChunk(number, index, seed, nil),
		firstChunk: number, base: upper.clone(),
		first: first, firstNodes: slices.Clone(firstNodes),
	}, true
}

func emptyChunkedTree() chunkedTree {
	t, _ := chunkedTreeAt(0, nil, 0, nil)
	return t
}

// wholeTree is the tree over all leaves.
func (t *chunkedTree) wholeTree() tree { return t.upper.with(t.tail.tree) }

// rotatedTree is the tree over the leaves before the file's first, split into
// complete chunks and the rest.
func (t *chunkedTree) rotatedTree() (upper, rest tree) {
	upper, rest, _ = splitTree(t.first, t.firstNodes) // chunkedTreeAt has checked them
	return upper, rest
}

// root is the root of the tree over all leaves; known is false if the hash of one
// is not.
func (t *chunkedTree) root() (root Hash, known bool) {
	if t.unknown > 0 && t.firstUnknown < t.size {
		return Hash{}, false
	}
	return t.wholeTree().root(), true
}

// countLeaf counts a leaf that was added to the tail.
func (t *chunkedTree) countLeaf(added *treeLeaf) {
	if !added.hashKnown {
		if t.unknown == 0 {
			t.firstUnknown = added.index
		}
		t.unknown++
	}
	t.size++
}

// seedUnknown reports whether a chunk whose first leaf in the file is this one also
// has leaves that were rotated away, and the hash of one may not be known.
func (t *chunkedTree) seedUnknown(first int64) bool {
	return first%ChunkSize != 0 && t.unknown > 0 && t.firstUnknown < first
}

// completeChunk adds the tail, which is full, to the complete chunks. The next tail
// uses the memory of spare, if that is not nil.
func (t *chunkedTree) completeChunk(spare *chunk) {
	t.previousUpper = t.upper.clone()
	t.upper.join(t.tail.tree)
	t.chunks = append(t.chunks, chunkNode{t.tail.offset, t.tail.tree.top(), t.tail.unknown || t.seedUnknown(t.tail.first)})
	t.tail = newChunk(t.tail.number+1, t.tail.next(), newTree(t.upper.End()), spare)
}

// state is the State of the tree; nextOffset is where the line after it begins.
func (t *chunkedTree) state(nextOffset int64) State {
	whole := t.wholeTree()
	s := State{
		Size: t.size, Root: whole.root(), Hashes: whole.hashes(), Offset: nextOffset,
		First: t.first, FirstHashes: slices.Clone(t.firstNodes),
		Unknown: t.unknown, FirstUnknown: t.firstUnknown,
	}
	s.Aligned = t.tail.number * ChunkSize
	switch n := len(t.chunks); {
	case t.size > s.Aligned:
		s.AlignedHashes, s.Offset = t.upper.hashes(), t.tail.offset
	case n > 0: // the last chunk is read again, so that at least something is
		s.Aligned -= ChunkSize
		s.AlignedHashes, s.Offset = t.previousUpper.hashes(), t.chunks[n-1].offset
	}
	if s.Aligned <= t.first {
		s.Aligned, s.AlignedHashes = t.first, slices.Clone(t.firstNodes)
	}
	return s
}
