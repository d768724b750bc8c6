// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"cmp"
	"slices"
)

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
	// altered are the chunks whose root is not that of what the file holds now, in
	// order: they have been damaged or changed since they were read.
	altered []AlteredChunk
	// unknown is the number of leaves whose hash is not known, firstUnknown the
	// first of them. Leaves of altered chunks, and of a restored tail, do not count.
	unknown, firstUnknown int64
	// counted is the tree over the lines that a registry counts, and countedAligned and
	// countedBefore are what it was before the tail and before the last chunk.
	counted                       countedTree
	countedAligned, countedBefore *tree
}

// chunkNode is what is kept of every complete chunk.
type chunkNode struct {
	offset int64 // in the file, of the line of its first leaf
	root   Hash  // over what the file holds
	// unknown: root covers a leaf whose hash is not known.
	unknown bool
}

// AlteredChunk is a chunk that has been damaged or changed since it was read.
type AlteredChunk struct {
	// Chunk is its number.
	Chunk int64 `json:"chunk"`
	// Root is its root when it was read first, and in the tree.
	Root Hash `json:"root"`
	// Content is the root over what the file holds now.
	Content Hash `json:"content"`
}

// maxAltered is how many altered chunks are kept. A log with more was rewritten.
const maxAltered = 256

// chunkedTreeAt is a tree that begins at a leaf, the first of a chunk, with the compact
// range before it. ok is false if the hashes are not such a range.
func chunkedTreeAt(first int64, nodes []Hash) (t chunkedTree, ok bool) {
	upper, rest, ok := splitTree(first, nodes)
	if !ok || !rest.empty() {
		return chunkedTree{}, false
	}
	number := first / ChunkSize
	return chunkedTree{
		size: first, upper: upper, tail: newChunk(number, nil),
		firstChunk: number, base: upper.clone(),
	}, true
}

func emptyChunkedTree() chunkedTree {
	t, _ := chunkedTreeAt(0, nil)
	return t
}

// wholeTree is the tree over all leaves.
func (t *chunkedTree) wholeTree() tree { return t.upper.with(t.tail.tree) }

// root is the root of the tree over all leaves; known is false if the hash of one
// is not.
func (t *chunkedTree) root() (root Hash, known bool) {
	if !t.known(t.size) {
		return Hash{}, false
	}
	return t.wholeTree().root(), true
}

// known reports whether the root over the first size leaves is known.
func (t *chunkedTree) known(size int64) bool {
	return t.unknown == 0 || size <= t.firstUnknown
}

// countLeaf counts a leaf that was added to the tail.
func (t *chunkedTree) countLeaf(added *treeLeaf) {
	if !added.counted && !t.counted.active {
		t.counted.start(t.wholeTreeBefore(added.number))
	}
	if added.counted && t.counted.active {
		t.counted.add(added.hash)
	}
	if !added.hashKnown {
		if t.unknown == 0 {
			t.firstUnknown = added.number
		}
		t.unknown++
	}
	t.size++
}

// wholeTreeBefore is the tree over the leaves before one of the tail.
func (t *chunkedTree) wholeTreeBefore(number int64) tree {
	rest := newTree(unsigned(t.tail.first))
	for _, hash := range t.tail.hashes[:number-t.tail.first] {
		rest.add(hash)
	}
	return t.upper.with(rest)
}

// completeChunk adds the tail, which is full, to the complete chunks. The next tail
// uses the memory of spare, if that is not nil.
func (t *chunkedTree) completeChunk(spare *chunk) {
	t.previousUpper, t.countedBefore = t.upper.clone(), t.countedAligned
	t.upper.join(t.tail.tree)
	content := t.tail.content()
	if root := t.tail.tree.top(); root != content {
		t.alter(AlteredChunk{t.tail.number, root, content})
	}
	t.chunks = append(t.chunks, chunkNode{t.tail.offset, content, t.tail.unknown > 0})
	t.tail = newChunk(t.tail.number+1, spare)
	t.countedAligned = nil
	if counted, ok := t.counted.treeAt(t.counted.sizeIfActive()); ok {
		t.countedAligned = &counted
	}
}

func (c *countedTree) sizeIfActive() int64 {
	if !c.active {
		return 0
	}
	return c.size()
}

// alter keeps the root that a chunk had.
func (t *chunkedTree) alter(altered AlteredChunk) {
	i, found := t.findAltered(altered.Chunk)
	switch {
	case found:
		t.altered[i] = altered
	case len(t.altered) < maxAltered:
		t.altered = slices.Insert(t.altered, i, altered)
	}
}

func (t *chunkedTree) findAltered(number int64) (i int, found bool) {
	return slices.BinarySearchFunc(t.altered, number, func(a AlteredChunk, n int64) int { return cmp.Compare(a.Chunk, n) })
}

// rootOf is a complete chunk's root in the tree; known is false if it covers a leaf
// whose hash is not known.
func (t *chunkedTree) rootOf(number int64, node chunkNode) (root Hash, known bool) {
	if i, found := t.findAltered(number); found {
		return t.altered[i].Root, true
	}
	return node.root, !node.unknown
}

// state is the State of the tree; nextOffset is where the line after it begins.
func (t *chunkedTree) state(nextOffset int64) State {
	whole := t.wholeTree()
	s := State{
		ByLine: true, Size: t.size, Root: whole.root(), Hashes: whole.hashes(), Offset: nextOffset,
		Unknown: t.unknown, FirstUnknown: t.firstUnknown,
		Altered: slices.Clone(t.altered),
	}
	counted := t.countedAligned
	s.Aligned = t.tail.number * ChunkSize
	switch n := len(t.chunks); {
	case t.size > s.Aligned:
		s.AlignedHashes, s.Offset = t.upper.hashes(), t.tail.offset
	case n > 0: // the last chunk is read again, so that at least something is
		s.Aligned -= ChunkSize
		s.AlignedHashes, s.Offset = t.previousUpper.hashes(), t.chunks[n-1].offset
		counted = t.countedBefore
	}
	if counted != nil {
		s.CountedSize, s.CountedHashes = counted.end(), counted.hashes()
	}
	if t.tail.restored != nil {
		s.RestoredAt, s.RestoredHashes = t.tail.restoredAt, t.tail.restored.hashes()
	} else if i, found := t.findAltered(s.Aligned / ChunkSize); found && t.size == s.Aligned+ChunkSize {
		s.RestoredAt, s.RestoredHashes = t.size, []Hash{t.altered[i].Root}
	}
	return s
}
