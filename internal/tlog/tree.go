// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"crypto/sha256"
	"slices"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog/leaf"
)

// Hash is the hash of a leaf or of another node of the tree.
type Hash = leaf.Hash

// emptyRoot is the root of a tree without leaves: the hash of nothing.
var emptyRoot = Hash(rfc6962.DefaultHasher.EmptyRoot())

// ranges makes the compact ranges, which must all be of the same factory.
var ranges = &compact.RangeFactory{Hash: hashChildren}

// hashChildren is HashChildren of the library's hasher, which creates a hash.Hash
// each time: three allocations instead of one, and 1.5 times the time.
func hashChildren(left, right []byte) []byte {
	var node [1 + 2*sha256.Size]byte
	node[0] = rfc6962.RFC6962NodeHashPrefix
	copy(node[1:], left)
	copy(node[1+sha256.Size:], right)
	hash := sha256.Sum256(node[:])
	return hash[:]
}

// tree is a compact range of leaves: the roots of the perfect subtrees over them,
// from left to right. That is enough to add leaves and, if the range begins with the
// first leaf, to compute the root. The zero value must not be used.
//
// Trees share the memory of hashes, which is never written to, but not the slices
// that hold them. A copy of a tree is the same tree; see clone.
type tree struct{ *compact.Range }

// newTree is a tree without leaves. The first to be added has this index.
func newTree(begin uint64) tree { return tree{ranges.NewEmptyRange(begin)} }

// treeOf is the tree with these hashes over the leaves [begin, end). The error says
// that there are too few or too many of them.
func treeOf(begin, end uint64, hashes []Hash) (tree, error) {
	r, err := ranges.NewRange(begin, end, slicesOf(slices.Clone(hashes)))
	return tree{r}, err
}

// splitTree splits the tree with these hashes over the leaves [0, index) into one
// over the complete chunks and one over the rest. ok is false if there are too few or
// too many hashes.
func splitTree(index int64, hashes []Hash) (upper, rest tree, ok bool) {
	if index < 0 {
		return tree{}, tree{}, false
	}
	end := uint64(index)
	aligned := end - end%ChunkSize
	n := min(compact.RangeSize(0, aligned), len(hashes))
	upper, upperErr := treeOf(0, aligned, hashes[:n])
	rest, restErr := treeOf(aligned, end, hashes[n:])
	return upper, rest, upperErr == nil && restErr == nil
}

// add adds a leaf after the others.
func (t tree) add(hash Hash) { t.addVisiting(hash, nil) }

// addVisiting is add with a function that is called for every subtree that becomes
// complete, the leaf included. The range keeps the slice that it is given; this one is
// of a copy.
func (t tree) addVisiting(hash Hash, visit compact.VisitFn) { must(t.Append(hash[:], visit)) }

// join adds the leaves of the next tree after the others.
func (t tree) join(next tree) { must(t.AppendRange(next.Range, nil)) }

// joinChunk adds a complete chunk with this root.
func (t tree) joinChunk(root Hash) {
	chunk, err := treeOf(t.End(), t.End()+ChunkSize, []Hash{root})
	must(err)
	t.join(chunk)
}

// clone is a tree that grows independently.
func (t tree) clone() tree {
	copied := newTree(t.Begin())
	copied.join(t)
	return copied
}

// with is join into a new tree.
func (t tree) with(next tree) tree {
	joined := t.clone()
	joined.join(next)
	return joined
}

// end is the index after the last leaf.
func (t tree) end() int64 {
	return int64(t.End()) //nolint:gosec // indexes come from an int64
}

// unsigned converts an index or a size, which must not be negative.
func unsigned(n int64) uint64 {
	return uint64(n) //nolint:gosec // the callers have checked it
}

func (t tree) empty() bool { return t.End() == t.Begin() }

// full reports whether the tree ends at the end of a chunk.
func (t tree) full() bool { return !t.empty() && t.End()%ChunkSize == 0 }

// top is the root of the first perfect subtree. The tree over a complete chunk has
// only one.
func (t tree) top() Hash { return Hash(t.Hashes()[0]) }

// root is the root of a tree that begins with the first leaf.
func (t tree) root() Hash {
	root, err := t.GetRootHash(nil)
	must(err)
	if root == nil {
		return emptyRoot
	}
	return Hash(root)
}

// hashes are copies of the tree's hashes; nil if there are none.
func (t tree) hashes() []Hash {
	var hashes []Hash
	for _, hash := range t.Hashes() {
		hashes = append(hashes, Hash(hash))
	}
	return hashes
}

// must panics on an error that only a mistake in this package can cause: operations
// fail on ranges that are not adjacent or lack hashes, and treeOf has counted these.
func must(err error) {
	if err != nil {
		panic("transparency log: " + err.Error())
	}
}

func slicesOf(hashes []Hash) [][]byte {
	slices := make([][]byte, len(hashes))
	for i := range hashes {
		slices[i] = hashes[i][:]
	}
	return slices
}
