// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen

import (
	"bytes"
	"crypto/sha256"

	"github.com/transparency-dev/merkle/compact"
)

var ranges = compact.RangeFactory{Hash: hashChildren}

// tree is the Merkle tree over a log's leaves (RFC 6962, 2.1). It keeps only the roots
// of the complete subtrees.
type tree struct{ nodes *compact.Range }

func newTree() *tree { return &tree{ranges.NewEmptyRange(0)} }

// add appends the hashes of the next leaves, which are concatenated.
func (t *tree) add(hashes []byte) error {
	for ; len(hashes) > 0; hashes = hashes[sha256.Size:] {
		// The range keeps the slice.
		if err := t.nodes.Append(bytes.Clone(hashes[:sha256.Size]), nil); err != nil {
			return err
		}
	}
	return nil
}

func (t *tree) size() int64 { return int64(t.nodes.End()) } //nolint:gosec // a log has fewer than 2^63 leaves

func (t *tree) root() (root [sha256.Size]byte, err error) {
	if t.size() == 0 {
		return sha256.Sum256(nil), nil
	}
	hash, err := t.nodes.GetRootHash(nil)
	copy(root[:], hash)
	return root, err
}

func hashChildren(left, right []byte) []byte {
	node := [1 + 2*sha256.Size]byte{1}
	copy(node[1:], left)
	copy(node[1+sha256.Size:], right)
	hash := sha256.Sum256(node[:])
	return hash[:]
}

// hashLeaf returns the hash of a leaf (RFC 6962, 2.1).
func hashLeaf(leaf []byte) [sha256.Size]byte {
	return sha256.Sum256(append([]byte{0}, leaf...))
}
