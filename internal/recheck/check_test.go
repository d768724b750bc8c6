// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package recheck_test

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/recheck"
)

func TestChanges(t *testing.T) {
	pruned := func(last, rows int64) recheck.Change {
		return recheck.Change{Kind: recheck.Pruned, First: 11, Last: last, Rows: rows}
	}
	for name, test := range map[string]struct {
		change func(*checked)
		want   []recheck.Change
	}{
		"nothing":              {func(*checked) {}, nil},
		"a row is edited":      {func(c *checked) { c.set(17, "x") }, []recheck.Change{edited(17, "x")}},
		"the last one":         {func(c *checked) { c.set(20000, "x") }, []recheck.Change{edited(20000, "x")}},
		"at a chunk's edges":   {func(c *checked) { c.set(255, "x"); c.set(256, "y") }, []recheck.Change{edited(255, "x"), edited(256, "y")}},
		"a row is deleted":     {func(c *checked) { c.remove(8191, 8191) }, []recheck.Change{deleted(8191, 8191, 1)}},
		"the last one is":      {func(c *checked) { c.remove(20000, 20000) }, []recheck.Change{deleted(20000, 20000, 1)}},
		"a row is inserted":    {func(c *checked) { c.set(6005, "x") }, []recheck.Change{inserted(6005, "x")}},
		"where none was":       {func(c *checked) { c.set(13000, "x") }, []recheck.Change{inserted(13000, "x")}},
		"in front of all":      {func(c *checked) { c.set(2, "x") }, []recheck.Change{inserted(2, "x")}},
		"three are edited":     {func(c *checked) { c.set(17, "x"); c.set(18, "y"); c.set(40, "z") }, []recheck.Change{edited(17, "x"), edited(18, "y"), edited(40, "z")}},
		"two change places":    {func(c *checked) { c.set(17, uid(18, "first")); c.set(18, uid(17, "first")) }, []recheck.Change{edited(17, uid(18, "first")), edited(18, uid(17, "first"))}},
		"one goes, one comes":  {func(c *checked) { c.remove(5000, 5000); c.set(6005, "x") }, []recheck.Change{deleted(5000, 5000, 1), inserted(6005, "x")}},
		"next to each other":   {func(c *checked) { c.remove(5000, 5001); c.set(5002, "x") }, []recheck.Change{deleted(5000, 5001, 2), edited(5002, "x")}},
		"around ids without":   {func(c *checked) { c.remove(6000, 6030) }, []recheck.Change{deleted(6000, 6030, 11)}},
		"a chunk is gone":      {func(c *checked) { c.remove(8192, 8447) }, []recheck.Change{deleted(8192, 8447, 256)}},
		"the end is gone":      {func(c *checked) { c.remove(19990, 20000) }, []recheck.Change{deleted(19990, 20000, 11)}},
		"a range over chunks":  {func(c *checked) { c.remove(500, 800) }, []recheck.Change{deleted(500, 511, 12), deleted(512, 767, 256), deleted(768, 800, 33)}},
		"the first is gone":    {func(c *checked) { c.remove(11, 11) }, []recheck.Change{pruned(11, 1)}},
		"some are pruned":      {func(c *checked) { c.remove(11, 3000) }, []recheck.Change{pruned(3000, 2990)}},
		"whole chunks":         {func(c *checked) { c.remove(1, 4095) }, []recheck.Change{pruned(4095, 4085)}},
		"up to a gap":          {func(c *checked) { c.remove(1, 12287) }, []recheck.Change{pruned(16383, 12257)}},
		"all are":              {func(c *checked) { c.remove(1, 20000) }, []recheck.Change{pruned(20000, 15874)}},
		"pruned, and edited":   {func(c *checked) { c.remove(1, 100); c.set(101, "y"); c.set(17000, "x") }, []recheck.Change{pruned(100, 90), edited(101, "y"), edited(17000, "x")}},
		"pruned, and deleted":  {func(c *checked) { c.remove(11, 12); c.remove(100, 110) }, []recheck.Change{pruned(12, 2), deleted(100, 110, 11)}},
		"and inserted there":   {func(c *checked) { c.remove(11, 100); c.set(3, "x") }, []recheck.Change{inserted(3, "x"), deleted(11, 100, 90)}},
		"a column is written":  {func(c *checked) { c.rewrite(300, 400) }, []recheck.Change{{Kind: recheck.Edited, First: 300, Last: 400, Rows: 101}}},
		"rows in an empty one": {func(c *checked) { c.insert(13000, 13100) }, []recheck.Change{{Kind: recheck.Inserted, First: 13000, Last: 13055, Rows: 56}, {Kind: recheck.Inserted, First: 13056, Last: 13100, Rows: 45}}},
	} {
		for _, restart := range []bool{false, true} {
			t.Run(fmt.Sprint(name, restart), func(t *testing.T) {
				c := newChecked(t, 0)
				c.deliver(11, 6004)
				c.deliver(6025, 12287)
				c.deliver(16384, 20000)
				require.Empty(t, c.cycle())
				test.change(c)
				if restart {
					c.save()
					c.restart(20000)
				}
				assert.Equal(t, test.want, c.cycle())
				assert.Empty(t, c.cycle(), "one finding for each change")
				c.deliver(20001, 20100)
				assert.Empty(t, c.cycle())
				c.set(20050, "x")
				assert.Equal(t, []recheck.Change{edited(20050, "x")}, c.cycle())
			})
		}
	}
}

