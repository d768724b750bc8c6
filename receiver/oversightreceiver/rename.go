// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"

	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
)

// renameRows gives the rows in the checkpoint the uids that they have under another
// `registry_id`, which is part of a uid. It is called when the database has turned out
// to be the cursor's, so that a row with the same id is the same row.
func (p *poller) renameRows(ctx context.Context) error {
	for id := range p.store.doneAhead.rows {
		e, err := p.readByID(ctx, id)
		if err != nil {
			return err
		}
		if e != nil {
			p.store.doneAhead.rename(e)
		}
	}
	for _, list := range []*refusedList{p.store.quarantine, p.store.owed} {
		for _, refused := range list.all() {
			e, err := p.readByID(ctx, refused.ID)
			if err != nil {
				return err
			}
			if e != nil {
				list.update(e.ID, func(found *checkpoint.Refused) { found.UID = e.UID })
			}
		}
	}
	p.logger.Info("`registry_id` was changed: the refused events in the checkpoint have new uids", zap.Int("events", p.refusedSize()))
	p.renamed = false
	return nil
}

// readByID reads a row; nil: there is none with that id.
func (p *poller) readByID(ctx context.Context, id int64) (*event, error) {
	found, err := p.source.ByID(ctx, []int64{id}, nil)
	if err != nil || len(found) == 0 {
		return nil, ignoreIfStopping(ctx, err)
	}
	return &found[0], nil
}
