// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import "slices"

// view is what is known of the log's tree.
type view struct {
	size int64
	// upper is the tree over the chunks that are complete, tail the next one.
	upper tree
	tail  *chunk
	// lastUpper is upper without the last chunk.
	lastUpper tree
	// chunks are the complete chunks from number firstChunk on, and base is the
	// tree over those before.
	firstChunk int64
	base       tree
	chunks     []chunkNode
	// first is the file's first leaf, firstNodes the compact range before it.
	first      int64
	firstNodes []Hash
	// unknown is how many leaves have a hash that is not known, firstUnknown the
	// first of them.
	unknown, firstUnknown int64
}

// chunkNode is what is kept of every complete chunk.
type chunkNode struct {
	offset int64 // in the file, of the line with its first leaf
	root   Hash
	// unknown: root covers a leaf whose hash is not known.
	unknown bool
}

// viewAt is a view that begins at a leaf, whose compact range is given; ok is
// false if that is not one. The leaf is the first of a chunk or of the file.
func viewAt(index int64, nodes []Hash, first int64, firstNodes []Hash) (v view, ok bool) {
	upper, seed, ok := splitTree(index, nodes)
	if _, _, firstOK := splitTree(first, firstNodes); !ok || !firstOK {
		return view{}, false
	}
	number := index / chunkSize
	return view{
		size:  index,
		upper: upper, tail: newChunk(number, index, seed, nil),
		firstChunk: number, base: upper.clone(),
		first: first, firstNodes: slices.Clone(firstNodes),
	}, true
}

// whole is the tree over all leaves.
func (v *view) whole() tree { return v.upper.with(v.tail.tree) }

// rotated is the tree over the leaves before the file's first, cut in two.
func (v *view) rotated() (upper, rest tree) {
	upper, rest, _ = splitTree(v.first, v.firstNodes) // viewAt has checked them
	return upper, rest
}

// root is the root of the tree over all leaves; known is false if the hash of
// one is not.
func (v *view) root() (root Hash, known bool) {
	if v.unknown > 0 && v.firstUnknown < v.size {
		return Hash{}, false
	}
	return v.whole().root(), true
}

// count takes notice of a leaf that has come into the tail.
func (v *view) count(leaf *walked) {
	if !leaf.known {
		if v.unknown == 0 {
			v.firstUnknown = leaf.index
		}
		v.unknown++
	}
	v.size++
}

// seedUnknown reports whether a chunk that begins with this leaf has leaves before it
// in a file that was rotated away, and the hash of one may not be known.
func (v *view) seedUnknown(first int64) bool {
	return first%chunkSize != 0 && v.unknown > 0 && v.firstUnknown < first
}

// seal puts the tail, which is full, to the other chunks. The next one takes the
// memory of spare, if that is not nil.
func (v *view) seal(spare *chunk) {
	v.lastUpper = v.upper.clone()
	v.upper.join(v.tail.tree)
	v.chunks = append(v.chunks, chunkNode{v.tail.offset, v.tail.tree.top(), v.tail.unknown || v.seedUnknown(v.tail.first)})
	v.tail = newChunk(v.tail.number+1, v.tail.next(), newTree(v.upper.End()), spare)
}

// state is what a State holds of the view; next is the place in the file of the
// line behind it.
func (v *view) state(next int64) State {
	whole := v.whole()
	s := State{
		Size: v.size, Root: whole.root(), Hashes: whole.hashes(), Offset: next,
		First: v.first, FirstHashes: slices.Clone(v.firstNodes),
		Unknown: v.unknown, FirstUnknown: v.firstUnknown,
	}
	s.Aligned = v.tail.number * chunkSize
	switch n := len(v.chunks); {
	case v.size > s.Aligned:
		s.AlignedHashes, s.Offset = v.upper.hashes(), v.tail.offset
	case n > 0: // the last chunk is read again, so that something is
		s.Aligned -= chunkSize
		s.AlignedHashes, s.Offset = v.lastUpper.hashes(), v.chunks[n-1].offset
	}
	if s.Aligned <= v.first {
		s.Aligned, s.AlignedHashes = v.first, slices.Clone(v.firstNodes)
	}
	return s
}
