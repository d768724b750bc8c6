// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/registrygen"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

var errNoIndex = consumererror.NewPermanent(fmt.Errorf("404: index_not_found_exception"))

// newFindingsSetup is a receiver of a registry with rows that the log does not
// confirm.
func newFindingsSetup(t *testing.T) *refusalSetup {
	t.Helper()
	a := newLogSetup(t, 40)
	a.tamper(registrygen.RowEdited, registrygen.TamperOptions{})
	return &refusalSetup{setup: a.setup, t: t, dest: &destination{}}
}

func (d *destination) foundKinds() (kinds []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range d.findings {
		kinds = append(kinds, d.findings[i].Kind)
	}
	return kinds
}

// A destination without an index for findings gets the events, and the findings when
// it has one, also after a restart.
func TestFindingsDoNotBlockEvents(t *testing.T) {
	s := newFindingsSetup(t)
	refuse := func(r request) error {
		if len(r.findings) > 0 {
			return errNoIndex
		}
		return nil
	}
	s.dest.answer = refuse
	stop := s.run()
	s.waitForWhole(idRange(1, 40))
	s.eventually(func(c *assert.CollectT) {
		assert.Equal(c, int64(40), s.cursor(c))
		assert.Contains(c, s.memory.keys(), "outbox/1")
	})
	s.host.waitFor(t, componentstatus.StatusRecoverableError, "index_not_found_exception")
	stop()
	assert.Empty(t, s.dest.foundKinds())

	stop = s.run() // a restart keeps them
	s.eventually(func(c *assert.CollectT) {
		assert.Equal(c, 2, s.logs.FilterMessage(string(failureDeliverRecords)).Len())
	})
	stop()
	assert.Contains(t, s.memory.keys(), "outbox/1")

	s.dest.set(nil)
	s.run()
	s.eventually(func(c *assert.CollectT) {
		assert.Equal(c, []string{translator.IntegrityRowMismatch}, s.dest.foundKinds())
		assert.NotContains(c, s.memory.keys(), "outbox/1")
	})
	_, repeated := s.dest.whole()
	assert.Zero(t, repeated)
}

// The other way round: a destination that accepts no events gets the findings about
// the log. Those about rows come with their rows.
func TestEventsDoNotBlockFindings(t *testing.T) {
	s := newFindingsSetup(t)
	s.dest.answer = func(r request) error {
		if len(r.events) > 0 {
			return errUnauthorized
		}
		return nil
	}
	s.run()
	s.host.waitFor(t, componentstatus.StatusRecoverableError, "401 Unauthorized")
	s.eventually(func(c *assert.CollectT) { assert.Greater(c, s.dest.count(), 40) })
	assert.Empty(t, s.dest.foundKinds(), "no row was passed, and no row is missing: they wait")
	s.dest.set(nil)
	s.waitForWhole(idRange(1, 40))
	s.eventually(func(c *assert.CollectT) {
		assert.Equal(c, []string{translator.IntegrityRowMismatch}, s.dest.foundKinds())
	})
}

// Findings that the destination accepts at once are never written to the outbox.
func TestAcceptedFindingsAreNotSaved(t *testing.T) {
	s := newFindingsSetup(t)
	s.run()
	s.eventually(func(c *assert.CollectT) {
		assert.Equal(c, []string{translator.IntegrityRowMismatch}, s.dest.foundKinds())
		assert.Equal(c, int64(40), s.cursor(c))
	})
	assert.NotContains(t, s.memory.keys(), "outbox/1")
}

func newOutbox() (*outbox, *memory, *observer.ObservedLogs) {
	core, logs := observer.New(zap.InfoLevel)
	return &outbox{logger: zap.New(core), deleted: map[int64]bool{}}, newMemory(), logs
}

