// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// day is the interval of the scheduled verification in these tests.
const day = 24 * time.Hour

// clock is a clock that a test sets.
type clock struct{ now time.Time }

func (c *clock) pass(d time.Duration) { c.now = c.now.Add(d) }

// followDaily is follow with a scheduled verification.
func followDaily(t *testing.T, path string, state tlog.State) (*follower, *clock) {
	c := &clock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	f := followWith(t, tlog.Settings{
		Path: path, State: state, ReverifyEvery: day, Now: func() time.Time { return c.now },
	})
	return f, c
}

func (f *follower) requireReverification(cause tlog.ReverifyCause, from, to int64) {
	f.t.Helper()
	current, ok := f.Reverification()
	require.True(f.t, ok)
	require.Equal(f.t, cause, current.Cause)
	require.Equal(f.t, []int64{from, to}, []int64{current.From, current.To})
}

func (f *follower) requireNoReverification() {
	f.t.Helper()
	_, ok := f.Reverification()
	require.False(f.t, ok)
}

// expired is a context that is done.
func expired() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// editLeaf300 changes a leaf in its place, with its hash.
func editLeaf300(t *testing.T, path string) {
	t.Helper()
	writeOver(t, path, lineOf(300, leafText(300)), lineOf(300, strings.Replace(leafText(300), "ocsp", "ocsq", 1)))
}

func TestScheduledReverificationOfAnUntouchedLog(t *testing.T) {
	path := newLog(t, linesOf(0, 900))
	f, clock := followDaily(t, path, tlog.State{})
	f.advance()
	for range 3 {
		clock.pass(day - time.Second)
		f.advance()
		f.requireNoReverification()
		clock.pass(time.Second)
		require.NoError(t, f.Advance(t.Context(), everything))
		f.requireReverification(tlog.ReverifyScheduled, 0, 768)
		current, _ := f.Reverification()
		assert.Equal(t, clock.now, current.Started)
		f.advance()
		f.requireNoReverification()
	}
	f.requireIntact(900)
	assert.Equal(t, indexes(0, 900), f.leaves)
}

// Reverify begins it as well as Advance, and while leaves are appended.
func TestScheduledReverificationOfAGrowingLog(t *testing.T) {
	path := newLog(t, linesOf(0, 600))
	f, clock := followDaily(t, path, tlog.State{})
	f.advance()
	clock.pass(day)
	_, err := f.Reverify(t.Context())
	require.NoError(t, err)
	for n := 600; n < 900; n += 100 {
		appendTo(t, path, linesOf(n, n+100))
		require.NoError(t, f.Advance(t.Context(), int64(n+50)))
		f.requireReverification(tlog.ReverifyScheduled, int64(n+50), int64(n+50))
	}
	f.advance()
	f.requireIntact(900)
}

func TestNoScheduledReverificationByDefault(t *testing.T) {
	path := newLog(t, linesOf(0, 900))
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f := followWith(t, tlog.Settings{Path: path, Now: func() time.Time { return now }})
	f.advance()
	now = now.AddDate(10, 0, 0)
	require.NoError(t, f.Advance(t.Context(), everything))
	f.requireNoReverification()
}

// A log that grows at the same time does not show that a leaf was edited, and the
// scheduled verification finds it.
func TestScheduledReverificationOfAnEditedLog(t *testing.T) {
	path := newLog(t, linesOf(0, 900))
	f, clock := followDaily(t, path, tlog.State{})
	f.anyLeaf = true
	f.advance()
	editLeaf300(t, path)
	appendTo(t, path, linesOf(900, 910))
	f.advance()
	require.Empty(t, f.Findings())
	clock.pass(day)
	require.NoError(t, f.Advance(t.Context(), everything))
	for _, from := range []int64{0, 256, 512} {
		f.requireReverification(tlog.ReverifyScheduled, from, 768)
		_, err := f.Reverify(expired())
		require.NoError(t, err)
	}
	f.requireReverification(tlog.ReverifyFileChanged, 0, 910)
	f.advance()
	findings := f.Findings()
	require.Len(t, findings, 1)
	assert.Equal(t, translator.IntegrityLogRewritten, findings[0].Kind)
	clock.pass(day)
	f.advance()
	assert.Empty(t, f.Findings())
	assert.Equal(t, indexes(0, 910), f.leaves)
}

// An edit that shows in the file's times, also during another verification.
func TestReverificationOfAnEditedFile(t *testing.T) {
	for _, scheduled := range []bool{false, true} {
		path := newLog(t, linesOf(0, 900))
		f, clock := followDaily(t, path, tlog.State{})
		f.advance()
		if scheduled {
			clock.pass(day)
			require.NoError(t, f.Advance(t.Context(), everything))
			f.requireReverification(tlog.ReverifyScheduled, 0, 768)
		}
		editLeaf300(t, path)
		for range 2 { // at the first look, the file may be about to grow
			require.NoError(t, f.Advance(t.Context(), everything))
		}
		f.requireReverification(tlog.ReverifyFileChanged, 0, 768)
		_, err := f.Reverify(t.Context())
		require.NoError(t, err)
		f.advance()
		f.requireNoReverification()
		require.Len(t, f.Findings(), 1)
	}
}

func TestReverificationAfterARestart(t *testing.T) {
	path := newLog(t, linesOf(0, 900))
	first, _ := followDaily(t, path, tlog.State{})
	first.advance()
	f, clock := followDaily(t, path, first.State())
	f.requireReverification(tlog.ReverifyRestart, 0, 900)
	clock.pass(2 * day) // one verification at a time
	require.NoError(t, f.Advance(t.Context(), everything))
	f.requireReverification(tlog.ReverifyRestart, 0, 768)
	f.advance()
	f.requireNoReverification()
	f.requireIntact(900)
	clock.pass(day)
	require.NoError(t, f.Advance(t.Context(), everything))
	f.requireReverification(tlog.ReverifyScheduled, 0, 768)
}

// Reverify finishes without calls of Advance.
func TestReverifyWithoutAdvance(t *testing.T) {
	path := newLog(t, linesOf(0, 900))
	first := follow(t, path, tlog.State{})
	first.advance()
	editLeaf300(t, path)
	f, _ := followDaily(t, path, first.State())
	done, err := f.Reverify(t.Context())
	require.NoError(t, err)
	require.True(t, done)
	require.Len(t, f.Findings(), 1)
	assert.Equal(t, int64(900), f.Size())
}
