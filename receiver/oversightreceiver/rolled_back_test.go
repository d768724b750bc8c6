// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/registrygen"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// walSuffixes are of the files that hold a database, as a power failure leaves them.
var walSuffixes = []string{"", "-wal"}

// copyDatabase copies a database that nobody writes to, with its write-ahead log, and
// returns what puts the copy back in its place.
func copyDatabase(t *testing.T, database string) (putBack func()) {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	copyFiles(t, database, to)
	return func() {
		t.Helper()
		err := os.Remove(database + "-shm")
		require.True(t, err == nil || errors.Is(err, fs.ErrNotExist), err)
		copyFiles(t, to, database)
	}
}

// copyFiles copies a database and its log over another one. The log comes first: a receiver
// that reads in between sees the rows of the copy, and not a database that lacks all of them.
func copyFiles(t *testing.T, from, to string) {
	t.Helper()
	for _, suffix := range slices.Backward(walSuffixes) {
		data, err := os.ReadFile(from + suffix)
		if errors.Is(err, fs.ErrNotExist) {
			_ = os.Remove(to + suffix)
			continue
		}
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(to+suffix+".new", data, 0o600))
		require.NoError(t, os.Rename(to+suffix+".new", to+suffix)) // another file, for readers that have it open
	}
}

// keepWAL keeps a connection to a database open, so that its write-ahead log stays,
// until it is closed.
func keepWAL(t *testing.T, database string) (closeDB func()) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+database)
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	var rows int
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT count(*) FROM events").Scan(&rows))
	closed := false
	closeDB = func() {
		if !closed {
			closed = true
			require.NoError(t, db.Close())
		}
	}
	t.Cleanup(closeDB)
	return closeDB
}

// rolledBackRecords are the records of that kind.
func (r *records) ofKind(kind string) []finding {
	_, findings := r.all()
	return slices.DeleteFunc(findings, func(f finding) bool { return f.Kind != kind })
}

// recordsSetup is a receiver without a log, whose records are kept.
type recordsSetup struct {
	*logSetup
}

// newRecordsSetup is for a database.
func newRecordsSetup(t *testing.T, database string) *recordsSetup {
	t.Helper()
	s := &recordsSetup{&logSetup{setup: newSetup(t, database), t: t, records: &records{}}}
	s.config.BatchSize = 100
	return s
}

// tokens are those of the events that were delivered.
func (r *records) tokens() []string {
	events, _ := r.all()
	tokens := make([]string, len(events))
	for i := range events {
		tokens[i] = events[i].TokenID
	}
	return tokens
}

func (r *records) waitForTokens(t *testing.T, want []string) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) { assert.Equal(c, want, r.tokens()) }, patience, time.Millisecond)
}

// A thousand rows were delivered when a power failure takes back the last forty, or six
// hundred, and the registry assigns their ids again: these ids are a record, the new rows
// are delivered, and none of the other 960 is delivered twice.
func TestPowerFailure(t *testing.T) {
	for _, live := range []bool{true, false} {
		for _, test := range [][2]int{{40, 0}, {40, 1}, {40, 40}, {40, 70}, {600, 0}, {600, 70}} {
			lost, assigned := test[0], test[1]
			t.Run(fmt.Sprintf("%s/%d/%d", map[bool]string{true: "live", false: "down"}[live], lost, assigned), func(t *testing.T) {
				s := newRecordsSetup(t, newDatabase(t))
				s.config.OnDatabaseReplaced = ReplacedStop // which is for another database
				closeDB := keepWAL(t, s.config.Database)
				execute(t, s.config.Database, insert("t", 960))
				putBack := copyDatabase(t, s.config.Database)
				execute(t, s.config.Database, insert("lost", lost))
				want := append(tokenRange("t", 1, 960), tokenRange("lost", 1, lost)...)
				stop := s.run()
				s.records.waitForTokens(t, want)
				if !live {
					stop()
				}
				closeDB()
				putBack()
				if assigned > 0 {
					execute(t, s.config.Database, insert("new", assigned))
					want = append(want, tokenRange("new", 1, assigned)...)
				}
				if !live {
					stop = s.run()
				}
				s.records.waitForTokens(t, want)
				require.EventuallyWithT(t, func(c *assert.CollectT) {
					assert.Equal(c, []string{translator.IntegrityRowsRolledBack}, s.records.kinds())
				}, patience, time.Millisecond)
				stop()
				s.run()()
				assert.Equal(t, want, s.records.tokens())
				found := s.records.ofKind(translator.IntegrityRowsRolledBack)
				require.NotEmpty(t, found)
				assert.Equal(t, int64(961), found[0].EventID)
				if len(found) == 1 { // otherwise the poller saw a state in between
					assert.Equal(t, int64(960+lost), found[0].LastEventID)
					assert.Equal(t, int64(lost), found[0].Count)
				}
				assert.NotZero(t, s.logs.FilterMessageSnippet("The database went back").Len())
				assert.Zero(t, s.logs.FilterMessageSnippet("was replaced").Len())
			})
		}
	}
}

