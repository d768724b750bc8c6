// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import "slices"

// countedRecent is how many sizes back the roots of a countedTree are known, at least.
const countedRecent = 1024

// countedTree is the tree over the lines that a registry counts when it starts: all but
// those that it cannot parse. A registry that has started since a line was damaged
// signs its root. It is kept only where it differs from the tree over all lines.
type countedTree struct {
	active bool
	base   tree   // until countedRecent to twice that many leaves ago
	recent []Hash // the leaves after that
}

// start begins with the leaves of a tree.
func (c *countedTree) start(from tree) {
	*c = countedTree{active: true, base: from.clone(), recent: c.recent[:0]}
}

func (c *countedTree) stop() { *c = countedTree{} }

func (c *countedTree) add(hash Hash) {
	if len(c.recent) == 2*countedRecent {
		for _, old := range c.recent[:countedRecent] {
			c.base.add(old)
		}
		c.recent = append(c.recent[:0], c.recent[countedRecent:]...)
	}
	c.recent = append(c.recent, hash)
}

func (c *countedTree) size() int64 { return c.base.end() + int64(len(c.recent)) }

// treeAt is the tree over its first size leaves; ok is false if it is not known any more.
func (c *countedTree) treeAt(size int64) (t tree, ok bool) {
	if !c.active || size < c.base.end() || size > c.size() {
		return tree{}, false
	}
	t = c.base.clone()
	for _, hash := range c.recent[:size-c.base.end()] {
		t.add(hash)
	}
	return t, true
}

// clone is a countedTree that grows independently.
func (c *countedTree) clone() countedTree {
	if !c.active {
		return countedTree{}
	}
	return countedTree{active: true, base: c.base.clone(), recent: slices.Clone(c.recent)}
}
