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
}

// viewAt is a view that begins at a leaf, whose compact range is given; ok is
// false if that is not one. The leaf is the first of a chunk or of the file.
func viewAt(index int64, nodes []Hash, first int64, firstNodes []Hash) (v view, ok bool) {
	whole, ok := treeOf(uint64(index), nodes)
	if _, firstOK := treeOf(uint64(first), firstNodes); !ok || !firstOK {
		return view{}, false
	}
	upper, seed := whole.split()
	number := index / chunkSize
	return view{
		size:  index,
		upper: upper, tail: newChunk(number, index, seed, nil),
		firstChunk: number, base: upper.clone(),
		first: first, firstNodes: slices.Clone(firstNodes),
	}, true
}

// split cuts a tree of leaves into the one over its complete chunks and the one
// over the rest.
func (t *tree) split() (upper, rest tree) {
	upper.size, rest.size = t.size/chunkSize, t.size%chunkSize
	n := len(t.nodes) - onesIn(rest.size)
	upper.nodes, rest.nodes = slices.Clone(t.nodes[:n]), slices.Clone(t.nodes[n:])
	return upper, rest
}

// nodes is the compact range of all leaves.
func (v *view) nodes() []Hash {
	if v.tail.full() { // and not sealed yet
		upper := v.upper.clone()
		upper.add(v.tail.tree.nodes[0])
		return upper.nodes
	}
	return slices.Concat(v.upper.nodes, v.tail.tree.nodes)
}

// rootOf is the root at a size up to which the nodes reach.
func (v *view) rootOf(size int64, nodes []Hash) (Hash, bool) {
	if v.unknown > 0 && v.firstUnknown < size {
		return Hash{}, false
	}
	return rootOf(nodes...), true
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

// seal puts the tail, which is full, to the other chunks. The next one takes the
// memory of spare, if that is not nil.
func (v *view) seal(spare *chunk) {
	root := v.tail.tree.nodes[0]
	v.lastUpper = v.upper.clone()
	v.upper.add(root)
	v.chunks = append(v.chunks, chunkNode{v.tail.offset, root})
	v.tail = newChunk(v.tail.number+1, v.tail.next(), tree{}, spare)
}

// state is what a State holds of the view; next is the place in the file of the
// line behind it.
func (v *view) state(next int64) State {
	s := State{
		Size: v.size, Hashes: v.nodes(), Offset: next,
		First: v.first, FirstHashes: slices.Clone(v.firstNodes),
		Unknown: v.unknown, FirstUnknown: v.firstUnknown,
	}
	s.Root = rootOf(s.Hashes...)
	s.Aligned = v.tail.number * chunkSize
	switch n := len(v.chunks); {
	case v.tail.tree.size > 0:
		s.AlignedHashes, s.Offset = v.upper.nodes, v.tail.offset
	case n > 0: // the last chunk is read again, so that something is
		s.Aligned -= chunkSize
		s.AlignedHashes, s.Offset = v.lastUpper.nodes, v.chunks[n-1].offset
	}
	if s.Aligned <= v.first {
		s.Aligned, s.AlignedHashes = v.first, v.firstNodes
	}
	s.AlignedHashes = slices.Clone(s.AlignedHashes)
	return s
}
