// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"crypto/sha256"
	"math/bits"
	"slices"
)

// emptyRoot is the root of a tree without leaves: the hash of nothing.
var emptyRoot = Hash(sha256.Sum256(nil))

// hashNode is the hash of the node above two others.
func hashNode(left, right Hash) Hash {
	var node [1 + 2*sha256.Size]byte
	node[0] = nodePrefix
	copy(node[1:], left[:])
	copy(node[1+sha256.Size:], right[:])
	return sha256.Sum256(node[:])
}

// tree is a compact range [0, size): the roots of the perfect subtrees that the
// first size nodes of some level make up, from left to right. That is all it
// takes to go on, and to know the root. The zero value is empty.
type tree struct {
	size  uint64
	nodes []Hash
}

// add puts a node behind the others.
func (t *tree) add(node Hash) { t.addSeen(node, nil) }

// addSeen is add with a function that is shown every subtree that becomes
// complete: its level, with 0 for the node itself, and its index there.
func (t *tree) addSeen(node Hash, see func(level uint, index uint64, hash Hash)) {
	if see != nil {
		see(0, t.size, node)
	}
	// Each one bit at the end of the size is a subtree that becomes complete.
	n := len(t.nodes)
	for level := uint(0); t.size>>level&1 == 1; level++ {
		n--
		node = hashNode(t.nodes[n], node)
		if see != nil {
			see(level+1, t.size>>(level+1), node)
		}
	}
	t.nodes = append(t.nodes[:n], node)
	t.size++
}

func (t *tree) clone() tree {
	return tree{size: t.size, nodes: slices.Clone(t.nodes)}
}

// treeOf is the tree with these nodes; ok is false if there are too few or too
// many of them.
func treeOf(size uint64, nodes []Hash) (t tree, ok bool) {
	if onesIn(size) != len(nodes) {
		return tree{}, false
	}
	return tree{size: size, nodes: slices.Clone(nodes)}, true
}

// onesIn is how many perfect subtrees a tree of this size is made of.
func onesIn(size uint64) int { return bits.OnesCount64(size) }

// rootOf is the root of the tree made of these perfect subtrees.
func rootOf(nodes ...Hash) Hash {
	if len(nodes) == 0 {
		return emptyRoot
	}
	root := nodes[len(nodes)-1]
	for _, node := range slices.Backward(nodes[:len(nodes)-1]) {
		root = hashNode(node, root)
	}
	return root
}
