// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package recheck_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/recheck"
)

func TestAgreeing(t *testing.T) {
	same := func(id int64) string { return recheck.UID(checkpoint.Row{ID: id, UID: [16]byte{byte(id)}}) }
	rows := make([]checkpoint.Row, 5)
	for i := range rows {
		rows[i] = checkpoint.Row{ID: int64(i + 1), UID: [16]byte{byte(i + 1)}}
	}
	for name, test := range map[string]struct {
		uids []string
		want int
	}{
		"another database":                      {[]string{"x", "x", "x", "x", "x"}, 0},
		"an empty one":                          {[]string{"", "", "", "", ""}, 0},
		"the last ones are gone":                {[]string{same(1), same(2), same(3), "", ""}, 3},
		"and were assigned again":               {[]string{same(1), same(2), "x", "x", ""}, 2},
		"the oldest were pruned":                {[]string{"", "", same(3), "x", ""}, 3},
		"one in between was deleted":            {[]string{same(1), "", same(3), "", ""}, 3},
		"nothing counts behind one that is new": {[]string{same(1), "x", same(3), same(4), "x"}, 1},
		"all are there":                         {[]string{same(1), same(2), same(3), same(4), same(5)}, 5},
	} {
		assert.Equal(t, test.want, recheck.Agreeing(rows, test.uids), name)
	}
	assert.Zero(t, recheck.Agreeing(nil, nil))
}

// common is the last row that the table and what was delivered have in common, 0 for none.
func (c *checked) common() int64 {
	c.t.Helper()
	rows, err := c.LastCommon(c.t.Context(), c.read)
	require.NoError(c.t, err)
	if len(rows) == 0 {
		return 0
	}
	return rows[len(rows)-1].ID
}

func (c *checked) goBack(lastID int64) recheck.Gone {
	c.t.Helper()
	gone, err := c.GoBack(c.t.Context(), lastID, c.lowest())
	require.NoError(c.t, err)
	return gone
}

// assignAgain writes other rows with these ids.
func (c *checked) assignAgain(from, to int64) {
	for id := from; id <= to; id++ {
		c.set(id, uid(id, "again"))
	}
}

// A database that went back has the rows up to any one of them, and any number of others
// got the ids of those behind it. The last row in common is found in few reads, and only
// rows behind it are gone.
func TestGoesBackToAnyRow(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 7))
		c := newChecked(t, 0)
		last := int64(1 + random.IntN(20_000))
		c.deliver(1, last)
		c.save()
		kept := 1 + random.Int64N(last)
		lowest := int64(1)
		if random.IntN(3) == 0 { // the oldest were pruned
			lowest = 1 + random.Int64N(kept)
			c.remove(1, lowest-1)
		}
		c.remove(kept+1, last)
		c.assignAgain(kept+1, kept+random.Int64N(2)*random.Int64N(2*(last-kept)+1))
		for range random.IntN(4) { // others have changed, which nobody has looked at yet
			if id := lowest + random.Int64N(kept-lowest+1); id < kept-10 && id > lowest {
				c.set(id, "x")
			}
		}
		if random.IntN(2) == 0 {
			c.restart(last)
		}
		c.reads = 0
		got := c.common()
		if kept-lowest < 1 && len(c.table) > 1 && lowest > 1 {
			assert.Contains(t, []int64{0, kept}, got, "a single row may agree by chance")
			continue
		}
		require.Equal(t, kept, got, "seed %d: %d rows from %d, of %d", seed, kept, lowest, last)
		assert.LessOrEqual(t, c.reads, 40)
		want := recheck.Gone{}
		if kept < last {
			want = recheck.Gone{First: kept + 1, Last: last, Rows: last - kept}
		}
		require.Equal(t, want, c.goBack(kept), "seed %d", seed)
	}
}

// After it went back, rows are added and checked as before.
func TestGoBack(t *testing.T) {
	for _, kept := range []int64{1, 100, 255, 256, 300, 4999} {
		for _, restart := range []bool{false, true} {
			c := newChecked(t, 0)
			c.deliver(1, 5000)
			for range 5 {
				c.slice(257)
			}
			c.save()
			c.remove(kept+1, 5000)
			c.goBack(kept)
			assert.LessOrEqual(t, c.State().NextID, kept+1)
			if restart {
				c.save()
				c.restart(kept)
			}
			c.assignAgain(kept+1, kept+3)
			for id := kept + 1; id <= kept+3; id++ {
				c.Add(id, c.table[id])
			}
			for range 2 {
				assert.Empty(t, c.cycle())
			}
			c.save()
			c.restart(kept + 3)
			c.set(kept+3, "x")
			assert.Equal(t, []recheck.Change{edited(kept+3, "x")}, c.cycle())
		}
	}
}

