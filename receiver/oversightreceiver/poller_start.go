// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

// start loads the checkpoint, which says where to continue.
func (p *poller) start(ctx context.Context) error {
	cursor, found, err := p.store.load(ctx)
	switch {
	case errors.Is(err, checkpoint.ErrDamaged):
		// Some events twice are better than events missed.
		p.logger.Error("The checkpoint is damaged: reading from the beginning", zap.Error(err))
		found, cursor = true, registry.Cursor{}
		p.store.reset()
	case errors.As(err, new(*checkpoint.VersionError)):
		return fmt.Errorf("`storage` is %q: it holds the checkpoint of a newer collector; run that one, or delete this receiver's entry in that storage (or configure another one) and accept that events are delivered again: %w", p.config.StorageID, err)
	case err != nil:
		return err
	}
	if err := p.renameRows(ctx); err != nil {
		return err
	}
	opened, err := p.openReconciliation(ctx, p.store, deliveredRows{p}, cursor.ID)
	if err != nil {
		return err
	}
	_ = p.reconciliation.close() // of an attempt that did not get further
	p.reconciliation = opened
	p.cursor = cursor
	if p.config.StartAt == StartAtEnd && (!found || p.store.root.FirstStart != nil) {
		if err := p.startAtEnd(ctx); err != nil {
			return err
		}
	}
	if err := p.store.background.open(ctx, p.cursor, p.now()); err != nil {
		return err
	}
	p.logger.Info("Reading events", zap.String("database", p.config.Database), zap.Int64("after_id", p.cursor.ID), zap.Bool("checkpoint", found))
	p.delivered.Store(p.cursor.ID)
	p.started, p.more = true, true
	p.startBacklog(ctx)
	return nil
}

// startAtEnd moves the cursor to where the table ended at the first start. A
// database that is missing then has no end: all that appears is delivered. One that
// cannot be read is read later, and what was added since the first start is
// delivered.
func (p *poller) startAtEnd(ctx context.Context) error {
	if p.store.root.FirstStart == nil {
		p.store.root.FirstStart = p.firstStart // no storage has it
	}
	first := p.store.root.FirstStart
	var end registry.Cursor
	var err error
	if first == nil {
		end, err = p.source.End(ctx)
	} else {
		end, err = p.source.EndBefore(ctx, *first)
	}
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return errStopping
	case first == nil && errors.Is(err, fs.ErrNotExist):
		p.logger.Info("The database does not exist yet: all events that appear in it are delivered", zap.String("database", p.config.Database))
	case first == nil:
		now := p.now().UTC()
		p.store.root.FirstStart, p.firstStart = &now, &now
		return errors.Join(err, p.move(ctx, registry.Cursor{}))
	default:
		return err
	}
	p.store.root.FirstStart = nil
	return p.move(ctx, end) // so that a restart finds what came since
}

// forgetRows forgets all that is known of rows: the database is another one.
func (p *poller) forgetRows(ctx context.Context) {
	p.dropPending()
	p.countedTo = 0
	p.giveUpAll(ctx)
	p.store.recent.Reset()
	p.store.doneAhead.reset()
	p.store.background.restart(0, p.now())
}
