// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/recheck"
	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

var regexpStarted = regexp.MustCompile(`"started":"[^"]*"`)

// waitForFindings returns the findings and records when there are so many.
func (s *recordsSetup) waitForFindings(t *testing.T, n int) []finding {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		s.clock.advance(time.Second)
		_, findings := s.records.all()
		assert.Len(c, findings, n)
	}, patience, 5*time.Millisecond)
	_, findings := s.records.all()
	return findings
}

// waitForCycle waits until all rows that were delivered were looked at twice.
func (s *logSetup) waitForCycle(t *testing.T) {
	t.Helper()
	for range 2 {
		before := s.started()
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			s.clock.advance(time.Second)
			assert.NotEqual(c, before, s.started())
		}, patience, 5*time.Millisecond)
	}
}

// started is when the cycle began that is saved.
func (s *logSetup) started() string {
	return regexpStarted.FindString(s.memory.stateOf("background"))
}

// Rows that are edited, deleted or inserted after they were delivered are findings that
// name the row, each once, also when that happens while the receiver is down.
func TestPastIsWatched(t *testing.T) {
	for name, test := range map[string]struct {
		change string
		kind   string
		id     int64
	}{
		"edited":   {"UPDATE events SET user_agent = 'another' WHERE id = 17", translator.IntegrityRowEdited, 17},
		"deleted":  {"DELETE FROM events WHERE id = 300", translator.IntegrityRowDeleted, 300},
		"inserted": {"INSERT INTO events(id, token_id, kind, timestamp) VALUES (350, 'x', 'dns', 1)", translator.IntegrityRowInserted, 350},
		"a range":  {"DELETE FROM events WHERE id BETWEEN 101 AND 110", translator.IntegrityRowDeleted, 101},
		"pruned":   {"DELETE FROM events WHERE id < 50", translator.IntegrityRowsPruned, 1},
	} {
		for _, down := range []bool{false, true} {
			t.Run(name+map[bool]string{false: "/live", true: "/down"}[down], func(t *testing.T) {
				s := newRecordsSetup(t, newDatabase(t, insert("t", 400), "DELETE FROM events WHERE id = 350"))
				stop := s.run()
				require.EventuallyWithT(t, func(c *assert.CollectT) { assert.Len(c, s.records.tokens(), 399) }, patience, time.Millisecond)
				if down {
					stop()
				}
				execute(t, s.config.Database, test.change)
				if down {
					stop = s.run()
				}
				found := s.waitForFindings(t, 1)[0]
				assert.Equal(t, test.kind, found.Kind)
				assert.Equal(t, test.id, found.EventID)
				s.waitForCycle(t)
				stop()
				s.run()
				execute(t, s.config.Database, insert("new", 5))
				s.waitForCycle(t)
				_, findings := s.records.all()
				assert.Len(t, findings, 1, "one finding for each change")
				assert.Len(t, s.records.tokens(), 404)
			})
		}
	}
}

// With rate 0, and without a storage, rows are not looked at again.
func TestRecheckIsOff(t *testing.T) {
	for _, off := range []func(*Config){func(c *Config) { c.Recheck.Rate = 0 }, func(c *Config) { c.StorageID = nil }} {
		s := newRecordsSetup(t, newDatabase(t, insert("t", 40)))
		off(s.config)
		s.run()
		s.records.waitForTokens(t, tokenRange("t", 1, 40))
		execute(t, s.config.Database, "UPDATE events SET user_agent = 'another' WHERE id = 17")
		s.clock.advance(time.Hour)
		execute(t, s.config.Database, insert("n", 1))
		s.records.waitForTokens(t, append(tokenRange("t", 1, 40), "n1"))
		assert.Empty(t, s.memory.stateOf("background"))
		assert.Empty(t, s.records.kinds())
	}
}

// With a log, an edit is named with the columns that its leaf says otherwise.
func TestEditedRowNamesTheColumns(t *testing.T) {
	a := newLogSetup(t, 30)
	stop := a.run()
	a.waitForEvents(map[string]int{"verified": 30})
	stop()
	execute(t, a.settings.Database, "UPDATE events SET source_ip = '203.0.113.99' WHERE id = 11")
	a.run()
	found := (&recordsSetup{a}).waitForFindings(t, 1)[0]
	assert.Equal(t, translator.IntegrityRowEdited, found.Kind)
	assert.Equal(t, int64(11), found.EventID)
	assert.Equal(t, "source_ip", found.TlogMismatch)
	assert.True(t, found.HasTlogIndex)
}

