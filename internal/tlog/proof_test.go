// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog_test

import (
	"context"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
)

func TestInclusion(t *testing.T) {
	const n = 35
	path := newLog(t, linesOf(0, n))
	hashes := hashesOf(n)
	for size := 1; size <= n; size++ {
		for index := range size {
			p, err := tlog.Inclusion(t.Context(), path, int64(index), int64(size))
			require.NoError(t, err)
			require.Equal(t, treeHash(hashes[:size]), p.Root)
			require.Equal(t, hashes[index], p.LeafHash)
			require.Equal(t, leafText(index), string(p.Leaf))
			require.Equal(t, int64(size), p.Size)
			require.True(t, slices.Equal(auditPath(index, hashes[:size]), p.Hashes), "leaf %d of %d", index, size)
			require.NoError(t, p.Verify())
			requireNoForgery(t, p)
		}
	}
}

func TestInclusionInTheWholeLog(t *testing.T) {
	lines := strings.SplitAfter(linesOf(0, 35), "\n")
	for size := 1; size < 35; size++ {
		path := newLog(t, strings.Join(lines[:size], "")+lines[size][:50]) // the last line is incomplete
		for index := range size {
			want, err := tlog.Inclusion(t.Context(), path, int64(index), int64(size))
			require.NoError(t, err)
			p, err := tlog.Inclusion(t.Context(), path, int64(index), tlog.WholeLog)
			require.NoError(t, err)
			require.Equal(t, want, p)
		}
		p, err := tlog.Inclusion(t.Context(), path, int64(size), tlog.WholeLog)
		require.ErrorIs(t, err, tlog.ErrBeyond)
		require.Equal(t, tlog.Proof{Size: int64(size)}, p)
		p, err = tlog.Inclusion(t.Context(), path, 0, int64(size+1))
		require.ErrorIs(t, err, tlog.ErrBeyond)
		require.Equal(t, int64(size), p.Size)
	}
	_, err := tlog.Inclusion(t.Context(), newLog(t, ""), 0, tlog.WholeLog)
	require.ErrorIs(t, err, tlog.ErrBeyond)
}

// requireNoForgery changes everything about a proof, one at a time.
func requireNoForgery(t *testing.T, good tlog.Proof) {
	t.Helper()
	for i := range good.Hashes {
		p := good
		p.Hashes = slices.Clone(good.Hashes)
		p.Hashes[i][31] ^= 1
		require.Error(t, p.Verify())
		p.Hashes = slices.Delete(slices.Clone(good.Hashes), i, i+1)
		require.Error(t, p.Verify())
	}
	p := good
	p.Hashes = append(slices.Clone(good.Hashes), tlog.Hash{})
	require.Error(t, p.Verify())
	p = good
	p.LeafHash[0] ^= 1
	require.Error(t, p.Verify())
	p = good
	p.Root[0] ^= 1
	require.Error(t, p.Verify())
	p = good
	p.Index = p.Size
	require.Error(t, p.Verify())
	p.Index = -1
	require.Error(t, p.Verify())
	p = good
	p.Size = -1
	require.Error(t, p.Verify())
}

func TestConsistency(t *testing.T) {
	const n = 35
	path := newLog(t, linesOf(0, n))
	hashes := hashesOf(n)
	for size2 := 0; size2 <= n; size2++ {
		for size1 := range size2 + 1 {
			p, err := tlog.Consistency(t.Context(), path, int64(size1), int64(size2))
			require.NoError(t, err)
			require.Equal(t, treeHash(hashes[:size1]), p.Root1)
			require.Equal(t, treeHash(hashes[:size2]), p.Root2)
			if size1 > 0 {
				require.True(t, slices.Equal(consistency(size1, hashes[:size2]), p.Hashes), "%d of %d", size1, size2)
			}
			require.NoError(t, p.Verify())
			for i := range p.Hashes {
				p.Hashes[i][0] ^= 1
				require.Error(t, p.Verify())
				p.Hashes[i][0] ^= 1
			}
			p.Root1[0] ^= 1
			require.Error(t, p.Verify())
		}
	}
	wrong := tlog.ConsistencyProof{Size1: -1}
	require.Error(t, wrong.Verify())
}

func TestProofsOfTheSample(t *testing.T) {
	data, _ := sampleHead(t)
	head, err := tlog.ParseHead(data)
	require.NoError(t, err)
	p, err := tlog.Inclusion(t.Context(), sampleLog, 300, head.Size)
	require.NoError(t, err)
	assert.Equal(t, head.Root, p.Root)
	require.NoError(t, p.Verify())
	c, err := tlog.Consistency(t.Context(), sampleLog, 300, head.Size)
	require.NoError(t, err)
	assert.Equal(t, head.Root, c.Root2)
	require.NoError(t, c.Verify())
}

func TestImpossibleProofs(t *testing.T) {
	path := newLog(t, linesOf(0, 10))
	for _, of := range [][2]int64{{-1, 5}, {5, 5}, {0, 0}, {3, 11}} {
		_, err := tlog.Inclusion(t.Context(), path, of[0], of[1])
		require.ErrorIs(t, err, tlog.ErrBeyond)
	}
	for _, of := range [][2]int64{{-1, 5}, {6, 5}, {3, 11}} {
		_, err := tlog.Consistency(t.Context(), path, of[0], of[1])
		require.ErrorIs(t, err, tlog.ErrBeyond)
	}
	_, err := tlog.Inclusion(t.Context(), path+"x", 1, 2)
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = tlog.Consistency(t.Context(), path+"x", 1, 2)
	require.ErrorIs(t, err, fs.ErrNotExist)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = tlog.Inclusion(ctx, path, 1, 2)
	require.ErrorIs(t, err, context.Canceled)
}

func TestProofsFromADamagedLog(t *testing.T) {
	// A leaf that was changed without its hash counts with that hash.
	path := newLog(t, linesOf(0, 3)+strings.Replace(linesOf(3, 4), hexOf("register"), hexOf("registry"), 1)+linesOf(4, 10))
	p, err := tlog.Inclusion(t.Context(), path, 5, 10)
	require.NoError(t, err)
	assert.Equal(t, rootOf(10), p.Root)
	_, err = tlog.Inclusion(t.Context(), path, 3, 10)
	require.ErrorIs(t, err, tlog.ErrUnknown)
	require.ErrorContains(t, err, "leaf 3")

	path = newLog(t, linesOf(0, 3)+"garbage\n"+linesOf(4, 10))
	_, err = tlog.Inclusion(t.Context(), path, 5, 10)
	require.ErrorIs(t, err, tlog.ErrUnknown)
	require.ErrorContains(t, err, "leaf 3")
	p, err = tlog.Inclusion(t.Context(), path, 1, 3)
	require.NoError(t, err)
	require.NoError(t, p.Verify())
}
