// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"context"
	"errors"
)

// Proof is an inclusion proof: that a leaf is in the tree with a root.
type Proof struct {
	// Index is the leaf's, Size the tree's.
	Index, Size int64
	// LeafHash is the leaf's hash, Root the tree's root.
	LeafHash, Root Hash
	// Hashes is the audit path (RFC 6962, 2.1.1), from the leaf upwards.
	Hashes []Hash
}

// ConsistencyProof proves that a tree is the beginning of another.
type ConsistencyProof struct {
	// Size1 and Size2 are the trees' sizes, the smaller one first.
	Size1, Size2 int64
	// Root1 and Root2 are their roots.
	Root1, Root2 Hash
	// Hashes is the proof (RFC 6962, 2.1.2).
	Hashes []Hash
}

// Inclusion makes the proof for a leaf.
func Inclusion(ctx context.Context, path string, index, size int64) (Proof, error) {
	return Proof{}, errors.ErrUnsupported
}

// Consistency makes the proof for two sizes.
func Consistency(ctx context.Context, path string, size1, size2 int64) (ConsistencyProof, error) {
	return ConsistencyProof{}, errors.ErrUnsupported
}

// Verify checks the proof.
func (p *Proof) Verify() error { return errors.ErrUnsupported }

// Verify checks the proof.
func (p *ConsistencyProof) Verify() error { return errors.ErrUnsupported }
