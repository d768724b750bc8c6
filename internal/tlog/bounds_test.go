// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog_test

import (
	"context"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// advanceFor is Advance with a context that is done after this time. It must return
// then, even on a busy machine.
func (f *follower) advanceFor(wait time.Duration) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), wait)
	defer cancel()
	started := time.Now()
	require.NoError(f.t, f.Advance(ctx, everything))
	require.Less(f.t, time.Since(started), wait+time.Second)
}

// A file that ends with a gigabyte without a newline is searched in slices, and only once.
func TestEndlessLine(t *testing.T) {
	path := newLog(t, linesOf(0, 300))
	require.NoError(t, os.Truncate(path, 1<<30)) // sparse
	f := followDamaged(t, path, tlog.State{})
	require.NoError(t, f.Advance(t.Context(), 300)) // the lines before, however slow the machine is
	slices := 0
	for ; !f.AtEnd(); slices++ {
		f.advanceFor(5 * time.Millisecond)
		require.Equal(t, int64(300), f.Size())
		f.requireLeaf(299)
	}
	assert.Greater(t, slices, 1)
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteString("\n" + linesOf(301, 303))
	require.NoError(t, err)
	require.NoError(t, file.Close())
	f.advanceFor(time.Second) // not from the beginning of the line
	require.Equal(t, int64(303), f.Size())
	f.requireLeaf(302)
	found := f.Findings()
	require.Len(t, found, 1)
	assert.Equal(t, translator.IntegrityLeafCorrupt, found[0].Kind)
	assert.Equal(t, int64(300), found[0].First)

	again := followDamaged(t, path, f.State())
	for again.Size() < 303 || !again.AtEnd() {
		again.advanceFor(20 * time.Millisecond)
	}
	assert.Empty(t, again.Findings())
}

// heapInUse is the memory that is in use, after what is not needed was freed.
func heapInUse() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapInuse)
}

// Long lines that are valid are leaves, and are not kept in memory.
func TestLongLeaves(t *testing.T) {
	long := beaconLeaf(1)
	long = strings.Replace(long, `"user_agent":"u"`, `"user_agent":"`+strings.Repeat(`\"`, 1<<20)+`"`, 1)
	row := rowOf(1, 1)
	row.UserAgent = strings.Repeat(`"`, 1<<20)
	var text strings.Builder
	text.WriteString(beaconLine(0, 0))
	for i := 1; i < 20; i++ {
		text.WriteString(lineOf(i, long))
	}
	text.WriteString(lineOf(20, strings.Repeat("x", 5<<20))) // more than 15 MiB with its hex digits
	text.WriteString(lineOf(21, strings.Repeat("x", 20<<20)))
	text.WriteString(beaconLine(22, 22))
	path := newLog(t, text.String())
	before := heapInUse()
	f := followDamaged(t, path, tlog.State{})
	f.advance()
	assert.Equal(t, int64(23), f.Size())
	assert.Less(t, heapInUse()-before, int64(8<<20))
	found := f.Findings()
	require.Len(t, found, 1)
	assert.Equal(t, int64(21), found[0].First)
	assert.Contains(t, found[0].Reason, "longer than")
	mismatch, err := f.Compare(row)
	require.NoError(t, err)
	assert.Empty(t, mismatch)
	row.UserAgent += "x"
	mismatch, err = f.Compare(row)
	require.NoError(t, err)
	assert.Equal(t, "user_agent", mismatch)
	mismatch, err = f.Compare(rowOf(22, 22))
	require.NoError(t, err)
	assert.Empty(t, mismatch)
	assert.Less(t, heapInUse()-before, int64(8<<20))
}