func findingsOf(kind string, first, n int64) (findings []finding) {
	for i := range n {
		f := finding{
			RegistryID: "deadbeef", Kind: kind, Message: fmt.Sprintf("Row %d.", first+i), Observed: time.Unix(1, 0).UTC(),
			EventID: first + i, RowUID: strings.Repeat("a", 32), TlogIndex: first + i - 1, HasTlogIndex: true, TlogStatus: "mismatch",
		}
		f.SetUID()
		findings = append(findings, f)
	}
	return findings
}

func (o *outbox) findings() (all []finding) {
	for _, r := range o.records {
		all = append(all, r.finding)
	}
	return all
}

// saveTo writes the changes; failed says that the storage reports an error, although it
// has stored them if stored is set.
func (o *outbox) saveTo(t *testing.T, m *memory, stored, failed bool) {
	t.Helper()
	changes, err := o.changes()
	require.NoError(t, err)
	if stored {
		require.NoError(t, m.Batch(t.Context(), changes...))
	}
	if !failed {
		o.markSaved()
	}
}

// What the storage has is what is in the outbox, whatever saves fail.
func TestOutboxSurvives(t *testing.T) {
	o, m, _ := newOutbox()
	random := [][2]bool{{true, false}, {false, true}, {true, true}, {true, false}}
	for step := range int64(60) {
		o.add(findingsOf("row_mismatch", step*10+1, 3))
		if n := o.size(); step%2 == 1 {
			o.remove(o.records[n/2], o.records[0])
		}
		if step%5 == 4 {
			o.moveToEnd(o.records[0])
		}
		how := random[step%int64(len(random))]
		o.saveTo(t, m, how[0], how[1])
		if how[0] {
			loaded := &outbox{logger: zap.NewNop()}
			require.NoError(t, loaded.load(t.Context(), m.Get))
			require.Equal(t, o.findings(), loaded.findings(), "step %d", step)
		}
	}
	o.remove(o.records...)
	o.saveTo(t, m, true, false)
	assert.Equal(t, []string{"outbox"}, m.keys(), "all records are deleted, whatever saves failed")
}

// Too many findings are merged into ranges with their numbers, and none is dropped.
func TestOutboxMerges(t *testing.T) {
	o, m, logs := newOutbox()
	for i := range int64(40) {
		o.add(findingsOf("row_mismatch", i*100+1, 100))
		o.add(findingsOf("leaf_corrupt", i+1, 1))
		o.saveTo(t, m, true, false)
	}
	loaded := &outbox{logger: zap.NewNop()}
	require.NoError(t, loaded.load(t.Context(), m.Get))
	require.Equal(t, o.findings(), loaded.findings())
	assert.LessOrEqual(t, loaded.size(), checkpoint.MaxOutbox)
	assert.NotEmpty(t, logs.FilterMessageSnippet("Merged findings").All())
	counts := map[string]int{}
	uids := map[string]bool{}
	var last int64
	for _, r := range loaded.records {
		counts[r.finding.Kind] += max(r.merged, 1)
		uids[r.finding.UID] = true
		_, to, ok := r.rowRange()
		assert.True(t, ok)
		last = max(last, to)
	}
	assert.Equal(t, map[string]int{"row_mismatch": 4000, "leaf_corrupt": 40}, counts)
	assert.Len(t, uids, loaded.size())
	assert.Equal(t, int64(4000), last)
	merged := loaded.records[0]
	for _, r := range loaded.records {
		if r.merged > merged.merged {
			merged = r
		}
	}
	assert.Contains(t, merged.finding.Message, fmt.Sprintf("%d findings of kind row_mismatch among rows 1 to ", merged.merged))
}

