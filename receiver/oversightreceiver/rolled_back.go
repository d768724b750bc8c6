// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"fmt"

	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/recheck"
	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// continueRolledBack continues behind the last row that the database has in common with
// what was delivered, if it went back: after a power failure, or with a restored backup.
// It reports false for another database.
//
// What is known of the leaves of the rows that are gone stays: their events were
// delivered, so that none of these leaves is one without a row.
func (p *poller) continueRolledBack(ctx context.Context, replaced *registry.ReplacedError) (back bool, err error) {
	delivered := p.store.recent.Rows()
	uids, err := p.source.UIDs(ctx, rowIDs(delivered), p.config.RegistryID)
	if err != nil {
		return false, ignoreIfStopping(ctx, err)
	}
	n := recheck.Agreeing(delivered, uids)
	if n == 0 {
		return p.continueByDigests(ctx, replaced)
	}
	last, gone := delivered[n-1], delivered[n:]
	p.store.recent.Replace(delivered[:n])
	p.store.background.goBack(last.ID, gone)
	return true, p.goBack(ctx, replaced, last, goneRows(gone))
}

func rowIDs(rows []checkpoint.Row) []int64 {
	ids := make([]int64, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	return ids
}

// rolledBack is delivered rows that a database lost: the first and the last id, and how
// many there were.
type rolledBack struct {
	first, last, rows int64
	// unknown is set if some of them may be there: they are delivered again.
	unknown bool
}

func goneRows(rows []checkpoint.Row) rolledBack {
	if len(rows) == 0 {
		return rolledBack{}
	}
	return rolledBack{first: rows[0].ID, last: rows[len(rows)-1].ID, rows: int64(len(rows))}
}

// goBack moves the cursor back to a row, and makes a record of the rows behind it.
func (p *poller) goBack(ctx context.Context, replaced *registry.ReplacedError, to checkpoint.Row, gone rolledBack) error {
	cursor := registry.Cursor{ID: to.ID, UID: recheck.UID(to), RegistryID: p.config.RegistryID}
	p.logger.Warn("The database went back: continuing behind the last row that it has in common with what was delivered",
		zap.Int64("after_id", cursor.ID), zap.Int64("first_gone", gone.first), zap.Int64("last_gone", gone.last),
		zap.Int64("rows_gone", gone.rows), zap.Error(replaced))
	p.dropPending()
	p.countedTo, p.more = cursor.ID, true
	if gone.rows > 0 {
		p.addRecord(ctx, p.rolledBackRecord(cursor, gone))
	}
	return p.move(ctx, cursor)
}

func (p *poller) rolledBackRecord(cursor registry.Cursor, gone rolledBack) finding {
	f := p.newRecord(translator.IntegrityRowsRolledBack)
	f.EventID, f.LastEventID, f.Count = gone.first, gone.last, gone.rows
	f.Message = fmt.Sprintf("The database has the rows up to %d as they were delivered, and has lost %s that had been delivered, as after a power failure or with a restored backup. Rows that have these ids now are other events and are delivered.",
		cursor.ID, describedGone(gone))
	if gone.unknown {
		f.Message = fmt.Sprintf("The database has the rows up to %d as they were delivered, and has lost some of those behind them up to %d, as with a restored backup; which ones of these %d cannot be told. Rows behind %d are delivered, and those that are left of these %d are delivered again.",
			cursor.ID, gone.last, gone.rows, cursor.ID, gone.rows)
	}
	f.SetUID()
	return f
}

func describedGone(gone rolledBack) string {
	if gone.rows == 1 {
		return fmt.Sprintf("row %d", gone.first)
	}
	return fmt.Sprintf("%d rows, %d to %d,", gone.rows, gone.first, gone.last)
}

// newRecord is a finding or a record of that kind, without anything else.
func (p *poller) newRecord(kind string) finding {
	return finding{RegistryID: p.config.RegistryID, Kind: kind, Observed: p.now().UTC()}
}

// addRecord adds a finding or a record that the poller made itself to those to be
// delivered. The next save keeps it.
func (p *poller) addRecord(ctx context.Context, f finding) {
	p.telemetry.found(ctx, []finding{f})
	p.store.outbox.add([]finding{f})
}

// dropPending forgets the rows that were read and not passed: they are read again.
func (p *poller) dropPending() {
	p.pending = pending{}
	p.events = eventsLane{lane: p.newEventsLane()}
	p.telemetry.gauges.setHolding(laneEvents, false)
}
