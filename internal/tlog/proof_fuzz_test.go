// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog_test

import (
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
)

// pathRoot is the root that an audit path gives, by the definition of PATH; ok
// is false for a path of another length.
func pathRoot(m, n int64, leaf tlog.Hash, path []tlog.Hash) (root tlog.Hash, ok bool) {
	if n == 1 || len(path) == 0 {
		return leaf, n == 1 && len(path) == 0
	}
	k := split64(n)
	last := path[len(path)-1]
	if m < k {
		root, ok = pathRoot(m, k, leaf, path[:len(path)-1])
		return hashChildren(root, last), ok
	}
	root, ok = pathRoot(m-k, n-k, leaf, path[:len(path)-1])
	return hashChildren(last, root), ok
}

// proofRoots are the roots of both trees that a consistency proof gives, by the
// definition of SUBPROOF.
func proofRoots(m, n int64, b bool, root1 tlog.Hash, path []tlog.Hash) (old, now tlog.Hash, ok bool) {
	if m == n {
		if b {
			return root1, root1, len(path) == 0
		}
		if len(path) != 1 {
			return old, now, false
		}
		return path[0], path[0], true
	}
	if len(path) == 0 {
		return old, now, false
	}
	k := split64(n)
	last := path[len(path)-1]
	if m <= k {
		old, now, ok = proofRoots(m, k, b, root1, path[:len(path)-1])
		return old, hashChildren(now, last), ok
	}
	old, now, ok = proofRoots(m-k, n-k, false, root1, path[:len(path)-1])
	return hashChildren(last, old), hashChildren(last, now), ok
}

// split64 is split for any size.
func split64(n int64) int64 {
	k := int64(1)
	for k < n-k {
		k *= 2
	}
	return k
}

// cutHashes splits bytes into hashes; the rest is ignored.
func cutHashes(data []byte) (hashes []tlog.Hash) {
	for ; len(data) >= sha256.Size; data = data[sha256.Size:] {
		hashes = append(hashes, tlog.Hash(data[:sha256.Size]))
	}
	return hashes
}

func joined(hashes []tlog.Hash) (data []byte) {
	for _, hash := range hashes {
		data = append(data, hash[:]...)
	}
	return data
}

// FuzzInclusion compares Verify with the definition. Every input is also tried with the
// root that its path leads to, since random roots never match.
func FuzzInclusion(f *testing.F) {
	hashes := hashesOf(21)
	for index := range 21 {
		f.Add(int64(index), int64(21), joined(hashes[index:index+1]), joined(auditPath(index, hashes)), joined([]tlog.Hash{treeHash(hashes)}))
	}
	f.Fuzz(func(t *testing.T, index, size int64, leaf, path, root []byte) {
		p := tlog.Proof{Index: index, Size: size, Hashes: cutHashes(path)}
		copy(p.LeafHash[:], leaf)
		copy(p.Root[:], root)
		if index < 0 || index >= size {
			require.Error(t, p.Verify())
			return
		}
		want, ok := pathRoot(index, size, p.LeafHash, p.Hashes)
		require.Equal(t, ok && want == p.Root, p.Verify() == nil)
		p.Root = want
		require.Equal(t, ok, p.Verify() == nil)
	})
}

// FuzzConsistency does the same for consistency proofs.
func FuzzConsistency(f *testing.F) {
	hashes := hashesOf(21)
	for size := 1; size <= 21; size++ {
		f.Add(int64(size), int64(21), joined([]tlog.Hash{treeHash(hashes[:size])}), joined(consistency(size, hashes)), joined([]tlog.Hash{treeHash(hashes)}))
	}
	f.Fuzz(func(t *testing.T, size1, size2 int64, root1, path, root2 []byte) {
		p := tlog.ConsistencyProof{Size1: size1, Size2: size2, Hashes: cutHashes(path)}
		copy(p.Root1[:], root1)
		copy(p.Root2[:], root2)
		if size1 < 0 || size1 > size2 {
			require.Error(t, p.Verify())
			return
		}
		if size1 == 0 {
			return // RFC 6962 defines no proof for that
		}
		old, now, ok := proofRoots(size1, size2, true, p.Root1, p.Hashes)
		require.Equal(t, ok && old == p.Root1 && now == p.Root2, p.Verify() == nil)
		p.Root1, p.Root2 = old, now
		if old, now, ok = proofRoots(size1, size2, true, p.Root1, p.Hashes); ok {
			require.Equal(t, old == p.Root1 && now == p.Root2, p.Verify() == nil)
		}
	})
}
