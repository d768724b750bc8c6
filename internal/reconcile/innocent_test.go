// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile_test

import (
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/reconcile"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// scene is a log with a reconciler that has seen its first hundred leaves and their
// rows.
type scene struct {
	t          *testing.T
	log        *log
	clock      *clock
	saved      *store
	reconciler *reconcile.Reconciler
	lastID     int64
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{t: t, log: newLog(t), clock: newClock(), saved: &store{}}
	s.reconciler = s.log.open(s.clock, s.saved, 0)
	s.log.writeLeaves(0, 100)
	s.check("verified", 0, 100)
	s.wait()
	require.Empty(t, s.reconciler.Findings())
	return s
}

// check shows the reconciler the rows of leaves, which must all get that status.
func (s *scene) check(status string, from, to int64) {
	s.t.Helper()
	rows := rowsFrom(&s.lastID, from, to)
	s.saved.rows = append(s.saved.rows, rows...)
	s.reconciler.Check(s.t.Context(), rows)
	for i := range rows {
		require.Equal(s.t, status, rows[i].TlogStatus, "leaf %d", rows[i].TlogIndex)
	}
	s.saved.save(s.t, s.reconciler, s.lastID)
}

// wait lets the grace period go by.
func (s *scene) wait() {
	s.t.Helper()
	for range 3 {
		s.idle()
		s.clock.now = s.clock.now.Add(2 * time.Minute)
	}
	s.idle()
}

// idle is a turn without new rows. What is found is not committed.
func (s *scene) idle() {
	s.t.Helper()
	s.reconciler.Idle(s.t.Context())
	require.NoError(s.t, s.reconciler.Reverify(s.t.Context()))
	for s.reconciler.LookAgain(s.t.Context(), time.Second); s.reconciler.MayLookAgain(); {
		s.reconciler.LookAgain(s.t.Context(), time.Second)
	}
}

func (s *scene) kinds() []string {
	kinds := []string{}
	for _, f := range s.reconciler.Findings() {
		kinds = append(kinds, f.Kind)
	}
	return kinds
}

// Rows that came while the log could not be read are not reported later.
func TestUnreadableLogAccusesNobody(t *testing.T) {
	s := newScene(t)
	s.log.writeLeaves(100, 110)
	require.NoError(t, os.Rename(s.log.path, s.log.path+".away"))
	s.check("unavailable", 100, 110)
	require.ErrorIs(t, s.reconciler.Err(), os.ErrNotExist)
	require.NoError(t, os.Rename(s.log.path+".away", s.log.path))
	s.wait()
	require.NoError(t, s.reconciler.Err())
	s.requireRechecked(97, 105, 9)
}

// requireRechecked requires that the only finding is the record of a second comparison,
// and commits it.
func (s *scene) requireRechecked(first, last, verified int64) {
	s.t.Helper()
	require.Equal(s.t, []string{translator.IntegrityRowsRechecked}, s.kinds())
	f := s.reconciler.Findings()[0]
	require.Equal(s.t, [3]int64{first, last, verified}, [3]int64{f.EventID, f.LastEventID, f.Count}, f.Message)
	require.Equal(s.t, "verified", f.TlogStatus)
	s.saved.save(s.t, s.reconciler, s.lastID)
	s.wait()
	require.Empty(s.t, s.kinds())
	require.Zero(s.t, s.reconciler.WaitingRows())
}

// Another database claims the leaves again, and what are no beacons' leaves are
// still none.
func TestOtherDatabaseMayClaimAgain(t *testing.T) {
	s := newScene(t)
	s.reconciler.Replaced(s.lastID, "uid", "row 96 is another", false)
	s.reconciler.ResetClaims()
	assert.Equal(t, []string{translator.IntegrityDatabaseReplaced}, s.kinds())
	s.lastID = 0
	s.saved.save(t, s.reconciler, s.lastID)
	s.check("verified", 0, 90)
	s.wait()
	// Leaf 78 ended a run, had it had a row.
	require.Len(t, s.reconciler.Findings(), 1)
	f := s.reconciler.Findings()[0]
	assert.Equal(t, translator.IntegrityLeafWithoutRow, f.Kind)
	assert.Equal(t, [2]int64{90, 99}, [2]int64{f.TlogIndex, f.TlogLastIndex})
}

// After a checkpoint was lost, rows are delivered again; after one that was moved
// without checking, some were not checked. Neither makes a finding.
func TestCheckpointElsewhere(t *testing.T) {
	t.Run("before", func(t *testing.T) {
		s := newScene(t)
		require.NoError(t, s.reconciler.Close())
		s.saved.last, s.lastID = 0, 0
		s.reconciler = s.log.open(s.clock, s.saved, 0)
		s.check("verified", 0, 100)
		s.wait()
		assert.Empty(t, s.kinds())
	})
	t.Run("after", func(t *testing.T) {
		s := newScene(t)
		require.NoError(t, s.reconciler.Close())
		s.log.writeLeaves(100, 200)
		rowsFrom(&s.lastID, 100, 150) // delivered by a receiver that did not check
		s.saved.last = s.lastID
		s.reconciler = s.log.open(s.clock, s.saved, 0)
		s.check("verified", 150, 200)
		s.wait()
		assert.Empty(t, s.kinds())
		s.check("duplicate", 10, 20) // what was known before counts
	})
}

// A log that is copied into its place is short for a moment. That is no finding, unless
// it stays so.
func TestLogThatShrinksAndComesBack(t *testing.T) {
	s := newScene(t)
	whole, err := os.ReadFile(s.log.path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(s.log.path, whole[:len(whole)/2], 0o600))
	s.reconciler.Idle(t.Context())
	require.Empty(t, s.kinds())
	require.NoError(t, os.WriteFile(s.log.path, whole, 0o600))
	s.wait()
	assert.Empty(t, s.kinds())

	require.NoError(t, os.WriteFile(s.log.path, whole[:len(whole)/2], 0o600))
	s.reconciler.Idle(t.Context())
	s.wait()
	require.Equal(t, []string{translator.IntegrityLogRewritten, translator.IntegrityRowsRechecked, translator.IntegrityRowsRechecked}, s.kinds())
	for i, status := range []string{translator.TlogStatusVerified, translator.TlogStatusMismatch} { // half of the rows each
		f := s.reconciler.Findings()[1+i]
		assert.Equal(t, status, f.TlogStatus)
		assert.Equal(t, [3]int64{1, 96, 48}, [3]int64{f.EventID, f.LastEventID, f.Count}, f.Message)
	}
	s.saved.save(t, s.reconciler, s.lastID)
	s.wait()
	require.Empty(t, s.kinds())
	s.saved.save(t, s.reconciler, s.lastID)
	require.NoError(t, os.WriteFile(s.log.path, whole, 0o600))
	s.wait()
	s.requireRechecked(49, 96, 48)
}

// A leaf that is written, or copied, later than a row waits for it is no finding within
// the grace period, and one after it.
func TestLeafThatIsLate(t *testing.T) {
	s := newScene(t)
	s.check("missing", 100, 102)
	s.clock.now = s.clock.now.Add(50 * time.Second)
	s.idle()
	require.Empty(t, s.kinds())
	s.log.writeLeaves(100, 102)
	s.idle()
	s.requireRechecked(97, 98, 2)

	s.log.writeLeaves(102, 104)
	s.check("verified", 102, 104)
	s.check("missing", 104, 106)
	s.wait()
	require.Equal(t, []string{translator.IntegrityRowMismatch, translator.IntegrityRowMismatch}, s.kinds())
	s.saved.save(t, s.reconciler, s.lastID)
	s.wait()
	require.Empty(t, s.kinds(), "once")
	s.log.writeLeaves(104, 106)
	s.idle()
	s.requireRechecked(100, 101, 2)
}

// Rows that come while another one waits for its leaf in vain do not wait as well.
func TestRowsDoNotWaitOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const wait = 2 * time.Second
		log, clock, saved := newLog(t), newClock(), &store{}
		log.writeLeaves(0, 10)
		reconciler := log.open(clock, saved, wait)
		lastID := int64(0)
		check := func(leaf int64, status string, want time.Duration) {
			t.Helper()
			rows := rowsFrom(&lastID, leaf, leaf+1)
			saved.rows = append(saved.rows, rows...)
			began := time.Now()
			reconciler.Check(t.Context(), rows)
			took := time.Since(began)
			require.Equal(t, want, took, "leaf %d", leaf)
			require.Equal(t, status, rows[0].TlogStatus, "leaf %d", leaf)
			saved.save(t, reconciler, lastID)
		}
		check(4, translator.TlogStatusVerified, 0)
		check(10, translator.TlogStatusMissing, wait)
		check(11, translator.TlogStatusMissing, 0)
		log.writeLeaves(10, 14)
		check(12, translator.TlogStatusVerified, 0)
		clock.now = clock.now.Add(wait)
		check(14, translator.TlogStatusMissing, wait)
		require.NoError(t, reconciler.Close())
	})
}

