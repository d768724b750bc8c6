// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package recheck_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/recheck"
)

var (
	key  = []byte("0123456789abcdef")
	date = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
)

// table is a database: ids and uids.
type table map[int64]string

func uid(id int64, version string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s-%d", version, id))
	return hex.EncodeToString(sum[:checkpoint.UIDSize])
}

func (t table) insert(from, to int64) {
	for id := from; id <= to; id++ {
		t[id] = uid(id, "first")
	}
}

func (t table) remove(from, to int64) {
	maps.DeleteFunc(t, func(id int64, _ string) bool { return id >= from && id <= to })
}

// after returns at most n ids above one.
func (c *checked) rowsAfter(after int64, n int) (ids []int64, more bool) {
	if len(c.sorted) != len(c.table) || c.removed {
		c.sorted, c.removed = slices.Sorted(maps.Keys(c.table)), false
	}
	i, _ := slices.BinarySearch(c.sorted, after+1)
	end := min(len(c.sorted), i+n)
	return c.sorted[i:end], end < len(c.sorted)
}

// checked is a check of a table.
type checked struct {
	table
	*recheck.Check
	reads int

	sorted  []int64 // the ids
	removed bool    // since they were sorted
}

func (c *checked) remove(from, to int64) {
	c.table.remove(from, to)
	c.removed = true
}

func newChecked(lastID int64) *checked {
	return &checked{table: table{}, Check: recheck.New(key, "r", lastID, date)}
}

// deliver inserts and delivers rows.
func (c *checked) deliver(from, to int64) {
	c.insert(from, to)
	for id := from; id <= to; id++ {
		c.Add(id, c.table[id])
	}
}

// slice reads once.
func (c *checked) slice(n int) []recheck.Change {
	after, last, ok := c.Range()
	if !ok {
		return nil
	}
	c.reads++
	ids, more := c.rowsAfter(after, int(min(int64(n), last-after+1)))
	next := int64(0)
	for _, id := range ids {
		c.Row(id, c.table[id])
		if id > last {
			next = id
			break
		}
	}
	if next == 0 && !more {
		next = math.MaxInt64
		c.End()
	}
	if c.Look(next) != recheck.Differs {
		return nil
	}
	lowest, _ := c.rowsAfter(0, 1)
	if len(lowest) == 0 {
		lowest = []int64{0}
	}
	return c.Decide(lowest[0])
}

// cycle reads until a cycle ends.
func (c *checked) cycle(t *testing.T) (changes []recheck.Change) {
	t.Helper()
	for range 5_000 {
		changes = append(changes, c.slice(300)...)
		if _, ended := c.Cycle(date); ended {
			return changes
		}
	}
	require.Fail(t, "the cycle does not end")
	return nil
}