// A merged record is as severe as the most severe one, and no more.
func TestOutboxMergesSeverities(t *testing.T) {
	for _, c := range []struct {
		kind       string
		severities []plog.SeverityNumber // 0: the kind's
		want       plog.SeverityNumber
	}{
		{"token_rebound", []plog.SeverityNumber{plog.SeverityNumberInfo, plog.SeverityNumberWarn}, plog.SeverityNumberWarn},
		{"token_rebound", []plog.SeverityNumber{plog.SeverityNumberInfo, 0}, plog.SeverityNumberError},
		{"rows_pruned", []plog.SeverityNumber{0, 0}, plog.SeverityNumberInfo},
	} {
		records := make([]*outboxRecord, 0, len(c.severities))
		for _, severity := range c.severities {
			records = append(records, &outboxRecord{finding: finding{Kind: c.kind, Severity: severity}})
		}
		merged := mergeRecords(records)
		assert.Equal(t, c.want, merged.finding.EffectiveSeverity(), c)
	}
}

// Bytes are bounded, too.
func TestOutboxOfLongFindings(t *testing.T) {
	o, m, _ := newOutbox()
	findings := findingsOf("leaf_without_row", 1, 900)
	for i := range findings {
		findings[i].Message = strings.Repeat("\x01", 1<<20)
		o.add(findings[i : i+1])
	}
	o.saveTo(t, m, true, false)
	queue, err := checkpoint.DecodeQueue(m.data["outbox"])
	require.NoError(t, err)
	assert.LessOrEqual(t, queue.Bytes, int64(checkpoint.MaxOutboxBytes))
	assert.LessOrEqual(t, len(o.within(950_000)), 950_000/(6*maxFindingMessage))
}

// A damaged record costs that record.
func TestDamagedOutbox(t *testing.T) {
	o, m, _ := newOutbox()
	o.add(findingsOf("row_mismatch", 1, 3))
	o.saveTo(t, m, true, false)
	m.data["outbox/2"] = []byte("garbage")
	loaded, _, logs := newOutbox()
	require.NoError(t, loaded.load(t.Context(), m.Get))
	assert.Equal(t, 2, loaded.size())
	assert.Len(t, logs.FilterMessageSnippet("is damaged").All(), 1)
	loaded.saveTo(t, m, true, false)
	assert.Equal(t, []string{"outbox", "outbox/1", "outbox/3"}, m.keys())
}

// A finding that is refused alone stays, behind the others.
func TestRefusedFindingStays(t *testing.T) {
	s := newFindingsSetup(t)
	execute(t, s.config.Database, "UPDATE events SET kind = 'changed' WHERE id IN (20, 25, 30)")
	refused := func(r request) bool {
		for _, f := range r.findings {
			if f.EventID == 20 {
				return true
			}
		}
		return false
	}
	s.dest.answer = func(r request) error {
		if refused(r) {
			return errBadRequest
		}
		return nil
	}
	s.config.BatchSize = 1000
	s.run()
	s.eventually(func(c *assert.CollectT) {
		assert.Len(c, s.dest.foundKinds(), 3)
		assert.Equal(c, 1, s.logs.FilterMessageSnippet("refuses a finding while it accepts others").Len())
	})
	s.dest.set(nil)
	s.eventually(func(c *assert.CollectT) { assert.Len(c, s.dest.foundKinds(), 4) })
}

func TestReason(t *testing.T) {
	for text, want := range map[string]string{
		"400: Bad Request":                               "400: Bad Request",
		"post https://u:p@host/x?token=abc failed":       "post https://[redacted]@host/x?[redacted] failed",
		"Authorization: Splunk 0123-4567, refused":       "refused",
		"header \"Authorization\":\"Bearer abc\" is bad": "is bad",
		"Splunk 0123-4567-89ab-cdef":                     "Splunk [redacted]",
		"two\nlines \x1b[31m and \u202e bidi":            "two lines  [31m and   bidi",
		strings.Repeat("ä", 1000):                        strings.Repeat("ä", 254) + "...",
	} {
		got := reasonOf(fmt.Errorf("%s", text))
		assert.Contains(t, got, want)
		assert.LessOrEqual(t, len(got), checkpoint.MaxReason)
		for _, secret := range []string{"u:p", "abc", "0123"} {
			assert.NotContains(t, got, secret)
		}
	}
}