// Each of several rows of a chunk that have changed is named, an edited one with its uid
// and the columns in which its leaf differs.
func TestSeveralChangedRowsAreNamed(t *testing.T) {
	a := newLogSetup(t, 300)
	a.config.BatchSize = 100
	stop := a.run()
	a.waitForEvents(map[string]int{"verified": 300})
	stop()
	execute(t, a.settings.Database, "UPDATE events SET source_ip = '203.0.113.99' WHERE id IN (11, 12, 200)", "DELETE FROM events WHERE id IN (100, 150)")
	uids := map[int64]string{}
	for _, row := range rowUIDs(t, a.config) {
		uids[row.ID] = row.UID
	}
	a.run()
	kinds := map[int64]string{}
	for _, f := range (&recordsSetup{a}).waitForFindings(t, 5) {
		kinds[f.EventID] = f.Kind
		assert.Zero(t, f.LastEventID)
		assert.Equal(t, uids[f.EventID], f.RowUID)
		if f.Kind == translator.IntegrityRowEdited {
			assert.Equal(t, "source_ip", f.TlogMismatch)
			assert.NotEmpty(t, f.RowUID)
		}
	}
	const edited, deleted = translator.IntegrityRowEdited, translator.IntegrityRowDeleted
	assert.Equal(t, map[int64]string{11: edited, 12: edited, 200: edited, 100: deleted, 150: deleted}, kinds)
}

// rowUIDs are those of the rows that the database has.
func rowUIDs(t *testing.T, config *Config) []registry.RowUID {
	t.Helper()
	reader := registry.Open(registry.Settings{Path: config.Database, RegistryID: config.RegistryID})
	rows, _, err := reader.RowUIDs(t.Context(), 0, 10_000, nil)
	require.NoError(t, err)
	require.NoError(t, reader.Close())
	return rows
}

// All rows of one recipient are deleted: each is named.
func TestRowsOfARecipientAreDeleted(t *testing.T) {
	for _, down := range []bool{false, true} {
		s := newRecordsSetup(t, newDatabase(t, insert("t", 2000), "UPDATE events SET recipient_id = 'r' WHERE id % 100 = 37"))
		s.config.BatchSize = 500
		stop := s.run()
		require.EventuallyWithT(t, func(c *assert.CollectT) { assert.Len(c, s.records.tokens(), 2000) }, patience, time.Millisecond)
		if down {
			stop()
		}
		execute(t, s.config.Database, "DELETE FROM events WHERE recipient_id = 'r'")
		if down {
			s.run()
		}
		found := s.waitForFindings(t, 20)
		slices.SortFunc(found, func(a, b finding) int { return int(a.EventID - b.EventID) })
		for i, f := range found {
			assert.Equal(t, translator.IntegrityRowDeleted, f.Kind)
			assert.Equal(t, int64(i*100+37), f.EventID)
			assert.Zero(t, f.LastEventID)
			assert.Equal(t, fmt.Sprintf("Row %d was deleted after it had been delivered.", f.EventID), f.Message)
		}
		s.waitForCycle(t)
		_, findings := s.records.all()
		assert.Len(t, findings, 20, "one finding for each row")
	}
}