// The same where a backup is copied over the files while the receiver has them open. The
// new rows are written as the lost ones were, so that the numbers in the header of a
// database without a write-ahead log are the same.
func TestBackupCopiedOverALiveDatabase(t *testing.T) {
	for _, mode := range []string{"WAL", "DELETE"} {
		for _, withLog := range []bool{false, true} {
			t.Run(mode+map[bool]string{false: "/closed", true: "/with its log"}[withLog], func(t *testing.T) {
				s := newRecordsSetup(t, newDatabase(t, "PRAGMA journal_mode="+mode, insert("t", 960)))
				to, closeDB := filepath.Join(t.TempDir(), "copy"), func() {}
				if withLog {
					closeDB = keepWAL(t, s.config.Database)
					execute(t, s.config.Database, insert("u", 10))
				} else {
					execute(t, s.config.Database, insert("u", 10))
				}
				copyFiles(t, s.config.Database, to)
				execute(t, s.config.Database, insert("lost", 40))
				want := append(append(tokenRange("t", 1, 960), tokenRange("u", 1, 10)...), tokenRange("lost", 1, 40)...)
				defer s.run()()
				s.records.waitForTokens(t, want)
				closeDB()
				copyOver(t, to, s.config.Database)
				execute(t, s.config.Database, insert("new", 40))
				// While the database is there without its log, it seems to have gone back further.
				again := append(slices.Clone(want), append(tokenRange("u", 1, 10), tokenRange("new", 1, 40)...)...)
				want = append(want, tokenRange("new", 1, 40)...)
				require.Eventually(t, func() bool {
					delivered := s.records.tokens()
					return slices.Equal(delivered, want) || withLog && slices.Equal(delivered, again)
				}, patience, time.Millisecond)
				require.EventuallyWithT(t, func(c *assert.CollectT) {
					assert.Equal(c, []string{translator.IntegrityRowsRolledBack}, slices.Compact(s.records.kinds()))
				}, patience, time.Millisecond)
			})
		}
	}
}

// copyOver copies a database and its log over another one, as cp does: into the same
// files.
func copyOver(t *testing.T, from, to string) {
	t.Helper()
	for _, suffix := range walSuffixes {
		data, err := os.ReadFile(from + suffix)
		if errors.Is(err, fs.ErrNotExist) {
			_ = os.Remove(to + suffix)
			continue
		}
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(to+suffix, data, 0o600))
	}
}

// The same with a transparency log, which keeps the leaves of the rows that are gone:
// their events were delivered, and no leaf is accused.
func TestPowerFailureUnderTheSameLog(t *testing.T) {
	a := newLogSetup(t, 0)
	require.NoError(t, a.registry.Close())
	a.settings.Style = registrygen.Rust
	a.open()
	a.write(60)
	putBack := copyDatabase(t, a.settings.Database)
	a.write(40)
	stop := a.run()
	a.waitForEvents(map[string]int{"verified": 100})
	stop()
	require.NoError(t, a.registry.Close())
	putBack()
	a.open()
	a.write(55)
	stop = a.run()
	a.waitForEvents(map[string]int{"verified": 155})
	stop()
	a.run()
	a.write(5)
	a.waitForEvents(map[string]int{"verified": 160})
	a.waitForGrace()
	assert.Len(t, a.records.ofKind(translator.IntegrityLeafWithoutRow), 1, "the leaf that waitForGrace left without a row")
	found := a.records.ofKind(translator.IntegrityRowsRolledBack)
	require.Len(t, found, 1)
	assert.Equal(t, []int64{61, 100, 40}, []int64{found[0].EventID, found[0].LastEventID, found[0].Count})
	_, findings := a.records.all()
	assert.Len(t, findings, 2)
}

