// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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
		"several":  {"UPDATE events SET file_id = 'another' WHERE id IN (10, 20)", translator.IntegrityRowsChanged, 1},
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

// Where several rows of a block have changed, those are named that differ from their
// leaves.
func TestSeveralEditedRowsAreNamed(t *testing.T) {
	a := newLogSetup(t, 700)
	a.config.BatchSize = 100
	stop := a.run()
	a.waitForEvents(map[string]int{"verified": 700})
	stop()
	execute(t, a.settings.Database, "UPDATE events SET source_ip = '203.0.113.99' WHERE id IN (11, 600)", "DELETE FROM events WHERE id = 300")
	a.run()
	found := (&recordsSetup{a}).waitForFindings(t, 3)
	kinds, ids := map[string]int{}, []int64{}
	for i := range found {
		kinds[found[i].Kind]++
		if f := &found[i]; f.Kind == translator.IntegrityRowMismatch {
			ids = append(ids, f.EventID)
			assert.Equal(t, "source_ip", f.TlogMismatch)
			continue
		}
		assert.Equal(t, []int64{1, 700}, []int64{found[i].EventID, found[i].LastEventID})
		assert.Contains(t, found[i].Message, "2 of them differ from their leaves")
	}
	assert.Equal(t, map[string]int{translator.IntegrityRowsChanged: 1, translator.IntegrityRowMismatch: 2}, kinds)
	assert.Equal(t, []int64{11, 600}, ids)
}

// Damaged digests begin anew, and nothing is delivered again.
func TestDamagedDigests(t *testing.T) {
	for _, key := range []string{"background", "background/0"} {
		s := newRecordsSetup(t, newDatabase(t, insert("t", 40)))
		stop := s.run()
		s.records.waitForTokens(t, tokenRange("t", 1, 40))
		stop()
		s.memory.mu.Lock()
		require.NotEmpty(t, s.memory.data[key])
		s.memory.data[key] = []byte("damaged")
		s.memory.mu.Unlock()
		s.run()
		s.waitForCycle(t)
		execute(t, s.config.Database, "UPDATE events SET user_agent = 'another' WHERE id = 17")
		assert.Equal(t, int64(17), s.waitForFindings(t, 1)[0].EventID)
		assert.Equal(t, tokenRange("t", 1, 40), s.records.tokens())
		assert.Equal(t, 1, s.logs.FilterMessageSnippet("digests of delivered rows begin anew").Len())
	}
}

// BenchmarkRecheck is what a row costs to be looked at again, and the part of a core that
// this takes at the default rate.
func BenchmarkRecheck(b *testing.B) {
	const rows = 100_000
	path := newDatabase(b, insert("t", rows), "UPDATE events SET user_agent = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36', file_id = hex(randomblob(16)), recipient_id = 'somebody@example.org'")
	reader := registry.Open(registry.Settings{Path: path, RegistryID: "deadbeef"})
	check := recheck.New(make([]byte, 16), "deadbeef", rows, time.Now())
	var buffer []registry.RowUID
	read := 0
	for b.Loop() {
		after, last, ok := check.Range()
		if !ok {
			check.Cycle(time.Now())
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
		if check.Look(0) == recheck.Differs {
			b.Fatal("rows differ")
		}
		buffer, read = found, read+len(found)
	}
	perRow := b.Elapsed().Seconds() / float64(read)
	b.ReportMetric(perRow*1e6, "µs/row")
	b.ReportMetric(perRow*defaultRecheckRate*100, "%core")
	_ = reader.Close()
}