// A migration that rewrites a column makes one finding for 256 ids. While the destination
// accepts none, the check waits, and no finding is merged. The last row stays as it is, or
// the database would be another one.
func TestMigration(t *testing.T) {
	const rows = 1000
	s := newRecordsSetup(t, newDatabase(t, insert("t", rows)))
	s.config.BatchSize = 500
	var accepts atomic.Bool
	accepts.Store(true)
	var calls atomic.Int64
	s.records.answer = func(int) error {
		calls.Add(1)
		if !accepts.Load() {
			return errors.New("busy")
		}
		return nil
	}
	s.run()
	require.EventuallyWithT(t, func(c *assert.CollectT) { assert.Len(c, s.records.tokens(), rows) }, patience, time.Millisecond)
	s.waitForCycle(t)
	execute(t, s.config.Database, "UPDATE events SET user_agent = 'migrated' WHERE id < 1000")
	found := s.waitForFindings(t, 4)
	slices.SortFunc(found, func(a, b finding) int { return int(a.EventID - b.EventID) })
	for i, want := range [][3]int64{{1, 255, 255}, {256, 511, 256}, {512, 767, 256}, {768, 999, 232}} {
		assert.Equal(t, translator.IntegrityRowEdited, found[i].Kind)
		assert.Equal(t, want, [3]int64{found[i].EventID, found[i].LastEventID, found[i].Count})
	}
	accepts.Store(false)
	execute(t, s.config.Database, "UPDATE events SET user_agent = 'again' WHERE id % 2 = 1")
	waiting := func() (n int) {
		s.memory.mu.Lock()
		defer s.memory.mu.Unlock()
		for key := range s.memory.data {
			if strings.HasPrefix(key, "outbox/") {
				n++
			}
		}
		return n
	}
	require.Eventually(t, func() bool {
		s.clock.advance(time.Second)
		return waiting() > maxRecheckFindings
	}, patience, 5*time.Millisecond)
	before := calls.Load()
	require.Eventually(t, func() bool {
		s.clock.advance(10 * time.Second) // much longer than a cycle
		return calls.Load() > before+10
	}, patience, time.Millisecond)
	assert.LessOrEqual(t, waiting(), maxRecheckFindings+128, "the check waits")
	accepts.Store(true)
	s.waitForFindings(t, 4+rows/2)
	assert.Zero(t, s.logs.FilterMessageSnippet("Merged findings").Len())
}

// Damaged fingerprints begin anew, and nothing is delivered again.
func TestDamagedFingerprints(t *testing.T) {
	for key, line := range map[string]string{
		"background":   "fingerprints of delivered rows begin anew",
		"background/0": "Fingerprints of delivered rows are damaged",
		"background/1": "fingerprints of delivered rows begin anew", // rows are added to it
	} {
		t.Run(key, func(t *testing.T) {
			s := newRecordsSetup(t, newDatabase(t, insert("t", 400)))
			stop := s.run()
			s.records.waitForTokens(t, tokenRange("t", 1, 400))
			stop()
			s.memory.mu.Lock()
			require.NotEmpty(t, s.memory.data[key])
			s.memory.data[key] = []byte("damaged")
			s.memory.mu.Unlock()
			s.run()
			s.waitForCycle(t)
			execute(t, s.config.Database, "UPDATE events SET user_agent = 'another' WHERE id = 17")
			assert.Equal(t, int64(17), s.waitForFindings(t, 1)[0].EventID)
			assert.Equal(t, tokenRange("t", 1, 400), s.records.tokens())
			assert.Equal(t, 1, s.logs.FilterMessageSnippet(line).Len())
		})
	}
}

// While the checkpoint cannot be saved, fingerprints do not take more and more memory: they
// begin anew, and nothing else depends on that.
func TestUnsavedFingerprintsAreBounded(t *testing.T) {
	core, logs := observer.New(zap.WarnLevel)
	store := newCheckpointStore(newMemory(), zap.New(core))
	b := store.background
	b.enabled, b.get = true, store.get
	require.NoError(t, b.open(t.Context(), registry.Cursor{}, time.Now()))
	events := make([]event, checkpoint.ChunkIDs)
	last := int64(0)
	for range 2*maxUnsaved + 2 {
		for i := range events {
			last++
			events[i].ID = last
		}
		b.add(events)
		b.bound(last, time.Now())
		require.LessOrEqual(t, b.check.Unsaved(), maxUnsaved)
	}
	assert.Equal(t, 2, logs.FilterMessageSnippet("begin anew").Len())
	assert.Equal(t, last, b.check.State().LastID)
	require.NoError(t, store.save(t.Context(), registry.Cursor{ID: last}, "", nil))
}