// rewrite changes all rows of a range.
func (c *checked) rewrite(from, to int64) {
	for id := from; id <= to; id++ {
		c.set(id, uid(id, "rewritten"))
	}
}

// Whatever is done to whichever rows, exactly these are named, once, also over restarts.
func TestAnyChangeIsNamed(t *testing.T) {
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 1))
		c := newChecked(t, 0)
		c.deliver(1, 1) // which nothing is done to, or it would be pruned
		last := int64(1)
		for range 1 + random.IntN(12) {
			n := random.Int64N(600)
			c.deliver(last+1, last+n)
			last += n + random.Int64N(2)*random.Int64N(9000) // ids may be left out
		}
		last = slices.Max(slices.Collect(maps.Keys(c.table)))
		require.Empty(t, c.cycle())
		for range 3 {
			want := c.changeAtRandom(random, last)
			c.save()
			c.restart(last)
			got := named(c.cycle(), want)
			require.Equal(t, want, got, "seed %d", seed)
			require.Empty(t, c.cycle(), "seed %d", seed)
		}
	}
}

// changeAtRandom edits, deletes and inserts rows, and returns what was done to which.
func (c *checked) changeAtRandom(random *rand.Rand, last int64) map[int64]recheck.Kind {
	done := map[int64]recheck.Kind{}
	for range random.IntN(40) {
		first := 2 + random.Int64N(last)
		for id := first; id <= min(last, first+random.Int64N(1+random.Int64N(60))); id++ {
			_, exists := c.table[id]
			switch {
			case done[id] != 0:
			case exists && random.IntN(3) == 0:
				c.remove(id, id)
				done[id] = recheck.Deleted
			case exists:
				c.set(id, uid(id, fmt.Sprint("edited", random.Uint64())))
				done[id] = recheck.Edited
			default:
				c.set(id, uid(id, fmt.Sprint("inserted", random.Uint64())))
				done[id] = recheck.Inserted
			}
		}
	}
	return done
}

// named is the rows that changes are about. A range has those rows of want that are of its
// kind, and as many.
func named(changes []recheck.Change, want map[int64]recheck.Kind) map[int64]recheck.Kind {
	rows := map[int64]recheck.Kind{}
	for _, change := range changes {
		n := int64(0)
		for id := change.First; id <= change.Last; id++ {
			if want[id] == change.Kind || change.First == change.Last {
				rows[id] = change.Kind
				n++
			}
		}
		if n != change.Rows {
			rows[-change.First] = change.Kind // which no row has
		}
	}
	return rows
}

// Honest rows, however they are written and pruned, are no finding, also over restarts.
func TestHonest(t *testing.T) {
	for seed := range uint64(12) {
		random := rand.New(rand.NewPCG(seed, 4))
		c := newChecked(t, 0)
		last, next, lowest, rows, pruned := int64(0), int64(1), int64(1), int64(0), int64(0)
		take := func(changes []recheck.Change) {
			for _, change := range changes {
				assert.Equal(t, recheck.Pruned, change.Kind, change)
				pruned += change.Rows
			}
		}
		for range 150 {
			if n := random.Int64N(300); n > 0 {
				c.deliver(next, next+n-1)
				last, rows = next+n-1, rows+n
			}
			next = last + 1 + random.Int64N(3)*random.Int64N(9000) // ids may be left out
			if random.IntN(40) == 0 {
				to := lowest + random.Int64N(max(1, last-lowest))
				c.remove(lowest, to)
				lowest = to + 1
			}
			take(c.slice(1 + random.IntN(300)))
			c.Cycle(date)
			if random.IntN(5) == 0 {
				c.save()
				c.restart(last)
			}
		}
		for range 3 {
			take(c.cycle())
		}
		assert.Equal(t, rows-int64(len(c.table)), pruned, "seed %d", seed)
		for range 20 {
			c.save()
		}
		assert.False(t, c.HasStale())
		assert.LessOrEqual(t, len(c.saved.chunks), len(c.table)/256+160, "the chunks of pruned rows are deleted")
	}
}

