// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
)

// collector builds a tree and keeps the nodes that a proof is made of.
type collector struct {
	tree  tree
	nodes map[compact.NodeID]Hash // the ones that are wanted
}

func newCollector(ids []compact.NodeID) *collector {
	c := &collector{tree: newTree(0), nodes: make(map[compact.NodeID]Hash, len(ids))}
	for _, id := range ids {
		c.nodes[id] = Hash{}
	}
	return c
}

// read reads the first size leaves of the file, and shows each of them.
func (c *collector) read(ctx context.Context, path string, size int64, see func(*walked) error) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("transparency log: %w", err)
	}
	defer file.Close()
	var w walker
	w.reset(file, 0, 0)
	for w.place < size {
		if w.place%chunkSize == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		step, err := w.next()
		switch {
		case errors.Is(err, io.EOF):
			return fmt.Errorf("%s has %d leaves, not %d: %w", path, w.place, size, ErrBeyond)
		case err != nil:
			return fmt.Errorf("transparency log: %w", err)
		case step.stray:
			continue
		case !step.known:
			return fmt.Errorf("%s, leaf %d: %s: %w", path, step.index, step.fault, ErrUnknown)
		}
		c.tree.addSeen(step.hash, c.see)
		if err := see(&step); err != nil {
			return err
		}
	}
	return nil
}

// see is shown every subtree that becomes complete, leaves included.
func (c *collector) see(id compact.NodeID, hash []byte) {
	if _, wanted := c.nodes[id]; wanted {
		c.nodes[id] = Hash(hash)
	}
}

// hashes are those of the proof.
func (c *collector) hashes(nodes proof.Nodes) ([]Hash, error) {
	all := make([][]byte, len(nodes.IDs))
	for i, id := range nodes.IDs {
		hash := c.nodes[id]
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
