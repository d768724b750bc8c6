// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"context"
	"errors"
	"fmt"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
)

// ConsistencyProof proves that a tree is the beginning of another.
type ConsistencyProof struct {
	// Size1 and Size2 are the numbers of leaves of the trees, the smaller first.
	Size1, Size2 int64
	// Root1 and Root2 are their roots.
	Root1, Root2 Hash
	// Hashes is the proof (RFC 6962, 2.1.2). It is empty if a size is 0 or both
	// are the same.
	Hashes []Hash
}

// Verify checks that the proof leads to both roots.
func (p *ConsistencyProof) Verify() error {
	if p.Size1 < 0 || p.Size2 < 0 {
		return errors.New("invalid consistency proof: a size is negative")
	}
	if p.Size1 == 0 && p.Root1 != emptyRoot {
		return errors.New("invalid consistency proof: a tree without leaves has another root")
	}
	err := proof.VerifyConsistency(rfc6962.DefaultHasher, uint64(p.Size1), uint64(p.Size2), slicesOf(p.Hashes), p.Root1[:], p.Root2[:])
	if err != nil {
		return fmt.Errorf("invalid consistency proof: %w", err)
	}
	return nil
}

// Consistency makes the proof that the first size1 leaves of the log at path
// are the beginning of the first size2. It reads and fails as [Inclusion] does.
func Consistency(ctx context.Context, path string, size1, size2 int64) (ConsistencyProof, error) {
	if size1 < 0 || size1 > size2 {
		return ConsistencyProof{}, fmt.Errorf("%d leaves of %d: %w", size1, size2, ErrBeyond)
	}
	nodes, err := proof.Consistency(unsigned(size1), unsigned(size2))
	if err != nil {
		return ConsistencyProof{}, err
	}
	r := newProofReader(nodes.IDs)
	root1 := emptyRoot
	err = r.read(ctx, path, size2, func(read *treeLeaf) error {
		if read.number+1 == size1 {
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