// Rows that had been delivered before the fingerprints began count as they are found
// first.
func TestLearns(t *testing.T) {
	for _, restart := range []bool{false, true} {
		c := newChecked(t, 9000)
		c.insert(5, 9000)
		c.deliver(9001, 9100) // meanwhile
		c.slice(257)
		c.deliver(9101, 9200)
		if restart {
			c.save()
			c.restart(9200)
		}
		require.Empty(t, c.cycle())
		c.save()
		c.restart(9200)
		c.deliver(9201, 9210)
		c.set(7, "x")
		c.set(9050, "y")
		c.set(9201, "z")
		assert.Equal(t, []recheck.Change{edited(7, "x"), edited(9050, "y"), edited(9201, "z")}, c.cycle())
		c.remove(5, 6)
		assert.Equal(t, []recheck.Change{{Kind: recheck.Pruned, First: 5, Last: 6, Rows: 2}}, c.cycle())
	}
}

// Rows are added to the chunk of the last one that was learned.
func TestAddsToWhatWasLearned(t *testing.T) {
	c := newChecked(t, 300)
	c.insert(1, 300)
	require.Empty(t, c.cycle())
	c.save()
	c.deliver(301, 310)
	c.save()
	c.restart(310)
	assert.Empty(t, c.cycle())
	c.set(290, "x")
	assert.Equal(t, []recheck.Change{edited(290, "x")}, c.cycle())
}

// A table of few rows with far ids is looked at in few reads.
func TestFarIDs(t *testing.T) {
	for _, learn := range []bool{false, true} {
		c := newChecked(t, 0)
		if learn {
			c = newChecked(t, 1<<60)
			c.insert(3, 3)
			c.insert(1<<29, 1<<29)
			c.insert(1<<60, 1<<60)
		} else {
			c.deliver(3, 3)
			c.deliver(1<<29, 1<<29)
			c.deliver(1<<60, 1<<60)
		}
		c.set(math.MaxInt64, "last") // which has no fingerprint
		c.Add(math.MaxInt64, "last")
		require.Empty(t, c.cycle())
		c.set(1<<29, "x")
		c.set(1<<60, "y")
		c.remove(math.MaxInt64, math.MaxInt64)
		assert.Equal(t, []recheck.Change{edited(1<<29, "x"), edited(1<<60, "y")}, c.cycle())
		assert.Less(t, c.reads, 20)
	}
}

// Rows with ids so far apart that the state would become large have no fingerprints from
// some id on. The others are checked.
func TestTooFarApart(t *testing.T) {
	for _, learn := range []bool{false, true} {
		c := newChecked(t, 0)
		const last = 1200 * 100_000
		if learn {
			c = newChecked(t, last)
		}
		for id := int64(100_000); id <= last; id += 100_000 {
			c.insert(id, id)
			if !learn {
				c.Add(id, c.table[id])
			}
		}
		require.Empty(t, c.cycle())
		require.NotZero(t, c.EndID())
		c.save()
		c.restart(last)
		c.deliver(last+1, last+10)
		c.set(500_000, "x")
		c.set(last, "y")
		assert.Equal(t, []recheck.Change{edited(500_000, "x")}, c.cycle())
		c.save()
		assert.Less(t, len(c.saved.state), 64<<10)
	}
}

// A row that is changed while its chunk is read is no finding before the chunk was read
// twice with the same result.
func TestChangesMeanwhile(t *testing.T) {
	c := newChecked(t, 0)
	c.deliver(1, 4000)
	c.set(200, "x")
	for range 4 {
		require.Empty(t, c.slice(100))
	}
	c.set(200, uid(200, "first")) // as it was
	assert.Empty(t, c.cycle())

	for _, version := range []string{"x", "y", "z"} {
		c.set(200, uid(200, version))
		for range 3 {
			require.Empty(t, c.slice(100), "each look finds something else")
		}
	}
	c.set(200, uid(200, "first"))
	assert.Empty(t, c.cycle())
}

