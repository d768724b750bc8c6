// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package recheck_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"
	"time"

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

// stored is a storage, and what it has of the check.
type stored struct {
	chunks map[int64][]byte
	state  []byte
	gets   int
	err    error
}

func (s *stored) Chunk(_ context.Context, number int64) ([]byte, error) {
	s.gets++
	return s.chunks[number], s.err
}

// checked is a check of a table.
type checked struct {
	table
	*recheck.Check
	t     testing.TB
	saved stored
	reads int

	sorted []int64 // the ids; nil: not known
}

func newChecked(t testing.TB, lastID int64) *checked {
	t.Helper()
	c := &checked{t: t, table: table{}, saved: stored{chunks: map[int64][]byte{}}}
	c.Check = recheck.New(&c.saved, key, "r", lastID, date)
	return c
}

func (c *checked) set(id int64, uid string) { c.table[id], c.sorted = uid, nil }

func (c *checked) insert(from, to int64) {
	for id := from; id <= to; id++ {
		c.set(id, uid(id, "first"))
	}
}

// deliver inserts and delivers rows.
func (c *checked) deliver(from, to int64) {
	c.insert(from, to)
	for id := from; id <= to; id++ {
		c.Add(id, c.table[id])
	}
}

func (c *checked) remove(from, to int64) {
	maps.DeleteFunc(c.table, func(id int64, _ string) bool { return id >= from && id <= to })
	c.sorted = nil
}

// rowsAfter returns at most n ids above one.
func (c *checked) rowsAfter(after int64, n int) (ids []int64, more bool) {
	if c.sorted == nil {
		c.sorted = slices.Sorted(maps.Keys(c.table))
	}
	i, _ := slices.BinarySearch(c.sorted, after+1)
	end := min(len(c.sorted), i+n)
	return c.sorted[i:end], end < len(c.sorted)
}

func (c *checked) read(_ context.Context, after int64, n int) (rows []recheck.Row, err error) {
	c.reads++
	ids, _ := c.rowsAfter(after, n)
	for _, id := range ids {
		rows = append(rows, recheck.Row{ID: id, UID: c.table[id]})
	}
	return rows, nil
}

func (c *checked) lowest() int64 {
	lowest, _ := c.rowsAfter(0, 1)
	if len(lowest) == 0 {
		return 0
	}
	return lowest[0]
}

// slice reads once.
func (c *checked) slice(n int) []recheck.Change {
	c.t.Helper()
	if c.Pruning() {
		changes, err := c.Prune(c.t.Context())
		require.NoError(c.t, err)
		return changes
	}
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
	outcome, err := c.Look(c.t.Context(), next)
	require.NoError(c.t, err)
	if outcome != recheck.Differs {
		return nil
	}
	changes, err := c.Decide(c.t.Context(), c.lowest())
	require.NoError(c.t, err)
	return changes
}

// cycle reads until a cycle ends, and saves now and then.
func (c *checked) cycle() (changes []recheck.Change) {
	c.t.Helper()
	for i := range 10_000 {
		changes = append(changes, c.slice(257)...)
		if i%3 == 0 {
			c.save()
		}
		if _, ended := c.Cycle(date); ended {
			return changes
		}
	}
	require.Fail(c.t, "the cycle does not end")
	return nil
}

// save writes what has changed.
func (c *checked) save() {
	c.t.Helper()
	state, ok := c.Changed(func(number int64, value []byte) {
		delete(c.saved.chunks, number)
		if value != nil {
			c.saved.chunks[number] = slices.Clone(value)
		}
	})
	if !ok {
		return
	}
	var err error
	c.saved.state, err = state.Encode()
	require.NoError(c.t, err)
	c.Saved()
}

// restart continues from what was saved last.
func (c *checked) restart(lastID int64) {
	c.t.Helper()
	state, err := checkpoint.DecodeBackground(c.saved.state)
	require.NoError(c.t, err)
	c.Check, err = recheck.Restore(c.t.Context(), &c.saved, state, "r", lastID, "")
	require.NoError(c.t, err)
}

var errStorage = errors.New("the storage cannot be read")

func edited(id int64, uid string) recheck.Change {
	return recheck.Change{Kind: recheck.Edited, First: id, Last: id, Rows: 1, UID: uid}
}

func deleted(first, last, rows int64) recheck.Change {
	return recheck.Change{Kind: recheck.Deleted, First: first, Last: last, Rows: rows}
}

func inserted(id int64, uid string) recheck.Change {
	return recheck.Change{Kind: recheck.Inserted, First: id, Last: id, Rows: 1, UID: uid}
}
