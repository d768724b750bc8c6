// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
)

// session is a log that changes, and a Log that follows it.
type session struct {
	t       *testing.T
	random  *rand.Rand
	f       *follower
	size    int // complete lines that were written
	part    int // bytes written of the next line
	earlier []int64
	stopped context.Context
}

// TestRandomInterleavings does in random order what may happen to an undamaged log,
// and compares the result with the file.
func TestRandomInterleavings(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			stopped, cancel := context.WithCancel(t.Context())
			cancel()
			s := &session{
				t: t, random: rand.New(rand.NewPCG(seed, 0)), stopped: stopped,
				f: follow(t, newLog(t, ""), tlog.State{}),
			}
			for range 60 {
				s.act()
			}
			s.f.advance()
			s.f.requireIntact(s.size)
			assert.Equal(t, indexes(0, s.size), s.leaves())
		})
	}
}

// act does one thing.
func (s *session) act() {
	path := s.f.path
	switch s.random.IntN(11) {
	case 0, 1:
		s.write(s.random.IntN(20))
	case 2:
		s.write(s.random.IntN(600))
	case 3:
		line := linesOf(s.size, s.size+1)
		more := s.random.IntN(len(line) - s.part)
		appendTo(s.t, path, line[s.part:s.part+more])
		s.part += more
	case 4:
		require.NoError(s.t, s.f.Advance(s.stopped, everything))
	case 5:
		require.NoError(s.t, s.f.Advance(s.t.Context(), int64(s.random.IntN(s.size+2))))
	case 6:
		_, err := s.f.Reverify(s.stopped)
		require.NoError(s.t, err)
	case 7:
		s.lookUp()
	case 8:
		s.earlier = s.leaves()
		s.f = s.f.restart()
	case 9:
		replace(s.t, path, linesOf(0, s.size))
		s.part = 0
	case 10: // a partial line is removed, as when a registry starts
		require.NoError(s.t, os.Truncate(path, int64(len(linesOf(0, s.size)))))
		s.part = 0
	}
}

// write appends n leaves.
func (s *session) write(n int) {
	text := linesOf(s.size, s.size+n)
	if n > 0 {
		appendTo(s.t, s.f.path, strings.TrimPrefix(text, linesOf(s.size, s.size+1)[:s.part]))
		s.part = 0
	}
	s.size += n
}

// lookUp makes sure that a random leaf and root are right.
func (s *session) lookUp() {
	require.LessOrEqual(s.t, s.f.Size(), int64(s.size))
	if s.f.Size() == 0 {
		return
	}
	index := s.random.Int64N(s.f.Size())
	if _, err := s.f.Lookup(context.Background(), index); err != nil {
		require.ErrorIs(s.t, err, tlog.ErrUnknown)
	} else {
		s.f.requireLeaf(int(index))
	}
	if root, err := s.f.RootAt(index); err != nil {
		require.ErrorIs(s.t, err, tlog.ErrUnknown)
	} else {
		require.Equal(s.t, rootOf(int(index)), root)
	}
	root, known := s.f.Root()
	require.True(s.t, known)
	require.Equal(s.t, rootOf(int(s.f.Size())), root)
}

// leaves are those for which OnLeaf was called, also before restarts.
func (s *session) leaves() []int64 {
	return slices.Concat(s.earlier, s.f.leaves)
}
