// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
)

// proofReader builds the tree over a file and keeps the nodes that a proof consists
// of.
type proofReader struct {
	tree  tree
	nodes map[compact.NodeID]Hash // those that are wanted
}

func newProofReader(wanted []compact.NodeID) *proofReader {
	r := &proofReader{tree: newTree(0), nodes: make(map[compact.NodeID]Hash, len(wanted))}
	for _, id := range wanted {
		r.nodes[id] = Hash{}
	}
	return r
}

// read reads the first size leaves of the file, or all of them for [WholeLog], and
// calls onLeaf for each.
func (r *proofReader) read(ctx context.Context, path string, size int64, onLeaf func(*treeLeaf) error) error {
	file, _, err := openRegular(path)
	if err != nil {
		return fmt.Errorf("transparency log: %w", err)
	}
	defer file.Close()
	var reader leafReader
	reader.reset(file, 0, 0)
	for size == WholeLog || reader.nextLeaf < size {
		if reader.nextLeaf%ChunkSize == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		next, err := reader.next(ctx)
		switch {
		case errors.Is(err, io.EOF) && size == WholeLog:
			return nil
		case errors.Is(err, io.EOF):
			return fmt.Errorf("%s has %d leaves, not %d: %w", path, reader.nextLeaf, size, ErrBeyond)
		case errors.Is(err, errInterrupted):
			return ctx.Err()
		case err != nil:
			return fmt.Errorf("transparency log: %w", err)
		case !next.hashKnown:
			return fmt.Errorf("%s, leaf %d: %s: %w", path, next.number, next.fault, ErrUnknown)
		}
		r.tree.addVisiting(next.hash, r.visit)
		if err := onLeaf(&next); err != nil {
			return err
		}
	}
	return nil
}

// visit is called for every perfect subtree, leaves included.
func (r *proofReader) visit(id compact.NodeID, hash []byte) {
	if _, wanted := r.nodes[id]; wanted {
		r.nodes[id] = Hash(hash)
	}
}

// hashes returns those of the proof, which are nodes that were wanted and nodes of
// the compact range of the whole tree.
func (r *proofReader) hashes(nodes proof.Nodes) ([]Hash, error) {
	for i, id := range compact.RangeNodes(0, r.tree.End(), nil) {
		r.nodes[id] = Hash(r.tree.Hashes()[i])
	}
	all := make([][]byte, len(nodes.IDs))
	for i, id := range nodes.IDs {
		hash := r.nodes[id]
		all[i] = hash[:]
	}
	all, err := nodes.Rehash(all, ranges.Hash)
	if err != nil {
		return nil, err
	}
	hashes := make([]Hash, len(all))
	for i := range all {
		hashes[i] = Hash(all[i])
	}
	return hashes, nil
}