// BenchmarkRecheck is what a row costs to be looked at again, and the part of a core that
// this takes at the default rate.
func BenchmarkRecheck(b *testing.B) {
	const rows = 100_000
	path := newDatabase(b, insert("t", rows), "UPDATE events SET user_agent = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36', file_id = hex(randomblob(16)), recipient_id = 'somebody@example.org'")
	reader := registry.Open(registry.Settings{Path: path, RegistryID: "deadbeef"})
	memory := newMemory()
	store := newCheckpointStore(memory, zap.NewNop())
	store.background.enabled, store.background.registryID, store.background.get = true, "deadbeef", store.get
	require.NoError(b, store.background.open(b.Context(), registry.Cursor{ID: rows}, time.Now()))
	check := store.background.check
	var buffer []registry.RowUID
	read := 0
	for b.Loop() {
		after, last, ok := check.Range()
		if !ok {
			check.Cycle(time.Now())
			require.NoError(b, store.save(b.Context(), registry.Cursor{}, "", nil))
			continue
		}
		found, _, err := reader.RowUIDs(b.Context(), after, int(min(maxRecheckRows, last-after+1)), buffer)
		if err != nil {
			b.Fatal(err)
		}
		for _, row := range found {
			check.Row(row.ID, row.UID)
		}
		if len(found) == 0 || found[len(found)-1].ID >= last {
			check.End()
		}
		outcome, err := check.Look(b.Context(), 0)
		if err != nil || outcome == recheck.Differs {
			b.Fatal("rows differ", err)
		}
		buffer, read = found, read+len(found)
	}
	perRow := b.Elapsed().Seconds() / float64(read)
	b.ReportMetric(perRow*1e6, "µs/row")
	b.ReportMetric(perRow*defaultRecheckRate*100, "%core")
	_ = reader.Close()
}

// Somebody who makes the table a view for a moment does not switch the check off.
func TestTableThatWasAView(t *testing.T) {
	s := newRecordsSetup(t, newDatabase(t, insert("t", 40)))
	s.run()
	s.records.waitForTokens(t, tokenRange("t", 1, 40))
	execute(t, s.config.Database, "ALTER TABLE events RENAME TO rows", "CREATE VIEW events AS SELECT * FROM rows")
	off := func() int { return s.logs.FilterMessageSnippet("Delivered rows are not checked again").Len() }
	require.Eventually(t, func() bool { s.clock.advance(time.Second); return off() > 0 }, patience, time.Millisecond)
	for range 100 {
		s.clock.advance(time.Second)
	}
	execute(t, s.config.Database, "UPDATE rows SET token_id = 'x' WHERE id = 7", "DROP VIEW events", "ALTER TABLE rows RENAME TO events")
	found := s.waitForFindings(t, 1)[0]
	assert.Equal(t, translator.IntegrityRowEdited, found.Kind)
	assert.Equal(t, int64(7), found.EventID)
	assert.Equal(t, 1, off())
}

// A page of the database is damaged. New rows do not need it, and are delivered: the rows on
// it are named in the log, and the others are still checked.
func TestDamagedPageOfDeliveredRows(t *testing.T) {
	s := newRecordsSetup(t, newDatabase(t, "PRAGMA journal_mode=DELETE", insert("t", 2000)))
	s.config.BatchSize = 1000
	s.run()
	s.records.waitForTokens(t, tokenRange("t", 1, 2000))
	s.waitForCycle(t)
	damagePage(t, s.config.Database, "t700")
	execute(t, s.config.Database, "UPDATE events SET token_id = 'x' WHERE id = 1990")
	found := s.waitForFindings(t, 1)[0]
	assert.Equal(t, translator.IntegrityRowEdited, found.Kind)
	assert.Equal(t, int64(1990), found.EventID)
	assert.NotZero(t, s.logs.FilterMessageSnippet("Delivered rows cannot be read").Len())
}

// damagePage overwrites the header of the page with the row of a token.
func damagePage(t *testing.T, database, token string) {
	t.Helper()
	data, err := os.ReadFile(database)
	require.NoError(t, err)
	at := bytes.Index(data, []byte(token))
	require.Positive(t, at)
	const pageSize = 4096
	file, err := os.OpenFile(database, os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteAt(bytes.Repeat([]byte{0xff}, 8), int64(at/pageSize*pageSize))
	require.NoError(t, err)
	require.NoError(t, file.Close())
}