// A row whose leaf never comes is a finding soon after the grace period, also where all
// others are late as well, and after restarts.
func TestRowWithoutLeafAmongLateOnes(t *testing.T) {
	const copied = 20 * time.Second // the time between two copies of the log
	s := newScene(t)
	var found []translator.Integrity
	forged := int64(0)
	for i := range int64(12) {
		from := 200 + 10*i
		if i == 0 {
			s.log.writeLeaves(100, 200)
			s.check("verified", 100, 200)
		}
		s.check("missing", from, from+10)
		if i == 3 {
			s.lastID++
			row := eventOf(0)
			row.ID, row.TlogIndex, forged = s.lastID, 10_000, s.lastID
			s.saved.rows = append(s.saved.rows, row)
			s.reconciler.Check(t.Context(), []translator.Event{row})
			s.saved.save(t, s.reconciler, s.lastID)
		}
		s.clock.now = s.clock.now.Add(copied)
		s.idle()
		s.log.writeLeaves(from, from+10)
		s.idle()
		for _, f := range s.reconciler.Findings() {
			if f.Kind != translator.IntegrityRowsRechecked {
				found = append(found, f)
			}
		}
		s.saved.save(t, s.reconciler, s.lastID)
		if i == 5 {
			require.NoError(t, s.reconciler.Close())
			s.reconciler = s.log.open(s.clock, s.saved, 0)
		}
		require.Equal(t, i >= 10, len(found) > 0, "copy %d", i)
	}
	require.Len(t, found, 1)
	require.Equal(t, translator.IntegrityRowMismatch, found[0].Kind)
	require.Equal(t, forged, found[0].EventID)
}

// A row may name no leaf as long as none did, as where a registry had no log.
func TestRowsFromBeforeTheLog(t *testing.T) {
	log, clock, saved := newLog(t), newClock(), &store{}
	reconciler := log.open(clock, saved, 0)
	log.writeLeaves(0, 10)
	rows := make([]translator.Event, 4)
	for i := range rows {
		rows[i] = eventOf(0)
		rows[i].ID, rows[i].HasTlogIndex = int64(i+1), i == 2
	}
	reconciler.Check(t.Context(), rows)
	findings := reconciler.Findings()
	require.Len(t, findings, 1)
	assert.Equal(t, int64(4), findings[0].EventID, "after one that names a leaf")
	assert.False(t, findings[0].HasTlogIndex)
}
