// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

func TestAdvance(t *testing.T) {
	for _, n := range []int{0, 1, 2, 255, 256, 257, 511, 512, 513, 1000} {
		path := newLog(t, linesOf(0, n))
		f := follow(t, path, tlog.State{})
		f.advance()
		f.requireIntact(n)
		assert.Equal(t, indexes(0, n), f.leaves)
		appendTo(t, path, linesOf(n, n+300))
		f.advance()
		f.requireIntact(n + 300)
		assert.Equal(t, indexes(0, n+300), f.leaves)

		again := f.restart()
		assert.Equal(t, f.Size(), again.Size(), "before anything is read")
		again.advance()
		again.requireIntact(n + 300)
		appendTo(t, path, linesOf(n+300, n+310))
		again.advance()
		again.requireIntact(n + 310)
		assert.Equal(t, indexes(n+300, n+310), again.leaves)
	}
}

func TestPartialLines(t *testing.T) {
	path := newLog(t, linesOf(0, 2))
	f := follow(t, path, tlog.State{})
	f.advance()
	line := linesOf(2, 3)
	for i := range len(line) - 1 {
		appendTo(t, path, line[i:i+1])
		f.advance()
		require.Equal(t, int64(2), f.Size())
	}
	appendTo(t, path, line[len(line)-1:])
	f.advance()
	f.requireIntact(3)

	// A registry cuts off an incomplete line when it starts.
	appendTo(t, path, linesOf(3, 5)+"half a line of some length, longer than the next one is, for sure; "+strings.Repeat("x", 500))
	require.NoError(t, f.Advance(t.Context(), 4))
	require.NoError(t, os.Truncate(path, int64(len(linesOf(0, 5)))))
	appendTo(t, path, linesOf(5, 7))
	f.advance()
	f.requireIntact(7)
}

// A line that is too long is one corrupt leaf, once it is complete.
func TestVeryLongLine(t *testing.T) {
	path := newLog(t, linesOf(0, 2)+strings.Repeat("x", 17<<20))
	f := followDamaged(t, path, tlog.State{})
	f.advance()
	require.Equal(t, int64(2), f.Size())
	appendTo(t, path, "\n"+linesOf(3, 5))
	f.advance()
	require.Equal(t, int64(5), f.Size())
	findings := f.Findings()
	require.Len(t, findings, 1)
	assert.Equal(t, []int64{2, 2}, []int64{findings[0].First, findings[0].Last})
	assert.Contains(t, findings[0].Reason, "longer than")
	f.requireLeaf(4)
}

// Advance reads as many leaves as are wanted, and no more.
func TestAdvanceToSize(t *testing.T) {
	f := follow(t, newLog(t, linesOf(0, 600)), tlog.State{})
	for _, size := range []int{0, 1, 100, 256, 257, 599} {
		require.NoError(t, f.Advance(t.Context(), int64(size)))
		assert.Equal(t, int64(size), f.Size())
		assert.False(t, f.AtEnd())
	}
	require.NoError(t, f.Advance(t.Context(), 100))
	assert.Equal(t, int64(599), f.Size())
	f.advance()
	f.requireIntact(600)
}

// A context that is done is not an error, and every call makes progress.
func TestExpiredContext(t *testing.T) {
	path := newLog(t, linesOf(0, 1000))
	f := follow(t, path, tlog.State{})
	done, cancel := context.WithCancel(t.Context())
	cancel()
	for n := 0; !f.AtEnd(); n++ {
		require.Less(t, n, 10)
		require.NoError(t, f.Advance(done, everything))
	}
	f.requireIntact(1000)

	again := f.restart()
	require.NoError(t, again.Advance(done, everything))
	again.requireReverification(tlog.ReverifyRestart, 0, 768)
	_, err := again.Lookup(context.Background(), 300)
	require.ErrorIs(t, err, tlog.ErrUnknown)
	_, err = again.RootAt(300)
	require.ErrorIs(t, err, tlog.ErrUnknown)
	again.requireLeaf(800)

	finished, err := again.Reverify(done)
	require.NoError(t, err)
	assert.False(t, finished)
	again.requireReverification(tlog.ReverifyRestart, 256, 768)
	again.requireLeaf(200)
	_, err = again.Lookup(context.Background(), 300)
	require.ErrorIs(t, err, tlog.ErrUnknown)
	for n := 0; !finished; n++ {
		require.Less(t, n, 10)
		finished, err = again.Reverify(done)
		require.NoError(t, err)
	}
	again.advance()
	again.requireIntact(1000)
}

func TestUnreadableFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "leaves.jsonl")
	f := follow(t, path, tlog.State{})
	require.ErrorIs(t, f.Advance(t.Context(), everything), fs.ErrNotExist)
	assert.False(t, f.AtEnd())
	require.NoError(t, os.Mkdir(path, 0o700))
	require.ErrorContains(t, f.Advance(t.Context(), everything), path)
	require.NoError(t, os.Remove(path))
	overwrite(t, path, linesOf(0, 3))
	f.advance()
	f.requireIntact(3)

	again := f.restart()
	require.NoError(t, os.Remove(path))
	require.ErrorIs(t, again.Advance(t.Context(), everything), fs.ErrNotExist)
	assert.Equal(t, int64(3), again.Size())
	assert.Equal(t, f.State(), again.State())
	_, err := again.Lookup(context.Background(), 2)
	require.ErrorIs(t, err, tlog.ErrUnknown)
	_, err = again.Lookup(context.Background(), 3)
	require.ErrorIs(t, err, tlog.ErrBeyond)
	root, known := again.Root()
	assert.True(t, known)
	assert.Equal(t, rootOf(3), root)
}

func TestDeletionAndReturn(t *testing.T) {
	path := newLog(t, linesOf(0, 700))
	f := follow(t, path, tlog.State{})
	f.advance()
	require.NoError(t, os.Rename(path, path+".old"))
	require.ErrorIs(t, f.Advance(t.Context(), everything), fs.ErrNotExist)
	f.requireLeaf(3)
	require.NoError(t, os.Rename(path+".old", path))
	f.advance()
	f.requireIntact(700)
	require.NoError(t, os.Remove(path))
	require.Error(t, f.Advance(t.Context(), everything))
	overwrite(t, path, linesOf(0, 800))
	f.advance()
	f.requireIntact(800)
	assert.Equal(t, indexes(0, 800), f.leaves)
}

func TestReplacementByTheSame(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, path string){
		"replaced":          func(t *testing.T, path string) { replace(t, path, linesOf(0, 700)) },
		"replaced, longer":  func(t *testing.T, path string) { replace(t, path, linesOf(0, 800)) },
		"written over":      func(t *testing.T, path string) { overwrite(t, path, linesOf(0, 700)) },
		"in another form":   func(t *testing.T, path string) { replace(t, path, strings.ReplaceAll(linesOf(0, 700), ": ", ":")) },
		"with longer lines": func(t *testing.T, path string) { replace(t, path, strings.ReplaceAll(linesOf(0, 700), ": ", ":  ")) },
	} {
		t.Run(name, func(t *testing.T) {
			path := newLog(t, linesOf(0, 700))
			f := follow(t, path, tlog.State{})
			f.advance()
			change(t, path)
			again := f.restart()
			f.advance()
			size := int(f.Size())
			f.requireIntact(size)
			assert.Equal(t, indexes(0, size), f.leaves)
			again.advance()
			again.requireIntact(size)
			assert.Equal(t, indexes(700, size), again.leaves)
		})
	}
}

// A file that is replaced before it was read to its end has the same leaves and more.
func TestReplacementWhileBehind(t *testing.T) {
	path := newLog(t, linesOf(0, 300))
	f := follow(t, path, tlog.State{})
	require.NoError(t, f.Advance(t.Context(), 100))
	replace(t, path, linesOf(0, 500))
	f.advance()
	assert.Equal(t, indexes(0, 500), f.leaves)
	f.requireIntact(500)
}

// Public registries never rotate their log: a file that begins where the one before
// ended lacks leaves.
func TestRotationIsRewriting(t *testing.T) {
	for _, n := range []int{1, 255, 256, 600, 768} {
		path := newLog(t, linesOf(0, n))
		f := follow(t, path, tlog.State{})
		f.advance()
		down := f.restart() // it never sees the old file
		replace(t, path, beaconLine(n, n)+beaconLine(n+1, n+1))
		for _, f := range []*follower{f, down} {
			f.anyLeaf = true
			f.advance()
			found := f.Findings()
			rewritten := found[len(found)-1]
			assert.Equal(t, translator.IntegrityLogRewritten, rewritten.Kind)
			assert.Equal(t, int64(n), rewritten.Size)
			assert.Equal(t, rootOf(n), rewritten.ExpectedRoot)
			// The rows of the leaves that are there are compared with them. Those of the
			// others cannot be.
			mismatch, err := f.Compare(rowOf(n+1, n+1))
			require.NoError(t, err)
			assert.Empty(t, mismatch)
			_, err = f.Compare(rowOf(n-1, n-1))
			require.ErrorIs(t, err, tlog.ErrUnknown)
			f.advance()
			assert.Empty(t, f.Findings(), "one finding for a state")
		}
	}
}
