// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// waitForRecord waits for a record of a kind, which is about these rows.
func (a *logSetup) waitForRecord(kind string, first, last, count int64) (found finding) {
	a.t.Helper()
	require.EventuallyWithT(a.t, func(c *assert.CollectT) {
		_, findings := a.records.all()
		i := slices.IndexFunc(findings, func(f finding) bool {
			return f.Kind == kind && f.EventID == first && f.LastEventID == last && f.Count == count
		})
		if assert.GreaterOrEqual(c, i, 0, "%s", describedFindings(findings)) {
			found = findings[i]
		}
	}, patience, time.Millisecond)
	return found
}

func describedFindings(findings []finding) (text string) {
	for i := range findings {
		text += fmt.Sprintln(findings[i].Kind, findings[i].Message)
	}
	return text
}

// moveLog renames the log while the registry does not run, and returns what moves it back.
func (a *logSetup) moveLog() (back func()) {
	a.t.Helper()
	rename(a.t, a.log.Leaves, a.log.Leaves+".away")
	return func() { rename(a.t, a.log.Leaves+".away", a.log.Leaves) }
}

// Rows that were delivered while the log was away are compared when it is back, also by
// another start, and are named or verified then. The rows that were verified before and
// after it are not affected.
func TestRowsAreComparedAgain(t *testing.T) {
	for name, restart := range map[string]bool{"by the same start": false, "by another start": true} {
		t.Run(name, func(t *testing.T) {
			a := newLogSetup(t, 20)
			a.log.Wait = 0
			stop := a.run()
			a.waitForEvents(map[string]int{"verified": 20})
			stop()
			a.write(20)
			back := a.moveLog()
			stop = a.run()
			a.waitForEvents(map[string]int{"verified": 20, "unavailable": 20})
			if restart {
				a.eventuallyStored(t, `"id":40`)
				stop()
				reviews, err := checkpoint.DecodeReviews([]byte(a.memory.stateOf(checkpoint.ReviewKey)))
				require.NoError(t, err)
				require.Len(t, reviews, 1)
				assert.Equal(t, [2]int64{21, 40}, [2]int64{reviews[0].First, reviews[0].Last})
				back()
				a.run()
			} else {
				back()
			}
			f := a.waitForRecord(translator.IntegrityRowsRechecked, 21, 40, 20)
			assert.Equal(t, "verified", f.TlogStatus)
			a.write(5)
			a.waitForEvents(map[string]int{"verified": 25, "unavailable": 20})
			a.waitForGrace()
			_, findings := a.records.all()
			require.Len(t, findings, 2, "the record, and the leaf that waitForGrace left without a row:\n%s", describedFindings(findings))
			assert.Empty(t, a.memory.stateOf(checkpoint.ReviewKey))
		})
	}
}

// A forged row that names the next leaf while the log is away does not settle that leaf:
// its own row was deleted unread.
func TestForgedRowWhileTheLogIsAway(t *testing.T) {
	for name, restart := range map[string]bool{"running": false, "restarted": true} {
		t.Run(name, func(t *testing.T) {
			a := newLogSetup(t, 20)
			a.log.Wait = 0
			stop := a.run()
			a.waitForEvents(map[string]int{"verified": 20})
			back := a.moveLog()
			head, err := a.registry.Head()
			require.NoError(t, err)
			execute(t, a.settings.Database, fmt.Sprintf("INSERT INTO events (token_id, kind, timestamp, tlog_index) VALUES ('forged', 'dns', 1735000000, %d)", head.Size))
			a.waitForEvents(map[string]int{"verified": 20, "unavailable": 1})
			stop()
			back()
			a.write(1) // the leaf, and its row
			execute(t, a.settings.Database, "DELETE FROM events WHERE id = 22")
			stop = a.run()
			if restart {
				stop()
				a.run()
			}
			a.write(1)
			a.waitForKinds(translator.IntegrityRowMismatch, translator.IntegrityLeafWithoutRow)
			_, findings := a.records.all()
			for _, f := range findings {
				if f.Kind == translator.IntegrityLeafWithoutRow {
					assert.Equal(t, head.Size, f.TlogIndex)
				} else {
					assert.Equal(t, int64(21), f.EventID)
				}
			}
		})
	}
}