// What was saved at any moment continues as if nothing had happened, and what is not
// about these rows is refused.
func TestRestore(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	c := newChecked(t, 300)
	c.insert(1, 300)
	last := int64(300)
	want := map[int64]int{}
	var found []recheck.Change
	for step := range 100 {
		n := random.Int64N(900)
		c.deliver(last+1, last+n)
		last += n
		if id := 1 + random.Int64N(last); step%10 == 9 && step > 20 {
			c.set(id, fmt.Sprint("changed ", step))
			want[id]++
		}
		for range 5 {
			found = append(found, c.slice(257)...)
			c.Cycle(date)
		}
		c.save()
		state, err := checkpoint.DecodeBackground(c.saved.state)
		require.NoError(t, err)
		_, err = recheck.Restore(t.Context(), &c.saved, state, "r", last+1, "")
		require.ErrorIs(t, err, recheck.ErrOther)
		_, err = recheck.Restore(t.Context(), &c.saved, state, "other", last, "")
		require.ErrorIs(t, err, recheck.ErrOther)
		c.restart(last)
	}
	for range 3 {
		found = append(found, c.cycle()...)
	}
	ids := map[int64]int{}
	for _, change := range found {
		assert.Equal(t, recheck.Edited, change.Kind)
		ids[change.First]++
	}
	assert.Equal(t, want, ids)
}

// A chunk that is damaged says nothing of its rows, which count as they are found. One
// that cannot be read is looked at later.
func TestDamagedChunk(t *testing.T) {
	c := newChecked(t, 0)
	c.deliver(1, 2000)
	require.Empty(t, c.cycle())
	c.save()
	c.saved.chunks[3] = []byte("damaged")
	c.set(800, "x")
	c.set(1100, "y")
	c.remove(1, 10)
	c.saved.err = errStorage
	for range 3 {
		after, last, ok := c.Range()
		require.True(t, ok)
		ids, _ := c.rowsAfter(after, int(last-after+1))
		for _, id := range ids {
			c.Row(id, c.table[id])
		}
		_, err := c.Look(t.Context(), 0)
		require.ErrorIs(t, err, errStorage)
		c.Restart()
	}
	c.saved.err = nil
	assert.Equal(t, []recheck.Change{{Kind: recheck.Pruned, First: 1, Last: 10, Rows: 10}, edited(1100, "y")}, c.cycle())
	c.set(801, "z")
	assert.Equal(t, []recheck.Change{edited(801, "z")}, c.cycle())
}

// Fingerprints that begin anew delete those that were kept before.
func TestDiscard(t *testing.T) {
	c := newChecked(t, 0)
	c.deliver(1, 100_000)
	c.save()
	before := c.State()
	c.Check = recheck.New(&c.saved, []byte("another key, 16B"), "r", 0, date)
	c.Discard(&before)
	c.deliver(1, 300)
	for range 4 {
		c.save()
		c.restart(300)
	}
	assert.Equal(t, []int64{0, 1}, slices.Sorted(maps.Keys(c.saved.chunks)))
	assert.Empty(t, c.cycle())
}

// The rows of a chunk of which every other one has changed are findings of their own, and
// a chunk has no more than its ids.
func TestFindingsOfAChunkAreBounded(t *testing.T) {
	c := newChecked(t, 0)
	c.deliver(1, 511)
	for id := int64(256); id < 512; id += 2 {
		c.set(id, "x")
	}
	c.remove(301, 301)
	changes := c.cycle()
	assert.Len(t, changes, 129)
	assert.True(t, slices.IsSortedFunc(changes, func(a, b recheck.Change) int { return cmp.Compare(a.First, b.First) }))
}

// BenchmarkAdd is what a delivered row costs.
func BenchmarkAdd(b *testing.B) {
	c := newChecked(b, 0)
	id := int64(0)
	for b.Loop() {
		id++
		c.Add(id, "0123456789abcdef0123456789abcdef")
		if id%100_000 == 0 {
			c.Saved()
		}
	}
}

// Somebody who changes a row all the time does not keep the check from the others.
func TestARowThatChangesAllTheTime(t *testing.T) {
	c := newChecked(t, 0)
	c.deliver(1, 1000)
	c.set(20, "x")
	c.remove(500, 500)
	var changes []recheck.Change
	for i := range 100 {
		c.set(10, uid(10, fmt.Sprint(i)))
		changes = append(changes, c.slice(257)...)
	}
	require.Len(t, changes, 3)
	assert.EqualValues(t, 10, changes[0].First)
	assert.Equal(t, []recheck.Change{edited(20, "x"), deleted(500, 500, 1)}, changes[1:])
}

// What was kept of other rows, up to one with the same id, is of no use.
func TestRestoreOfOtherRows(t *testing.T) {
	c := newChecked(t, 0)
	c.deliver(1, 1000)
	c.save()
	state, err := checkpoint.DecodeBackground(c.saved.state)
	require.NoError(t, err)
	restore := func(uid string) error {
		_, err := recheck.Restore(t.Context(), &c.saved, state, "r", 1000, uid)
		return err
	}
	require.NoError(t, restore(c.table[1000]))
	require.NoError(t, restore(""), "the row was not there when the cursor passed it")
	require.ErrorIs(t, restore(uid(1000, "again")), recheck.ErrOther)
}
