// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog_test

import (
	"crypto/sha256"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
)

// These functions are the definitions of RFC 6962, 2.1: slow and obvious.

// split is the largest power of two smaller than n.
func split(n int) int {
	k := 1
	for 2*k < n {
		k *= 2
	}
	return k
}

func hashChildren(left, right tlog.Hash) tlog.Hash {
	return sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
}

// treeHash is MTH(D[n]), of leaves that are hashed already.
func treeHash(leaves []tlog.Hash) tlog.Hash {
	switch n := len(leaves); n {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return leaves[0]
	default:
		k := split(n)
		return hashChildren(treeHash(leaves[:k]), treeHash(leaves[k:]))
	}
}

// auditPath is PATH(m, D[n]).
func auditPath(m int, leaves []tlog.Hash) []tlog.Hash {
	n := len(leaves)
	if n == 1 {
		return nil
	}
	k := split(n)
	if m < k {
		return append(auditPath(m, leaves[:k]), treeHash(leaves[k:]))
	}
	return append(auditPath(m-k, leaves[k:]), treeHash(leaves[:k]))
}

// consistency is PROOF(m, D[n]), for 0 < m <= n.
func consistency(m int, leaves []tlog.Hash) []tlog.Hash { return subProof(m, leaves, true) }

// subProof is SUBPROOF(m, D[n], b).
func subProof(m int, leaves []tlog.Hash, b bool) []tlog.Hash {
	n := len(leaves)
	if m == n {
		if b {
			return nil
		}
		return []tlog.Hash{treeHash(leaves)}
	}
	k := split(n)
	if m <= k {
		return append(subProof(m, leaves[:k], b), treeHash(leaves[k:]))
	}
	return append(subProof(m-k, leaves[k:], false), treeHash(leaves[:k]))
}
