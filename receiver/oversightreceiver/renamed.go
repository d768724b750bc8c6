// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"slices"

	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/recheck"
)

// rowsAtOnce is how many rows are read at once to find out their uids.
const rowsAtOnce = 256

// renameRows makes the uids of the rows that the checkpoint names anew, if they were
// made with another `registry_id`: otherwise all of these rows would seem to be
// others. Rows that have changed keep theirs.
func (p *poller) renameRows(ctx context.Context) error {
	before := p.store.root.RegistryID
	if before == "" || before == p.config.RegistryID {
		return nil
	}
	if err := p.renameRecent(ctx, before); err != nil {
		return err
	}
	ids := p.store.rowIDs()
	if len(ids) == 0 {
		return nil
	}
	for some := range slices.Chunk(ids, rowsAtOnce) {
		// In this order: a row that has its old uid afterwards had the new one before.
		after, err := p.source.UIDs(ctx, some, p.config.RegistryID)
		if err != nil {
			return ignoreIfStopping(ctx, err)
		}
		old, err := p.source.UIDs(ctx, some, before)
		if err != nil {
			return ignoreIfStopping(ctx, err)
		}
		for i, id := range some {
			p.store.renameRow(id, old[i], after[i])
		}
	}
	p.logger.Info("Renamed the registry of events that were refused, or delivered ahead of their turn",
		zap.String("from", before), zap.String("to", p.config.RegistryID), zap.Int("events", len(ids)))
	return nil
}

// renameRecent does the same with the rows that were delivered last.
func (p *poller) renameRecent(ctx context.Context, before string) error {
	rows := p.store.recent.Rows()
	ids := rowIDs(rows)
	after, err := p.source.UIDs(ctx, ids, p.config.RegistryID)
	if err != nil {
		return ignoreIfStopping(ctx, err)
	}
	old, err := p.source.UIDs(ctx, ids, before)
	if err != nil {
		return ignoreIfStopping(ctx, err)
	}
	for i, row := range rows {
		if renamed, ok := checkpoint.NewRow(row.ID, after[i]); ok && old[i] == recheck.UID(row) {
			rows[i] = renamed
		}
	}
	p.store.recent.Replace(rows)
	return nil
}

// rowIDs are the ids of the rows that the checkpoint names one by one.
func (s *checkpointStore) rowIDs() (ids []int64) {
	for id := range s.doneAhead.rows {
		ids = append(ids, id)
	}
	for _, list := range []*refusedList{s.quarantine, s.owed} {
		for _, e := range list.all() {
			ids = append(ids, e.ID)
		}
	}
	return ids
}

// renameRow replaces the uid of a row.
func (s *checkpointStore) renameRow(id int64, old, uid string) {
	if old == "" || uid == "" {
		return
	}
	s.doneAhead.rename(id, old, uid)
	for _, list := range []*refusedList{s.quarantine, s.owed} {
		list.update(id, func(e *checkpoint.Refused) {
			if e.UID == old {
				e.UID = uid
			}
		})
	}
}
