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

// WholeLog is the size of a tree over all leaves that the log has.
const WholeLog = -1

// Proof is an inclusion proof: it proves that a leaf is in the tree with a root.
type Proof struct {
	// Index is that of the leaf, Size the number of leaves of the tree.
	Index, Size int64
	// Leaf is the leaf itself. Verify does not use it.
	Leaf []byte
	// LeafHash is the hash of the leaf, Root the root of the tree.
	LeafHash, Root Hash
	// Hashes is the audit path (RFC 6962, 2.1.1), from the leaf upwards.
	Hashes []Hash
}

// Verify checks that the proof leads from the leaf's hash to the root.
func (p *Proof) Verify() error {
	if p.Index < 0 || p.Size < 0 {
		return errors.New("invalid inclusion proof: its index or its size is negative")
	}
	err := proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(p.Index), uint64(p.Size), p.LeafHash[:], slicesOf(p.Hashes), p.Root[:])
	if err != nil {
		return fmt.Errorf("invalid inclusion proof: %w", err)
	}
	return nil
}

// Inclusion makes the proof that a leaf is among the first size leaves of the log
// at path, or among all leaves, for [WholeLog]. It reads the file once, up to there,
// and keeps some 120 hashes in memory. The path is that of leaves.jsonl.
//
// The error is ctx's if that is done first. It matches [ErrBeyond] if the log has
// fewer leaves; the Proof's Size is then their number. It matches [ErrUnknown] if the
// leaf is corrupt, or the hash of another cannot be read. Any other says that the
// file cannot be read. Another leaf whose hash is not that of its bytes counts with
// the hash that it declares, as in the registry's tree.
func Inclusion(ctx context.Context, path string, index, size int64) (Proof, error) {
	if index < 0 || size != WholeLog && index >= size {
		return Proof{Size: size}, fmt.Errorf("leaf %d of %d: %w", index, size, ErrBeyond)
	}
	p := Proof{Index: index}
	r := newProofReader(siblings(index))
	err := r.read(ctx, path, size, p.addLeaf)
	p.Size, p.Root = r.tree.end(), r.tree.root()
	if err == nil && index >= p.Size {
		err = fmt.Errorf("leaf %d of %d: %w", index, p.Size, ErrBeyond)
	}
	if err != nil {
		return Proof{Size: p.Size}, err
	}
	nodes, err := proof.Inclusion(unsigned(index), unsigned(p.Size))
	if err != nil {
		return Proof{}, err
	}
	p.Hashes, err = r.hashes(nodes)
	return p, err
}

// siblings are the nodes beside the path from a leaf to the root, in a tree of any
// size.
func siblings(index int64) []compact.NodeID {
	const levels = 63 // of a tree with as many leaves as an int64 counts
	ids := make([]compact.NodeID, levels)
	for level := range uint(levels) {
		ids[level] = compact.NewNodeID(level, unsigned(index)>>level^1)
	}
	return ids
}

// addLeaf keeps the leaf that the proof is about.
func (p *Proof) addLeaf(read *treeLeaf) error {
	if read.number != p.Index {
		return nil
	}
	if read.fault != "" {
		return fmt.Errorf("%w: leaf %d is corrupt: %s", ErrUnknown, read.number, read.fault)
	}
	p.Leaf, p.LeafHash = bytes.Clone(read.data), read.hash
	return nil
}