// Rows wait for a second comparison, and the destination accepts nothing, when the database
// goes back and the log can be read again. The rows that are gone are no deleted ones, and
// none of their leaves is accused.
func TestPowerFailureWhileRowsWait(t *testing.T) {
	a := newLogSetup(t, 0)
	a.log.Wait = 0
	a.config.BatchSize = 30
	a.write(20)
	putBack := copyDatabase(t, a.settings.Database)
	a.write(11)
	require.NoError(t, a.registry.Close())
	require.NoError(t, os.Rename(a.log.Leaves, a.log.Leaves+".away"))
	var accepts atomic.Bool
	var calls atomic.Int64
	a.records.answer = func(call int) error {
		calls.Store(int64(call))
		if call > 1 && !accepts.Load() {
			return errors.New("busy")
		}
		return nil
	}
	a.run()
	require.Eventually(t, func() bool { return calls.Load() > 2 }, patience, time.Millisecond)
	putBack()
	require.NoError(t, os.Rename(a.log.Leaves+".away", a.log.Leaves))
	for range 2 {
		before := calls.Load()
		require.Eventually(t, func() bool { return calls.Load() > before+3 }, patience, time.Millisecond)
	}
	accepts.Store(true)
	a.open()
	a.write(3)
	require.Eventually(t, func() bool { // row 31 is sent twice if its reduced form was accepted first
		events, _ := a.records.all()
		return events[len(events)-1].ID == 23
	}, patience, time.Millisecond)
	assert.Equal(t, 30, a.records.statuses()["unavailable"])
	assert.Len(t, a.records.statuses(), 2, "and the others are verified")
	a.waitForGrace()
	assert.Len(t, a.records.ofKind(translator.IntegrityLeafWithoutRow), 1, "the leaf that waitForGrace left without a row")
	found := a.records.ofKind(translator.IntegrityRowsRolledBack)
	require.Len(t, found, 1)
	assert.Equal(t, []int64{21, 31, 11}, []int64{found[0].EventID, found[0].LastEventID, found[0].Count})
	rechecked := a.records.ofKind(translator.IntegrityRowsRechecked)
	require.Len(t, rechecked, 1)
	assert.Equal(t, []int64{1, 20, 20}, []int64{rechecked[0].EventID, rechecked[0].LastEventID, rechecked[0].Count})
	_, findings := a.records.all()
	assert.Len(t, findings, 3)
}

// Rows that were changed before the database went back are told once, and are part of
// what it has in common with what was delivered.
func TestPowerFailureAfterChanges(t *testing.T) {
	s := newRecordsSetup(t, newDatabase(t, insert("t", 300)))
	want := tokenRange("t", 1, 300)
	s.run()
	s.records.waitForTokens(t, want)
	s.waitForCycle(t)
	for i, change := range []struct{ statement, kind string }{
		{"UPDATE events SET token_id = 'edited' WHERE id = 280", translator.IntegrityRowEdited},
		{"DELETE FROM events WHERE id = 281", translator.IntegrityRowDeleted},
		{"UPDATE events SET token_id = 'edited' WHERE id = 297", translator.IntegrityRowEdited},
		{"DELETE FROM events WHERE id = 298", translator.IntegrityRowDeleted},
	} {
		execute(t, s.config.Database, change.statement)
		assert.Equal(t, change.kind, s.waitForFindings(t, i+1)[i].Kind)
	}
	execute(t, s.config.Database, "DELETE FROM events WHERE id > 290", "UPDATE sqlite_sequence SET seq = 290", insert("new", 20))
	s.records.waitForTokens(t, append(want, tokenRange("new", 1, 20)...))
	for range 2 {
		s.waitForCycle(t)
	}
	found := s.waitForFindings(t, 5)[4]
	assert.Equal(t, translator.IntegrityRowsRolledBack, found.Kind)
	assert.Equal(t, []int64{291, 300, 9}, []int64{found.EventID, found.LastEventID, found.Count}, "row 298 had been deleted")
}

