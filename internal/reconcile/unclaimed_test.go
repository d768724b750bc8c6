// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// rowsFrom returns the rows of leaves, with ids that follow the last.
func rowsFrom(lastID *int64, from, to int64, without ...int64) []translator.Event {
	rows := []translator.Event{}
	gone := map[int64]bool{}
	for _, n := range without {
		gone[n] = true
	}
	for n := from; n < to; n++ {
		if !isBeacon(n) || gone[n] {
			continue
		}
		*lastID++
		e := eventOf(n)
		e.ID = *lastID
		rows = append(rows, e)
	}
	return rows
}

func (l *log) writeLeaves(from, to int64) {
	l.t.Helper()
	var text []byte
	for n := from; n < to; n++ {
		text = appendLine(text, n)
	}
	l.write(text)
}

// Leaves without rows are found when the grace period is over and not before,
// one finding for each run, and once.
func TestLeavesWithoutRows(t *testing.T) {
	log, clock, saved := newLog(t), newClock(), &store{}
	reconciler := log.open(clock, saved, time.Minute)
	log.writeLeaves(0, 10_000)
	var lastID int64
	// Leaf 28 is not a beacon leaf, and ends a run.
	reconciler.Check(t.Context(), rowsFrom(&lastID, 0, 10_000, 0, 10, 11, 12, 27, 29, 4095, 4096, 9999))
	saved.save(t, reconciler, lastID)
	reconciler.Idle(t.Context())
	clock.now = clock.now.Add(59 * time.Second)
	reconciler.Idle(t.Context())
	require.Empty(t, reconciler.Findings())
	require.NoError(t, reconciler.Close())

	reconciler = log.open(clock, saved, time.Minute) // the grace period starts anew
	reconciler.Idle(t.Context())
	clock.now = clock.now.Add(time.Minute)
	reconciler.Idle(t.Context())
	type run struct{ first, last int64 }
	var runs []run
	uids := map[string]bool{}
	for _, f := range reconciler.Findings() {
		assert.Equal(t, translator.IntegrityLeafWithoutRow, f.Kind)
		assert.Contains(t, f.Message, "no row")
		runs = append(runs, run{f.TlogIndex, f.TlogLastIndex})
		uids[f.UID] = true
	}
	want := []run{{0, 0}, {10, 12}, {27, 27}, {29, 29}, {4095, 4096}, {9999, 9999}}
	assert.Equal(t, want, runs)
	assert.Len(t, uids, len(want))

	// Not committed: the next start finds the same.
	require.NoError(t, reconciler.Close())
	reconciler = log.open(clock, saved, time.Minute)
	reconciler.Idle(t.Context())
	clock.now = clock.now.Add(time.Minute)
	reconciler.Idle(t.Context())
	require.Len(t, reconciler.Findings(), len(want))
	for _, f := range reconciler.Findings() {
		assert.True(t, uids[f.UID], "the same finding has the same uid")
	}
	saved.save(t, reconciler, lastID)
	require.NoError(t, reconciler.Close())

	// Committed: nothing is found again, and a row that comes late is verified.
	reconciler = log.open(clock, saved, time.Minute)
	late := eventOf(11)
	lastID++
	late.ID = lastID
	rows := []translator.Event{late}
	reconciler.Check(t.Context(), rows)
	assert.Equal(t, translator.TlogStatusVerified, rows[0].TlogStatus)
	saved.save(t, reconciler, lastID)
	lastID++
	rows[0].ID = lastID
	reconciler.Check(t.Context(), rows)
	assert.Equal(t, translator.TlogStatusDuplicate, rows[0].TlogStatus)
	saved.save(t, reconciler, lastID)
	clock.now = clock.now.Add(time.Hour)
	reconciler.Idle(t.Context())
	clock.now = clock.now.Add(time.Hour)
	reconciler.Idle(t.Context())
	assert.Empty(t, reconciler.Findings())
}

// Rows that were pruned before the first start are not reported.
func TestBeginsWithTheFirstRow(t *testing.T) {
	for name, c := range map[string]struct {
		firstID int64
		runs    int // of leaves without rows, before leaf 101
	}{"the first row of all": {1, 5}, "older rows are gone": {101, 0}} {
		t.Run(name, func(t *testing.T) {
			log, clock, saved := newLog(t), newClock(), &store{}
			reconciler := log.open(clock, saved, 0)
			log.writeLeaves(0, 300)
			lastID := c.firstID - 1
			reconciler.Check(t.Context(), rowsFrom(&lastID, 101, 300))
			saved.save(t, reconciler, lastID)
			reconciler.Idle(t.Context())
			clock.now = clock.now.Add(time.Minute)
			reconciler.Idle(t.Context())
			require.Len(t, reconciler.Findings(), c.runs)
		})
	}
}