func TestIDRanges(t *testing.T) {
	assert.Equal(t, []string{"1-3", "7", "9-10"}, idRanges([]int64{9, 2, 1, 3, 7, 10, 7}))
	assert.Empty(t, idRanges(nil))
}

// partlyAccepted is the error of an exporter that names what was accepted.
type partlyAccepted struct {
	error
	uids []string
}

func (p *partlyAccepted) AcceptedRecords() []string { return p.uids }
func (p *partlyAccepted) Unwrap() error             { return p.error }

// What a destination names as accepted is not sent again, and claims its leaf.
func TestPartlyAccepted(t *testing.T) {
	a := newLogSetup(t, 40)
	a.config.BatchSize = 1000
	s := &refusalSetup{setup: a.setup, t: t, dest: &destination{}}
	s.dest.answer = func(r request) error {
		refused := &partlyAccepted{error: errBadRequest}
		for i := range r.events {
			if e := &r.events[i]; e.ID%7 != 0 || isReduced(e) {
				refused.uids = append(refused.uids, e.UID)
			}
		}
		if len(refused.uids) == len(r.events) {
			return nil
		}
		return refused
	}
	s.run()
	s.waitForWhole(without(idRange(1, 40), 7, 14, 21, 28, 35))
	s.eventually(func(c *assert.CollectT) {
		assert.NotEmpty(c, s.memory.stored())
		assert.Equal(c, int64(40), s.cursor(c))
	})
	s.dest.set(nil)
	s.clock.advance(2 * time.Hour)
	s.waitForWhole(idRange(1, 40))
	_, repeated := s.dest.whole()
	assert.Zero(t, repeated)
	assert.Empty(t, s.dest.foundKinds())
	s.dest.mu.Lock()
	defer s.dest.mu.Unlock()
	for i := range s.dest.events {
		assert.Equal(t, translator.TlogStatusVerified, s.dest.events[i].TlogStatus, "event %d", s.dest.events[i].ID)
	}
}

// Rows that are refused, owed, done ahead or waiting are not missing from the log's
// point of view, and are not duplicates of themselves.
func TestRefusalsMakeNoFindings(t *testing.T) {
	a := newLogSetup(t, 40)
	s := &refusalSetup{setup: a.setup, t: t, dest: &destination{}}
	refuse := func(r request) error {
		for i := range r.events {
			if e := &r.events[i]; e.ID%7 == 0 || e.ID%3 == 0 && !isReduced(e) {
				return errBadRequest
			}
		}
		return nil
	}
	s.dest.answer = func(r request) error {
		if r.number > 60 && r.number < 500 { // some seconds, which is longer than the grace period
			return errUnauthorized
		}
		return refuse(r)
	}
	stop := s.run()
	s.eventually(func(c *assert.CollectT) {
		assert.NotEmpty(c, s.memory.stored())
		assert.Equal(c, int64(40), s.cursor(c))
	})
	stop()
	s.dest.set(nil)
	s.run()
	s.waitForWhole(idRange(1, 40))
	head, err := a.registry.Head()
	require.NoError(t, err)
	execute(t, a.config.Database, "CREATE TRIGGER refuse BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'refused'); END")
	_, err = a.registry.WriteEvent(t.Context())
	require.Error(t, err)
	s.eventually(func(c *assert.CollectT) {
		assert.Equal(c, []string{translator.IntegrityLeafWithoutRow}, s.dest.foundKinds())
	})
	s.dest.mu.Lock()
	defer s.dest.mu.Unlock()
	assert.Equal(t, head.Size, s.dest.findings[0].TlogIndex, "only the leaf that was left without a row")
	for i := range s.dest.events {
		assert.Equal(t, translator.TlogStatusVerified, s.dest.events[i].TlogStatus, "event %d", s.dest.events[i].ID)
	}
}