// A stale chunk that is used again before it is deleted is not deleted, and one in a gap
// has no rows.
func TestGoBackOverManyChunks(t *testing.T) {
	c := newChecked(t, 0)
	c.deliver(1, 300_000)
	c.save()
	c.remove(1001, 300_000)
	c.goBack(1000)
	c.deliver(250_000, 250_010)
	c.deliver(252_000, 252_010)
	c.save()
	c.restart(252_010)
	for range 10 {
		assert.Empty(t, c.cycle())
		c.deliver(c.State().LastID+1, c.State().LastID+400)
	}
	assert.False(t, c.HasStale())
	c.set(250_005, "x")
	assert.Equal(t, []recheck.Change{edited(250_005, "x")}, c.cycle())
}

// Where nothing, or too little, agrees, it is another database.
func TestAnotherDatabase(t *testing.T) {
	for name, change := range map[string]func(*checked){
		"another":         func(c *checked) { c.assignAgain(1, 6000) },
		"a smaller one":   func(c *checked) { c.remove(1, 6000); c.assignAgain(1, 5) },
		"an empty one":    func(c *checked) { c.remove(1, 6000) },
		"one row is left": func(c *checked) { c.assignAgain(1, 2999); c.assignAgain(3001, 6000) },
		"and is compared": func(c *checked) { c.assignAgain(1, 3000); c.assignAgain(3002, 6000) },
	} {
		c := newChecked(t, 0)
		c.deliver(1, 6000)
		change(c)
		assert.Zero(t, c.common(), name)
	}
	c := newChecked(t, 6000)
	c.deliver(6001, 6010)
	c.assignAgain(2000, 6010)
	assert.Zero(t, c.common(), "rows that have no fingerprint are not known")
}

// A range of rows that were all changed does not hide those behind it.
func TestGoesBackBehindChangedRows(t *testing.T) {
	c := newChecked(t, 0)
	c.deliver(1, 10_000)
	c.rewrite(4000, 5500)
	c.remove(6001, 10_000)
	assert.EqualValues(t, 6000, c.common())
}

// A backup from before rows were pruned has these again: they count as they are.
func TestPrunedRowsComeBack(t *testing.T) {
	c := newChecked(t, 0)
	c.deliver(1, 3000)
	require.Empty(t, c.cycle())
	c.remove(1, 1000)
	require.Len(t, c.cycle(), 1)
	c.insert(1, 1000)
	c.remove(2001, 3000)
	require.EqualValues(t, 2000, c.common())
	c.goBack(2000)
	c.save()
	c.restart(2000)
	assert.Empty(t, c.cycle())
	c.set(500, "x")
	assert.Equal(t, []recheck.Change{edited(500, "x")}, c.cycle())
}

// All rows that have a fingerprint are behind the end of a backup, whose rows had all been
// pruned: these count as they are found, too.
func TestAllRowsOfABackupHadBeenPruned(t *testing.T) {
	for _, left := range []int64{951, 1001} { // the first row that was not pruned, and none
		c := newChecked(t, 0)
		c.deliver(1, 1000)
		c.remove(1, left-1)
		require.Len(t, c.cycle(), 1)
		c.insert(1, 900)
		c.remove(901, 1000)
		c.goBack(900)
		c.save()
		c.restart(900)
		assert.Empty(t, c.cycle())
		c.set(500, "x")
		c.deliver(901, 903)
		assert.Equal(t, []recheck.Change{edited(500, "x")}, c.cycle())
	}
}

// A second backup is restored while the rows of the first one, which had been pruned, have
// no fingerprints yet: those behind them still say what is in common.
func TestGoesBackTwiceAfterPruning(t *testing.T) {
	c := newChecked(t, 0)
	c.deliver(1, 3000)
	c.remove(1, 1000)
	require.Len(t, c.cycle(), 1)
	c.insert(1, 1000)
	c.remove(2601, 3000)
	c.goBack(2600)
	c.remove(2001, 2600)
	assert.EqualValues(t, 2000, c.common())
	c.goBack(2000)
	assert.Empty(t, c.cycle())
}

// Somebody who makes the database go back again and again does not keep the check from
// what is in front of that.
func TestGoesBackAllTheTime(t *testing.T) {
	c := newChecked(t, 0)
	c.deliver(1, 1000)
	c.remove(300, 300)
	var changes []recheck.Change
	for range 20 {
		changes = append(changes, c.slice(257)...)
		c.set(1000, "x")
		c.goBack(999)
		c.Add(1000, "x")
	}
	assert.Equal(t, []recheck.Change{deleted(300, 300, 1)}, changes)
}

// A storage that cannot be read changes nothing.
func TestGoBackWithoutStorage(t *testing.T) {
	c := newChecked(t, 0)
	c.deliver(1, 1000)
	c.save()
	before := c.State()
	c.saved.err = errStorage
	_, err := c.LastCommon(t.Context(), c.read)
	require.ErrorIs(t, err, errStorage)
	_, err = c.GoBack(t.Context(), 300, 1)
	require.ErrorIs(t, err, errStorage)
	assert.Equal(t, before, c.State())
	c.saved.err = nil
	c.saved.chunks[1] = []byte("damaged")
	_, err = c.GoBack(t.Context(), 300, 1)
	require.ErrorIs(t, err, checkpoint.ErrDamaged)
	assert.Empty(t, c.saved.chunks[7])
}