func TestChanges(t *testing.T) {
	const edited, deleted, inserted, several, pruned = recheck.Edited, recheck.Deleted, recheck.Inserted, recheck.Several, recheck.Pruned
	for name, test := range map[string]struct {
		change func(*checked)
		want   []recheck.Change
	}{
		"nothing":            {func(*checked) {}, nil},
		"a row is edited":    {func(c *checked) { c.table[17] = "x" }, []recheck.Change{{Kind: edited, First: 17, Last: 17}}},
		"the last one":       {func(c *checked) { c.table[20000] = "x" }, []recheck.Change{{Kind: edited, First: 20000, Last: 20000}}},
		"at a block's edges": {func(c *checked) { c.table[4095], c.table[4096] = "x", "x" }, []recheck.Change{{Kind: edited, First: 4095, Last: 4095}, {Kind: edited, First: 4096, Last: 4096}}},
		"a row is deleted":   {func(c *checked) { c.remove(8191, 8191) }, []recheck.Change{{Kind: deleted, First: 8191, Last: 8191}}},
		"the last one is":    {func(c *checked) { c.remove(20000, 20000) }, []recheck.Change{{Kind: deleted, First: 20000, Last: 20000}}},
		"a row is inserted":  {func(c *checked) { c.table[6005] = "x" }, []recheck.Change{{Kind: inserted, First: 6005, Last: 6005}}},
		"where none was":     {func(c *checked) { c.table[13000] = "x" }, []recheck.Change{{Kind: inserted, First: 13000, Last: 13000}}},
		"in front of all":    {func(c *checked) { c.table[2] = "x" }, []recheck.Change{{Kind: inserted, First: 2, Last: 2}}},
		"two are edited":     {func(c *checked) { c.table[17], c.table[18] = "x", "y" }, []recheck.Change{{Kind: several, First: 1, Last: 4095}}},
		"two change places":  {func(c *checked) { c.table[17], c.table[18] = c.table[18], c.table[17] }, []recheck.Change{{Kind: several, First: 1, Last: 4095}}},
		"one goes, one comes": {
			func(c *checked) { c.remove(5000, 5000); c.table[6005] = "x" },
			[]recheck.Change{{Kind: several, First: 4096, Last: 8191}},
		},
		"a block is gone":   {func(c *checked) { c.remove(8192, 12287) }, []recheck.Change{{Kind: several, First: 8192, Last: 12287}}},
		"the end is gone":   {func(c *checked) { c.remove(16500, 20000) }, []recheck.Change{{Kind: several, First: 16384, Last: 20000}}},
		"the first is gone": {func(c *checked) { c.remove(11, 11) }, []recheck.Change{{Kind: pruned, First: 11, Last: 11, Rows: 1, Block: true}}},
		"some are pruned":   {func(c *checked) { c.remove(11, 3000) }, []recheck.Change{{Kind: pruned, First: 11, Last: 3000, Rows: 2990, Block: true}}},
		"whole blocks":      {func(c *checked) { c.remove(1, 4095) }, []recheck.Change{{Kind: pruned, First: 11, Last: 4095, Rows: 4085}}},
		"and a part of one": {func(c *checked) { c.remove(1, 9000) }, []recheck.Change{{Kind: pruned, First: 11, Last: 9000, Rows: 8970, Block: true}}},
		"up to a gap":       {func(c *checked) { c.remove(1, 12287) }, []recheck.Change{{Kind: pruned, First: 11, Last: 16383, Rows: 12257}}},
		"all are":           {func(c *checked) { c.remove(1, 20000) }, []recheck.Change{{Kind: pruned, First: 11, Last: 20000, Rows: 15874}}},
		"pruned, and one edited elsewhere": {
			func(c *checked) { c.remove(1, 100); c.table[17000] = "x" },
			[]recheck.Change{{Kind: pruned, First: 11, Last: 100, Rows: 90, Block: true}, {Kind: edited, First: 17000, Last: 17000}},
		},
		"pruned, and others deleted": {
			func(c *checked) { c.remove(11, 12); c.remove(100, 110) },
			[]recheck.Change{{Kind: pruned, First: 11, Last: 12, Rows: 2, Block: true}, {Kind: several, First: 13, Last: 4095}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newChecked(0)
			c.deliver(11, 6004)
			c.deliver(6025, 12287)
			c.deliver(16384, 20000)
			require.Empty(t, c.cycle(t))
			test.change(c)
			assert.Equal(t, test.want, c.cycle(t))
			assert.Empty(t, c.cycle(t), "one finding for each change")
			c.deliver(20001, 20100)
			assert.Empty(t, c.cycle(t))
			c.table[20050] = "x"
			assert.Equal(t, []recheck.Change{{Kind: recheck.Edited, First: 20050, Last: 20050}}, c.cycle(t))
		})
	}
}

// Rows that had been delivered before the digests began count as they are found first.
func TestLearns(t *testing.T) {
	c := newChecked(9000)
	c.insert(5, 9000)
	c.deliver(9001, 9100) // meanwhile
	c.slice(300)
	c.deliver(9101, 9200)
	require.Empty(t, c.cycle(t))
	c.table[7], c.table[9050] = "x", "y"
	assert.Equal(t, []recheck.Change{{Kind: recheck.Edited, First: 7, Last: 7}, {Kind: recheck.Edited, First: 9050, Last: 9050}}, c.cycle(t))
	c.remove(5, 6)
	assert.Equal(t, recheck.Pruned, c.cycle(t)[0].Kind)
}

// A table of few rows with far ids is looked at in few reads.
func TestFarIDs(t *testing.T) {
	for _, learn := range []bool{false, true} {
		c := newChecked(0)
		if learn {
			c = newChecked(recheck.MaxID)
			c.insert(3, 3)
			c.insert(1<<29, 1<<29)
		} else {
			c.deliver(3, 3)
			c.deliver(1<<29, 1<<29)
		}
		c.deliver(recheck.MaxID+1, recheck.MaxID+2) // which have no digests
		c.deliver(1<<60, 1<<60)
		require.Empty(t, c.cycle(t))
		c.remove(recheck.MaxID+1, recheck.MaxID+1)
		c.table[1<<29] = "x"
		assert.Equal(t, []recheck.Change{{Kind: recheck.Edited, First: 1 << 29, Last: 1 << 29}}, c.cycle(t))
		assert.Less(t, c.reads, 20)
	}
}

