// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/recheck"
	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

// continueByDigests continues behind the last 4,096 ids of which the database has the
// rows that were delivered, if it lost more rows than are known one by one. Rows behind
// them that are left are delivered again, and may claim their leaves again.
func (p *poller) continueByDigests(ctx context.Context, replaced *registry.ReplacedError) (back bool, err error) {
	check := p.store.background.check
	if check == nil {
		return false, nil
	}
	for _, block := range check.Blocks() {
		rows, err := p.rowsOfBlock(ctx, block)
		if err != nil {
			return false, ignoreIfStopping(ctx, err)
		}
		if len(rows) == 0 || !check.Agrees(block, rows) {
			continue
		}
		last := rows[len(rows)-1]
		to, ok := checkpoint.NewRow(last.ID, last.UID)
		if !ok {
			return false, nil
		}
		gone := rolledBack{first: last.ID + 1, last: p.cursor.ID, unknown: true}
		gone.rows = check.GoBackTo(block, last.ID)
		p.store.recent.Replace([]checkpoint.Row{to})
		p.store.doneAhead.reset()
		p.reconciliation.releaseClaims(ctx)
		return true, p.goBack(ctx, replaced, to, gone)
	}
	return false, nil
}

// rowsOfBlock reads the rows of 4,096 ids, a few at a time.
func (p *poller) rowsOfBlock(ctx context.Context, block int64) (all []recheck.Row, err error) {
	after, end := block*checkpoint.DigestIDs-1, (block+1)*checkpoint.DigestIDs
	for {
		rows, more, err := p.source.RowUIDs(ctx, after, maxRecheckRows, nil)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			if row.ID >= end {
				return all, nil
			}
			all, after = append(all, recheck.Row(row)), row.ID
		}
		if !more || len(rows) == 0 {
			return all, nil
		}
	}
}