// A row that is deleted or changed between its delivery and the second comparison is
// named.
func TestRowsThatChangeBeforeTheyAreComparedAgain(t *testing.T) {
	for change, kind := range map[string]string{
		"DELETE FROM events WHERE id = 27":                                     translator.IntegrityRowDeleted,
		"UPDATE events SET token_id = 'edited' WHERE id = 27":                  translator.IntegrityRowEdited,
		"UPDATE events SET source_ip = '192.0.2.1' WHERE id BETWEEN 25 AND 30": translator.IntegrityRowsChanged,
		"DELETE FROM events WHERE id <= 23":                                    translator.IntegrityRowsPruned,
	} {
		t.Run(change, func(t *testing.T) {
			a := newLogSetup(t, 20)
			a.log.Wait = 0
			stop := a.run()
			a.waitForEvents(map[string]int{"verified": 20})
			stop()
			a.write(20)
			back := a.moveLog()
			stop = a.run()
			a.waitForEvents(map[string]int{"verified": 20, "unavailable": 20})
			a.eventuallyStored(t, `"id":40`)
			stop()
			execute(t, a.settings.Database, change)
			back()
			a.run()
			require.EventuallyWithT(t, func(c *assert.CollectT) { assert.Contains(c, a.records.kinds(), kind) }, patience, time.Millisecond)
			_, findings := a.records.all()
			i := slices.IndexFunc(findings, func(f finding) bool { return f.Kind == kind })
			switch kind {
			case translator.IntegrityRowDeleted, translator.IntegrityRowEdited:
				assert.Equal(t, int64(27), findings[i].EventID)
			case translator.IntegrityRowsPruned:
				a.waitForGrace()
				_, findings = a.records.all()
				require.Equal(t, int64(3), findings[i].Count, findings[i].Message)
				assert.NotContains(t, a.records.kinds(), translator.IntegrityRowDeleted)
				for _, f := range findings {
					assert.False(t, f.Kind == translator.IntegrityLeafWithoutRow && f.TlogIndex < 21, "pruned rows are not deleted ones: %s", f.Message)
				}
			}
		})
	}
}

// A log that is restored from a backup while the receiver is down, and goes on, has
// leaves with the indexes of others: the rows of both are honest, and a new row that is
// deleted unread is found.
func TestRestoredLogWhileStopped(t *testing.T) {
	a := newLogSetup(t, 30)
	a.log.Wait = 0
	backup, err := os.ReadFile(a.log.Leaves)
	require.NoError(t, err)
	a.write(10)
	stop := a.run()
	a.waitForEvents(map[string]int{"verified": 40})
	a.eventuallyStored(t, `"id":40`)
	stop()
	require.NoError(t, a.registry.Close())
	require.NoError(t, os.WriteFile(a.log.Leaves, backup, 0o600))
	size := int64(bytes.Count(backup, []byte("\n")))
	a.open()
	a.write(6)
	execute(t, a.settings.Database, "DELETE FROM events WHERE id = 44")
	a.run()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		got, _ := a.records.all()
		assert.Len(c, got, 45)
		_, findings := a.records.all()
		assert.True(c, slices.ContainsFunc(findings, func(f finding) bool { return f.Kind == translator.IntegrityLeafWithoutRow }), describedFindings(findings))
	}, patience, time.Millisecond)
	got, findings := a.records.all()
	for i := range got {
		assert.NotEqual(t, "duplicate", got[i].TlogStatus, "row %d", got[i].ID)
	}
	for _, f := range findings {
		t.Log(f.Kind, f.Message)
		assert.NotEqual(t, translator.IntegrityRowMismatch, f.Kind, f.Message)
		if f.Kind == translator.IntegrityLeafWithoutRow {
			assert.GreaterOrEqual(t, f.TlogIndex, size)
			assert.LessOrEqual(t, f.TlogLastIndex, f.TlogIndex)
		}
	}
	assert.Equal(t, []string{translator.IntegrityLeafWithoutRow, translator.IntegrityLogRewritten}, a.records.kinds())
}