// A leaf that takes long to be read is not read when there is no time, unless it was read a
// moment ago. Short ones are.
func TestLongLeafWithoutTime(t *testing.T) {
	long := strings.Replace(beaconLeaf(1), `"user_agent":"u"`, `"user_agent":"`+strings.Repeat("x", 100<<10)+`"`, 1)
	f := followDamaged(t, newLog(t, beaconLine(0, 0)+lineOf(1, long)), tlog.State{})
	f.advance()
	done, cancel := context.WithCancel(t.Context())
	cancel()
	row := rowOf(1, 1)
	row.UserAgent = strings.Repeat("x", 100<<10)
	_, _, err := f.CompareLeaf(done, row, nil)
	require.ErrorIs(t, err, tlog.ErrUnknown)
	_, err = f.Lookup(done, 1)
	require.ErrorIs(t, err, tlog.ErrUnknown)
	for _, ctx := range []context.Context{t.Context(), done} {
		_, mismatch, err := f.CompareLeaf(ctx, row, nil)
		require.NoError(t, err)
		assert.Empty(t, mismatch)
	}
	_, mismatch, err := f.CompareLeaf(done, rowOf(0, 0), nil)
	require.NoError(t, err)
	assert.Empty(t, mismatch)
}

// Every step is short, whatever the lines are.
func TestManyLongLines(t *testing.T) {
	path := newLog(t, strings.Repeat(strings.Repeat("x", 64<<20-1)+"\n", 4)+linesOf(4, 5))
	f := followDamaged(t, path, tlog.State{})
	for !f.AtEnd() {
		f.advanceFor(20 * time.Millisecond)
	}
	assert.Equal(t, int64(5), f.Size())
	f.requireLeaf(4)
}

// A log that is copied over itself is short for a while: nothing is wrong with it.
func TestCopyInPlace(t *testing.T) {
	now := time.Now()
	path := newLog(t, linesOf(0, 900))
	settings := tlog.Settings{Path: path, ShortGrace: time.Minute, Now: func() time.Time { return now }}
	f := followWith(t, settings)
	f.advance()
	settings.State = f.State()
	down := followWith(t, settings) // it starts while the file is short
	text := linesOf(0, 1000)
	overwrite(t, path, "")
	for at := 0; at < len(text); at += 20_000 {
		for _, f := range []*follower{f, down} {
			require.NoError(t, f.Advance(t.Context(), everything))
			_, err := f.Reverify(t.Context())
			require.NoError(t, err)
		}
		now = now.Add(20 * time.Second)
		appendTo(t, path, text[at:min(at+20_000, len(text))])
	}
	for _, f := range []*follower{f, down} {
		f.advance()
		f.requireIntact(1000)
	}
	assert.Equal(t, indexes(900, 1000), down.leaves)

	// One that stays short was cut off.
	overwrite(t, path, linesOf(0, 800))
	for range 3 {
		require.NoError(t, f.Advance(t.Context(), everything))
		require.Empty(t, f.Findings())
	}
	now = now.Add(time.Minute)
	require.NoError(t, f.Advance(t.Context(), everything))
	found := f.Findings()
	require.Len(t, found, 1)
	// Only roots of 256 leaves have been kept: the last 32 may be others.
	assert.Equal(t, []int64{1000, 768, 768, 999}, []int64{found[0].Size, found[0].NewSize, found[0].First, found[0].Last})
	f.advance()
	assert.Empty(t, f.Findings())
}

// A log that was begun anew is found at once, though it is short.
func TestLogThatIsBegunAnew(t *testing.T) {
	path := newLog(t, linesOf(0, 100))
	settings := tlog.Settings{Path: path, ShortGrace: time.Hour}
	f := followWith(t, settings)
	f.advance()
	settings.State = f.State()
	overwrite(t, path, beaconLine(0, 0))
	down := followWith(t, settings)
	for _, f := range []*follower{f, down} {
		f.anyLeaf = true
		f.advance()
		found := f.Findings()
		require.Len(t, found, 1)
		assert.Equal(t, translator.IntegrityLogRewritten, found[0].Kind)
		assert.Zero(t, found[0].NewSize)
	}
}

// A system may set a file's time before its size: that is no change of what was read.
func TestTimeBeforeSize(t *testing.T) {
	path := newLog(t, linesOf(0, 900))
	f := follow(t, path, tlog.State{})
	f.advance()
	for n := 900; n < 920; n++ {
		later := time.Now().Add(time.Duration(n) * time.Second)
		require.NoError(t, os.Chtimes(path, later, later))
		require.NoError(t, f.Advance(t.Context(), everything))
		appendTo(t, path, linesOf(n, n+1))
		require.NoError(t, f.Advance(t.Context(), everything))
		require.Equal(t, int64(n+1), f.Size())
		_, active := f.Reverification()
		require.False(t, active)
	}
}