// A row that differs from a leaf does not keep the leaf's own row from it.
func TestForgedRowBeforeTheHonestOne(t *testing.T) {
	log, clock, saved := newLog(t), newClock(), &store{}
	reconciler := log.open(clock, saved, 0)
	log.writeLeaves(0, 10)
	forged, honest, repeated := eventOf(5), eventOf(5), eventOf(5)
	forged.ID, honest.ID, repeated.ID = 1, 2, 3
	forged.SourceIP = "192.0.2.8"
	rows := []translator.Event{forged, honest, repeated}
	reconciler.Check(t.Context(), rows)
	assert.Equal(t, translator.TlogStatusMismatch, rows[0].TlogStatus)
	assert.Equal(t, "source_ip", rows[0].TlogMismatch)
	assert.Equal(t, translator.TlogStatusVerified, rows[1].TlogStatus)
	assert.Equal(t, translator.TlogStatusDuplicate, rows[2].TlogStatus)
	findings := reconciler.Findings()
	require.Len(t, findings, 2)
	assert.Equal(t, int64(1), findings[0].EventID)
	assert.Equal(t, forged.UID, findings[0].RowUID)
	assert.Equal(t, int64(3), findings[1].EventID)
}

// Rows whose index is none are missing, and only one that names a leaf is a
// finding.
func TestMissing(t *testing.T) {
	log, clock, saved := newLog(t), newClock(), &store{}
	reconciler := log.open(clock, saved, 0)
	log.writeLeaves(0, 10)
	rows := make([]translator.Event, 5)
	for i, index := range []int64{-1, -2, 10, 1 << 62, 0} {
		rows[i] = eventOf(1)
		rows[i].ID, rows[i].TlogIndex = int64(i+1), index
	}
	rows[4].HasTlogIndex = false
	reconciler.Check(t.Context(), rows)
	for i := range rows {
		assert.Equal(t, translator.TlogStatusMissing, rows[i].TlogStatus, "row %d", i+1)
	}
	ids := func() (ids []int64) {
		for _, f := range reconciler.Findings() {
			ids = append(ids, f.EventID)
		}
		return ids
	}
	assert.Equal(t, []int64{2, 4}, ids())
	saved.rows = rows
	saved.save(t, reconciler, 5)
	clock.now = clock.now.Add(2 * time.Minute)
	reconciler.Idle(t.Context())
	reconciler.LookAgain(t.Context(), time.Second)
	assert.Equal(t, []int64{3}, ids(), "whose leaf might have come")
}

// Rows that are checked again, because a destination refused them, are from before
// there was a log as much as they were at first.
func TestRowsFromBeforeTheLogAreCheckedAgain(t *testing.T) {
	log, clock, saved := newLog(t), newClock(), &store{}
	reconciler := log.open(clock, saved, 0)
	log.writeLeaves(0, 3)
	rows := make([]translator.Event, 4)
	for i := range rows {
		rows[i] = eventOf(int64(max(0, i-1)))
		rows[i].ID = int64(i + 1)
	}
	rows[0].HasTlogIndex, rows[1].HasTlogIndex = false, false
	rows[2].TlogIndex, rows[3].TlogIndex = 1, 2

	reconciler.Check(t.Context(), rows)
	reconciler.Unstage() // they were refused
	reconciler.Check(t.Context(), rows[3:])
	saved.save(t, reconciler, 0) // the last one was accepted ahead of its turn
	reconciler.Check(t.Context(), rows[:1])
	reconciler.Check(t.Context(), rows[:1])
	saved.save(t, reconciler, 1)
	assert.Empty(t, reconciler.Findings())
	reconciler.Check(t.Context(), rows[1:3])
	assert.Empty(t, reconciler.Findings())
	saved.save(t, reconciler, 4)
	assert.Equal(t, int64(1), reconciler.SkippedLeaves(), "the leaf of the first row that has one is 1")

	fresh := eventOf(3)
	fresh.ID, fresh.HasTlogIndex = 5, false
	reconciler.Check(t.Context(), []translator.Event{fresh})
	require.Len(t, reconciler.Findings(), 1, "it is not from before there was a log")
}
