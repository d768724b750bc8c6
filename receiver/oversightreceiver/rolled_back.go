// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/recheck"
	"github.com/oversight-protocol/oversight-otelcol/internal/reconcile"
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
	if n := recheck.Agreeing(delivered, uids); n > 0 {
		return true, p.goBack(ctx, replaced, delivered[:n], goneRows(delivered[n:]))
	}
	common, err := p.lastCommon(ctx)
	if err != nil || len(common) == 0 {
		return false, ignoreIfStopping(ctx, err)
	}
	return true, p.goBack(ctx, replaced, common, recheck.Gone{})
}

// lastCommon is the last rows that the database has in common with what was delivered, if
// it lost more rows than are known one by one: the fingerprints of all rows say which.
func (p *poller) lastCommon(ctx context.Context) (common []checkpoint.Row, err error) {
	check := p.store.background.check
	if check == nil {
		return nil, nil
	}
	rows, err := check.LastCommon(ctx, p.readUIDs)
	if errors.Is(err, registry.ErrNoKey) { // to search would read the whole table each time
		return nil, nil
	}
	for _, row := range rows {
		if row, ok := checkpoint.NewRow(row.ID, row.UID); ok {
			common = append(common, row)
		}
	}
	return common, err
}

// readUIDs implements [recheck.Reader].
func (p *poller) readUIDs(ctx context.Context, after int64, n int) ([]recheck.Row, error) {
	read, _, err := p.source.RowUIDs(ctx, after, n, nil)
	rows := make([]recheck.Row, len(read))
	for i, row := range read {
		rows[i] = recheck.Row(row)
	}
	return rows, err
}

func rowIDs(rows []checkpoint.Row) []int64 {
	ids := make([]int64, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	return ids
}

func goneRows(rows []checkpoint.Row) recheck.Gone {
	if len(rows) == 0 {
		return recheck.Gone{}
	}
	return recheck.Gone{First: rows[0].ID, Last: rows[len(rows)-1].ID, Rows: int64(len(rows))}
}

// goBack moves the cursor back to the last of the rows in common, and makes a record of
// those behind it that are gone: the fingerprints say which, if they are not given.
func (p *poller) goBack(ctx context.Context, replaced *registry.ReplacedError, common []checkpoint.Row, gone recheck.Gone) error {
	to := common[len(common)-1]
	behind, err := p.backgroundGoBack(ctx, to.ID)
	if err != nil {
		return ignoreIfStopping(ctx, err)
	}
	if gone.Rows == 0 {
		gone = behind
	}
	cursor := registry.Cursor{ID: to.ID, UID: recheck.UID(to), RegistryID: p.config.RegistryID}
	p.logger.Warn("The database went back: continuing behind the last row that it has in common with what was delivered",
		zap.Int64("after_id", cursor.ID), zap.Int64("first_gone", gone.First), zap.Int64("last_gone", gone.Last),
		zap.Int64("rows_gone", gone.Rows), zap.Error(replaced))
	p.store.recent.Replace(common)
	p.dropPending()
	p.countedTo, p.more = cursor.ID, true
	if gone.Rows > 0 {
		p.addRecord(ctx, p.rolledBackRecord(cursor, gone))
	}
	return p.move(ctx, cursor)
}

// backgroundGoBack forgets the fingerprints of the rows behind an id, and returns which
// these are.
func (p *poller) backgroundGoBack(ctx context.Context, lastID int64) (recheck.Gone, error) {
	lowest, err := p.lowestID(ctx)
	if err != nil && !errors.Is(err, registry.ErrNoKey) {
		return recheck.Gone{}, err
	}
	return p.store.background.goBack(ctx, lastID, lowest, p.now())
}

func (p *poller) rolledBackRecord(cursor registry.Cursor, gone recheck.Gone) finding {
	f := p.newRecord(translator.IntegrityRowsRolledBack)
	f.EventID, f.LastEventID, f.Count = gone.First, gone.Last, gone.Rows
	f.Message = fmt.Sprintf("The database has the rows up to %d as they were delivered, and has lost %s that had been delivered, as after a power failure or with a restored backup. Rows that have these ids now are other events and are delivered.",
		cursor.ID, describedGone(gone))
	f.SetUID()
	return f
}

// replacedFinding says that the database is another one.
func (p *poller) replacedFinding(replaced *registry.ReplacedError) finding {
	f := p.newRecord(translator.IntegrityDatabaseReplaced)
	f.EventID, f.RowUID = replaced.Cursor.ID, replaced.Cursor.UID
	f.Message = reconcile.ReplacedMessage(f.EventID, replaced.Reason)
	f.SetUID()
	return f
}

func describedGone(gone recheck.Gone) string {
	if gone.Rows == 1 {
		return fmt.Sprintf("row %d", gone.First)
	}
	return fmt.Sprintf("%d rows, %d to %d,", gone.Rows, gone.First, gone.Last)
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