// A row that is changed while its block is read, or a database that goes back then, is
// no finding before the block was read twice with the same result.
func TestChangesMeanwhile(t *testing.T) {
	c := newChecked(0)
	c.deliver(1, 4000)
	c.table[3000] = "x"
	for range 14 {
		require.Empty(t, c.slice(300))
	}
	c.table[3000] = uid(3000, "first") // as it was
	assert.Empty(t, c.cycle(t))
}

// A database that went back lost rows, and assigns their ids again.
func TestGoBack(t *testing.T) {
	for _, n := range []int64{1, 10, 250} {
		c := newChecked(0)
		c.Check = recheck.New(key, "r", 0, date)
		var gone []checkpoint.Row
		for id := int64(1); id <= 5000; id++ {
			row := checkpoint.Row{ID: id, UID: [16]byte{byte(id), byte(id >> 8)}}
			c.table[id] = recheck.UID(row)
			c.Add(id, c.table[id])
			if id > 5000-n {
				gone = append(gone, row)
			}
		}
		for range 5 {
			c.slice(300)
		}
		c.remove(5001-n, 5000)
		c.GoBack(5000-n, gone)
		c.deliver(5001-n, 5000-n+3)
		assert.Empty(t, c.cycle(t))
		assert.Empty(t, c.cycle(t))
		c.table[5000-n] = "x"
		assert.Equal(t, []recheck.Change{{Kind: recheck.Edited, First: 5000 - n, Last: 5000 - n}}, c.cycle(t))
	}
}

// What was saved at any moment continues as if nothing had happened, and what is not
// about these rows is refused.
func TestRestore(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	stored := map[int64]*checkpoint.DigestPage{}
	c := newChecked(300)
	c.insert(1, 300)
	last, found := int64(300), 0
	for step := range 100 {
		n := random.Int64N(900)
		c.deliver(last+1, last+n)
		last += n
		if step%10 == 9 {
			id := 1 + random.Int64N(last)
			c.table[id] = fmt.Sprint("changed ", step)
		}
		for range 5 {
			found += len(c.slice(300))
			c.Cycle(date)
		}
		state, ok := c.Changed(func(number int64, page *checkpoint.DigestPage) {
			delete(stored, number)
			if page != nil {
				decoded, err := checkpoint.DecodeDigestPage(page.Encode())
				require.NoError(t, err)
				stored[number] = &decoded
			}
		})
		if !ok {
			continue
		}
		c.Saved()
		data, err := state.Encode()
		require.NoError(t, err)
		state, err = checkpoint.DecodeBackground(data)
		require.NoError(t, err)
		pages := map[int64]*checkpoint.DigestPage{}
		for number, page := range stored {
			clone := *page
			pages[number] = &clone
		}
		_, err = recheck.Restore(state, pages, "r", last+1)
		require.Error(t, err)
		_, err = recheck.Restore(state, pages, "other", last)
		require.Error(t, err)
		c.Check, err = recheck.Restore(state, pages, "r", last)
		require.NoError(t, err)
	}
	for range 3 {
		found += len(c.cycle(t))
	}
	assert.Greater(t, found, 4)
	assert.LessOrEqual(t, found, 11)
	assert.Empty(t, c.cycle(t))
}

// Honest rows, however they are written and pruned, are no finding.
func TestHonest(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	c := newChecked(0)
	last, lowest, pruned := int64(0), int64(1), int64(0)
	for range 150 {
		n := random.Int64N(300)
		c.deliver(last+1, last+n)
		last += n + random.Int64N(3)*random.Int64N(2000) // ids may be left out
		if random.IntN(40) == 0 {
			to := lowest + random.Int64N(max(1, last-lowest))
			c.remove(lowest, to)
			lowest = to + 1
		}
		for _, change := range c.slice(300) {
			assert.Equal(t, recheck.Pruned, change.Kind, change)
			pruned += change.Rows
		}
		c.Cycle(date)
	}
	for range 3 {
		for _, change := range c.cycle(t) {
			assert.Equal(t, recheck.Pruned, change.Kind, change)
			pruned += change.Rows
		}
	}
	assert.Positive(t, pruned)
}

// BenchmarkAdd is what a delivered row costs.
func BenchmarkAdd(b *testing.B) {
	c := recheck.New(key, "r", 0, date)
	id := int64(0)
	for b.Loop() {
		id = (id + 1) % recheck.MaxID
		c.Add(id+1, "0123456789abcdef0123456789abcdef")
	}
}
