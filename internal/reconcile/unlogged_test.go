// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// Rows without a leaf, as a registry writes them while its disk is full, are one finding
// for each run of them.
func TestRowsThatNameNoLeaf(t *testing.T) {
	s := newScene(t)
	s.log.writeLeaves(100, 110)
	rows := rowsFrom(&s.lastID, 100, 110)
	for range 500 {
		s.lastID++
		e := eventOf(-1)
		e.ID, e.HasTlogIndex = s.lastID, s.lastID%2 == 0 // -1 or NULL
		rows = append(rows, e)
	}
	rows[2].HasTlogIndex = false
	s.reconciler.Check(t.Context(), rows)
	findings := s.reconciler.Findings()
	require.Len(t, findings, 2)
	assert.Equal(t, translator.IntegrityRowUnlogged, findings[0].Kind)
	assert.Equal(t, [3]int64{rows[2].ID, 0, 0}, [3]int64{findings[0].EventID, findings[0].LastEventID, findings[0].Count})
	assert.Equal(t, rows[2].UID, findings[0].RowUID)
	assert.Equal(t, [3]int64{s.lastID - 499, s.lastID, 500}, [3]int64{findings[1].EventID, findings[1].LastEventID, findings[1].Count})
	for _, f := range findings {
		assert.Equal(t, "missing", f.TlogStatus)
		assert.Contains(t, f.Message, "could not write to its log, or somebody inserted")
	}
}

// A check whose wait is cut short says nothing about the rows whose leaves are awaited.
func TestCheckThatIsStopped(t *testing.T) {
	s := newScene(t)
	require.NoError(t, s.reconciler.Close())
	s.reconciler = s.log.open(s.clock, s.saved, time.Hour)
	rows := rowsFrom(&s.lastID, 100, 103)
	ctx, cancel := context.WithCancel(t.Context())
	timer := time.AfterFunc(50*time.Millisecond, cancel)
	defer timer.Stop()
	s.reconciler.Check(ctx, rows)
	require.Error(t, ctx.Err(), "it has waited")
	for i := range rows {
		assert.Equal(t, "unavailable", rows[i].TlogStatus)
	}
	assert.Empty(t, s.reconciler.Findings())
}

// Two lines claim the same index after a full disk and a restart: the row of each agrees
// with one of them.
func TestIndexUsedTwice(t *testing.T) {
	s := newScene(t)
	s.log.writeLeaves(100, 101)
	s.log.writeLeaves(105, 106) // four could not be written
	s.log.writeLeaves(102, 105) // the registry has started again, and counts lines
	s.log.write(bytes.Replace(appendLine(nil, 106), []byte(`"index": 106`), []byte(`"index": 105`), 1))
	rows := []translator.Event{eventOf(100), eventOf(105), eventOf(102), eventOf(104), eventOf(106)}
	rows[4].TlogIndex = 105
	for i := range rows {
		s.lastID++
		rows[i].ID = s.lastID
	}
	s.saved.rows = append(s.saved.rows, rows...)
	s.reconciler.Check(t.Context(), rows)
	for i := range rows {
		assert.Equal(t, "verified", rows[i].TlogStatus, "row %d", i)
	}
	s.saved.save(t, s.reconciler, s.lastID)
	s.wait()
	assert.NotContains(t, s.kinds(), translator.IntegrityLeafWithoutRow)
	assert.NotContains(t, s.kinds(), translator.IntegrityRowMismatch)
}

// Rows are read while a registry writes that has started again after a full disk, and uses
// indexes again: none is held against the older line with its index. A line that was torn
// is not counted, so that the indexes are lower than the numbers of the lines.
func TestIndexesUsedAgainWhileRowsAreRead(t *testing.T) {
	s := newScene(t)
	s.log.write(appendLine(nil, 100)[:60])
	s.log.writeLeaves(120, 140) // glued to the rest; the others could not be written
	rows := make([]translator.Event, 0, 60)
	check := func(n, index int64) {
		row := eventOf(n)
		s.lastID++
		row.ID, row.TlogIndex = s.lastID, index
		rows = append(rows, row)
		s.saved.rows = append(s.saved.rows, row)
		s.reconciler.Check(t.Context(), rows[len(rows)-1:])
		assert.Equal(t, "verified", rows[len(rows)-1].TlogStatus, "leaf %d, index %d", n, index)
		s.saved.save(t, s.reconciler, s.lastID)
	}
	for n := int64(120); n < 140; n++ {
		if isBeacon(n) {
			check(n, n)
		}
	}
	for n := int64(219); n < 249; n++ { // 119 lines count
		index := n - 100
		s.log.write(bytes.Replace(appendLine(nil, n), []byte(fmt.Sprintf(`"index": %d`, n)), []byte(fmt.Sprintf(`"index": %d`, index)), 1))
		if isBeacon(n) {
			check(n, index)
		}
	}
	s.wait()
	assert.NotContains(t, s.kinds(), translator.IntegrityLeafWithoutRow)
	assert.NotContains(t, s.kinds(), translator.IntegrityRowMismatch)
}