// A registry that was renamed while its database went back is the same registry.
func TestPowerFailureOfARenamedRegistry(t *testing.T) {
	s := newRecordsSetup(t, newDatabase(t, insert("t", 20)))
	stop := s.run()
	s.records.waitForTokens(t, tokenRange("t", 1, 20))
	stop()
	execute(t, s.config.Database, "DELETE FROM events WHERE id > 15", "UPDATE sqlite_sequence SET seq = 15", insert("new", 5))
	s.config.RegistryID = "renamed"
	stop = s.run()
	s.records.waitForTokens(t, append(tokenRange("t", 1, 20), tokenRange("new", 1, 5)...))
	stop()
	execute(t, s.config.Database, "DELETE FROM events WHERE id > 10", "UPDATE sqlite_sequence SET seq = 10", insert("newer", 9))
	s.run()
	s.records.waitForTokens(t, append(append(tokenRange("t", 1, 20), tokenRange("new", 1, 5)...), tokenRange("newer", 1, 9)...))
}

// A restored backup that lacks more rows than are known one by one: the fingerprints say
// which rows it has, and only what came after it is delivered.
func TestRestoredBackup(t *testing.T) {
	for name, test := range map[string]struct{ kept, lost, assigned int }{
		"800 rows, 500 are lost":   {300, 500, 50},
		"and nothing is written":   {300, 500, 0},
		"as many are written":      {300, 500, 500},
		"and more":                 {300, 500, 700},
		"one is left":              {1, 500, 20},
		"9,000 rows, 700 are lost": {8300, 700, 50},
		"a backup of long ago":     {2000, 7000, 3000},
		"440 rows, 100 are lost":   {340, 100, 60},
	} {
		for _, live := range []bool{false, true} {
			t.Run(name+map[bool]string{false: "/down", true: "/live"}[live], func(t *testing.T) {
				s := newRecordsSetup(t, newDatabase(t, insert("t", test.kept)))
				s.config.BatchSize = 1000
				s.config.OnDatabaseReplaced = ReplacedStop
				putBack := copyDatabase(t, s.config.Database)
				execute(t, s.config.Database, insert("lost", test.lost))
				stop := s.run()
				want := append(tokenRange("t", 1, test.kept), tokenRange("lost", 1, test.lost)...)
				s.records.waitForTokens(t, want)
				if !live {
					stop()
				}
				putBack()
				if test.assigned > 0 {
					execute(t, s.config.Database, insert("new", test.assigned))
				}
				want = append(want, tokenRange("new", 1, test.assigned)...)
				for range 2 {
					if !live {
						stop = s.run()
					}
					s.records.waitForTokens(t, want)
					s.waitForCycle(t)
					stop()
					live = false
				}
				_, findings := s.records.all()
				require.NotEmpty(t, findings)
				assert.Equal(t, []string{translator.IntegrityRowsRolledBack}, s.records.kinds())
				if len(findings) == 1 { // otherwise the poller saw a state in between
					assert.Equal(t, []int64{int64(test.kept) + 1, int64(test.kept + test.lost), int64(test.lost)}, []int64{findings[0].EventID, findings[0].LastEventID, findings[0].Count})
				}
			})
		}
	}
}

