// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
)

// WholeLog, as the size of a tree, stands for all leaves that the log has.
const WholeLog = -1

// Proof is an inclusion proof: that a leaf is in the tree with a root.
type Proof struct {
	// Index is the leaf's, Size the number of the tree's leaves.
	Index, Size int64
	// Leaf is what LeafHash is the hash of.
	Leaf []byte
	// LeafHash is the leaf's hash, Root the tree's root.
	LeafHash, Root Hash
	// Hashes is the audit path (RFC 6962, 2.1.1), from the leaf upwards.
	Hashes []Hash
}

// ConsistencyProof proves that a tree is the beginning of another.
type ConsistencyProof struct {
	// Size1 and Size2 are the numbers of the trees' leaves, the smaller first.
	Size1, Size2 int64
	// Root1 and Root2 are their roots.
	Root1, Root2 Hash
	// Hashes is the proof (RFC 6962, 2.1.2). It is empty if a size is 0 or both
	// are the same.
	Hashes []Hash
}

// Inclusion makes the proof that a leaf is among the first size leaves of the
// log at path, or among all that it has, for [WholeLog]. It reads the file once,
// up to there, and keeps some 120 hashes.
//
// It returns ctx's error if that is done before, an error that matches
// [ErrBeyond] if there are fewer leaves, one that matches [ErrUnknown] if the leaf
// is corrupt or the hash of another could not be read, and says otherwise why the
// file cannot be read. With ErrBeyond, the Proof's Size is how many leaves there
// are. A leaf whose hash is not that of its bytes counts, as in the registry's
// tree, with the hash that it declares.
func Inclusion(ctx context.Context, path string, index, size int64) (Proof, error) {
	if index < 0 || size != WholeLog && index >= size {
		return Proof{Size: size}, fmt.Errorf("leaf %d of %d: %w", index, size, ErrBeyond)
	}
	p := Proof{Index: index}
	r := newProofReader(siblings(index))
	err := r.read(ctx, path, size, func(leaf *treeLeaf) error { return p.addLeaf(leaf) })
	p.Size, p.Root = int64(r.tree.End()), r.tree.root()
	if err == nil && index >= p.Size {
		err = fmt.Errorf("leaf %d of %d: %w", index, p.Size, ErrBeyond)
	}
	if err != nil {
		return Proof{Size: p.Size}, err
	}
	nodes, err := proof.Inclusion(uint64(index), uint64(p.Size))
	if err != nil {
		return Proof{}, err
	}
	p.Hashes, err = r.hashes(nodes)
	return p, err
}

// siblings are the subtrees beside the path from a leaf to the root, in a tree of
// any size.
func siblings(index int64) []compact.NodeID {
	const levels = 63 // of a tree with as many leaves as an int64 counts
	ids := make([]compact.NodeID, levels)
	for level := range uint(levels) {
		ids[level] = compact.NewNodeID(level, uint64(index)>>level^1)
	}
	return ids
}

// addLeaf keeps the leaf that the proof is about.
func (p *Proof) addLeaf(leaf *treeLeaf) error {
	if leaf.index != p.Index {
		return nil
	}
	if leaf.fault != "" {
		return fmt.Errorf("%w: leaf %d is corrupt: %s", ErrUnknown, leaf.index, leaf.fault)
	}
	p.Leaf, p.LeafHash = bytes.Clone(leaf.data), leaf.hash
	return nil
}

// Consistency makes the proof that the first size1 leaves of the log at path
// are the beginning of the first size2. It reads and fails as [Inclusion] does.
func Consistency(ctx context.Context, path string, size1, size2 int64) (ConsistencyProof, error) {
	if size1 < 0 || size1 > size2 {
		return ConsistencyProof{}, fmt.Errorf("%d leaves of %d: %w", size1, size2, ErrBeyond)
	}
	nodes, err := proof.Consistency(uint64(size1), uint64(size2))
	if err != nil {
		return ConsistencyProof{}, err
	}
	r := newProofReader(nodes.IDs)
	root1 := emptyRoot
	err = r.read(ctx, path, size2, func(leaf *treeLeaf) error {
		if leaf.index+1 == size1 {
			root1 = r.tree.root()
		}
		return nil
	})
	if err != nil {
		return ConsistencyProof{}, err
	}
	hashes, err := r.hashes(nodes)
	return ConsistencyProof{Size1: size1, Size2: size2, Root1: root1, Root2: r.tree.root(), Hashes: hashes}, err
}

// Verify checks that the leaf's hash and the proof give the root.
func (p *Proof) Verify() error {
	if p.Index < 0 || p.Size < 0 {
		return errors.New("the inclusion proof is wrong: its index or its size is negative")
	}
	err := proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(p.Index), uint64(p.Size), p.LeafHash[:], slicesOf(p.Hashes), p.Root[:])
	if err != nil {
		return fmt.Errorf("the inclusion proof is wrong: %w", err)
	}
	return nil
}

// Verify checks that the proof gives both roots.
func (p *ConsistencyProof) Verify() error {
	if p.Size1 < 0 || p.Size2 < 0 {
		return errors.New("the consistency proof is wrong: a size is negative")
	}
	if p.Size1 == 0 && p.Root1 != emptyRoot {
		return errors.New("the consistency proof is wrong: a tree without leaves has another root")
	}
	err := proof.VerifyConsistency(rfc6962.DefaultHasher, uint64(p.Size1), uint64(p.Size2), slicesOf(p.Hashes), p.Root1[:], p.Root2[:])
	if err != nil {
		return fmt.Errorf("the consistency proof is wrong: %w", err)
	}
	return nil
}

func slicesOf(hashes []Hash) [][]byte {
	slices := make([][]byte, len(hashes))
	for i := range hashes {
		slices[i] = hashes[i][:]
	}
	return slices
}