// The same with a transparency log: no event is a duplicate, and no leaf is accused.
func TestRestoredBackupUnderTheSameLog(t *testing.T) {
	for _, live := range []bool{false, true} {
		a := newLogSetup(t, 0)
		a.config.BatchSize = 1000
		require.NoError(t, a.registry.Fill(t.Context(), 300))
		putBack := copyDatabase(t, a.settings.Database)
		require.NoError(t, a.registry.Fill(t.Context(), 500))
		stop := a.run()
		a.waitForEvents(map[string]int{"verified": 800})
		if !live {
			stop()
		}
		require.NoError(t, a.registry.Close())
		putBack()
		a.open()
		a.write(5)
		if !live {
			stop = a.run()
		}
		a.waitForEvents(map[string]int{"verified": 805})
		stop()
		a.run()
		a.waitForGrace()
		a.write(1)
		a.waitForEvents(map[string]int{"verified": 806})
		for _, f := range a.records.ofKind(translator.IntegrityRowsRolledBack) {
			assert.Equal(t, []int64{301, 800, 500}, []int64{f.EventID, f.LastEventID, f.Count})
		}
		_, findings := a.records.all()
		assert.Len(t, findings, 2, "the record, and the leaf that waitForGrace left without a row")
	}
}

// A database that goes back again and again goes on from there each time.
func TestGoesBackAgain(t *testing.T) {
	s := newRecordsSetup(t, newDatabase(t, insert("t", 1000)))
	s.config.BatchSize = 500
	want := tokenRange("t", 1, 1000)
	s.run()
	s.records.waitForTokens(t, want)
	for i, kept := range []int{600, 250, 220, 100} {
		word := fmt.Sprint("new", i, "-")
		execute(t, s.config.Database, fmt.Sprintf("DELETE FROM events WHERE id > %d; UPDATE sqlite_sequence SET seq = %d; %s", kept, kept, insert(word, 40)))
		want = append(want, tokenRange(word, 1, 40)...)
		s.records.waitForTokens(t, want)
		s.waitForCycle(t)
	}
	assert.Equal(t, []string{translator.IntegrityRowsRolledBack}, s.records.kinds())
}

// While no fingerprints are kept, a power failure takes rows back, and as many others get
// their ids: what was kept before is of no use then, and accuses nobody.
func TestPowerFailureWhileRecheckIsOff(t *testing.T) {
	s := newRecordsSetup(t, newDatabase(t, insert("t", 300)))
	s.config.BatchSize = 1000
	want := tokenRange("t", 1, 300)
	rate := s.config.Recheck.Rate
	for _, word := range []string{"", "new", "newer"} {
		if s.config.Recheck.Rate = 0; word == "" {
			s.config.Recheck.Rate = rate
		} else {
			execute(t, s.config.Database, "DELETE FROM events WHERE id > 260; UPDATE sqlite_sequence SET seq = 260; "+insert(word, 40))
			want = append(want, tokenRange(word, 1, 40)...)
		}
		stop := s.run()
		s.records.waitForTokens(t, want)
		stop()
	}
	s.config.Recheck.Rate = rate
	s.run()
	for range 3 {
		s.waitForCycle(t)
	}
	assert.Equal(t, []string{translator.IntegrityRowsRolledBack}, s.records.kinds())
	assert.NotZero(t, s.logs.FilterMessageSnippet("fingerprints of delivered rows begin anew").Len())
	execute(t, s.config.Database, "UPDATE events SET token_id = 'edited' WHERE id = 280")
	assert.Equal(t, translator.IntegrityRowEdited, s.waitForFindings(t, 3)[2].Kind)
}

// Somebody changes a column of all rows: nothing is left in common with what was delivered.
// That is a finding also without a transparency log.
func TestAllRowsAreChangedWithoutALog(t *testing.T) {
	s := newRecordsSetup(t, newDatabase(t, insert("t", 300)))
	stop := s.run()
	want := tokenRange("t", 1, 300)
	s.records.waitForTokens(t, want)
	events, _ := s.records.all()
	last := events[299].UID
	execute(t, s.config.Database, "UPDATE events SET user_agent = 'another'")
	want = append(want, want...)
	s.records.waitForTokens(t, want)
	found := s.waitForFindings(t, 1)[0]
	assert.Equal(t, translator.IntegrityDatabaseReplaced, found.Kind)
	assert.Equal(t, int64(300), found.EventID)
	assert.Equal(t, last, found.RowUID)
	stop()
	s.run()
	s.waitForCycle(t)
	assert.Len(t, s.waitForFindings(t, 1), 1)
}
