// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/reconcile"
	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

// maxRetryInterval is the longest pause after the database could not be read.
// It bounds how late an event can be once the database can be read again.
const maxRetryInterval = 5 * time.Second

// source is where the poller reads. [registry.Reader] says what the methods do.
type source interface {
	Changed() (bool, error)
	Read(ctx context.Context, cursor registry.Cursor, limits registry.Limits, into []event) (registry.Batch, error)
	End(ctx context.Context) (registry.Cursor, error)
}

// poller reads batches, delivers them and moves the checkpoint. Its fields belong
// to the goroutine of run, except for delivered.
type poller struct {
	config    *Config
	since     time.Time // zero: none
	logger    *zap.Logger
	source    source
	store     *checkpointStore
	telemetry *telemetry
	health    *health
	// deliver hands events and findings over to the pipeline. It returns nil when
	// the pipeline has taken responsibility for them, and errStopping when nobody
	// waits for the answer any more.
	deliver func([]event, []finding) error

	openReconciliation openReconciliation
	reconciliation     reconciliation

	started  bool                // cursor is known
	cursor   registry.Cursor     // behind the last event delivered
	snapshot *reconcile.Snapshot // to be saved with the cursor; nil: nothing new
	unsaved  error               // why the checkpoint in the store is older than cursor
	more     bool                // there may be rows after the cursor
	buffer   []event
	rows     []checkpoint.Row

	delivered atomic.Int64 // cursor.ID, for metrics
}

// position is the id of the last event delivered. It is safe for concurrent use.
func (p *poller) position() int64 { return p.delivered.Load() }

// run polls until the context is done or the receiver must stop. It ends between
// two batches.
func (p *poller) run(ctx context.Context) {
	pause := p.config.PollInterval
	for ctx.Err() == nil {
		err := p.poll(ctx)
		switch {
		case errors.Is(err, errStopping):
			return
		case p.mustStop(err):
			p.health.permanent(err)
			return
		case err != nil:
			p.health.recoverable(failureRead, err)
			pause = min(2*pause, max(maxRetryInterval, p.config.PollInterval))
		case p.unsaved != nil:
			p.health.recoverable(failureCheckpoint, p.unsaved)
			pause = p.config.PollInterval
		case p.reconciliation.err() != nil:
			p.health.recoverable(failureReconcile, p.reconciliation.err())
			pause = p.config.PollInterval
		default:
			p.health.resolved(failureRead, failureDeliver, failureCheckpoint, failureReconcile)
			pause = p.config.PollInterval
		}
		if err == nil && (p.more || p.reconciliation.busy()) {
			continue
		}
		if !sleep(ctx, pause) {
			return
		}
	}
}

// poll checks for rows once, and delivers the next batch of them.
func (p *poller) poll(ctx context.Context) error {
	if !p.started {
		if err := p.start(ctx); err != nil {
			return err
		}
	}
	if p.unsaved != nil {
		p.save(ctx)
	}
	begin := time.Now()
	batch, err := p.next(ctx)
	p.telemetry.polled(ctx, time.Since(begin), err)
	if replaced := new(registry.ReplacedError); errors.As(err, &replaced) {
		return p.onReplaced(ctx, replaced)
	}
	if err != nil {
		return err
	}
	if len(batch.Events) > 0 {
		if err := p.deliverBatch(ctx, batch); err != nil || p.more {
			return err
		}
	}
	return p.idle(ctx)
}

// next reads the rows after the cursor, if anything changed.
func (p *poller) next(ctx context.Context) (registry.Batch, error) {
	if !p.more {
		changed, err := p.source.Changed()
		if err != nil || !changed {
			return registry.Batch{}, err
		}
	}
	batch, err := p.source.Read(ctx, p.cursor, registry.Limits{Rows: p.config.BatchSize}, p.buffer)
	if err != nil {
		return registry.Batch{}, ignoreIfStopping(ctx, err)
	}
	p.buffer, p.more = batch.Events, batch.More
	return batch, nil
}

// deliverBatch delivers a batch and then, and only then, moves the cursor.
func (p *poller) deliverBatch(ctx context.Context, batch registry.Batch) error {
	p.telemetry.read(ctx, batch.Events)
	findings := p.reconciliation.check(ctx, batch.Events)
	p.rows = lastRows(p.rows[:0], batch.Events) // before wanted overwrites events
	events := p.wanted(batch.Events)
	if len(events)+len(findings) > 0 {
		if err := p.deliverWithRetry(ctx, events, findings); err != nil {
			p.more = true // the same rows are read again
			return err
		}
	}
	// The commit point: from here on these events are the pipeline's.
	p.store.addRows(p.rows)
	p.move(ctx, batch.Next)
	return nil
}

// lastRows appends the last rows, as many as the checkpoint keeps.
func lastRows(rows []checkpoint.Row, events []event) []checkpoint.Row {
	for i := max(0, len(events)-checkpoint.RecentRows); i < len(events); i++ {
		if row, ok := checkpoint.NewRow(events[i].ID, events[i].UID); ok {
			rows = append(rows, row)
		}
	}
	return rows
}

// idle reads more of the transparency log when all rows have been delivered.
func (p *poller) idle(ctx context.Context) error {
	findings := p.reconciliation.idle(ctx)
	if len(findings) > 0 {
		if err := p.deliverWithRetry(ctx, nil, findings); err != nil {
			return err
		}
	}
	if p.reconciliation.pending() {
		p.move(ctx, p.cursor)
	}
	return nil
}

// wanted drops what is older than `since`. Rows without a time are wanted.
func (p *poller) wanted(events []event) []event {
	if p.since.IsZero() {
		return events
	}
	return slices.DeleteFunc(events, func(e event) bool {
		return !e.Timestamp.IsZero() && e.Timestamp.Before(p.since)
	})
}

// start loads the checkpoint, which says where to continue.
func (p *poller) start(ctx context.Context) error {
	cursor, found, err := p.store.load(ctx)
	switch {
	case errors.Is(err, checkpoint.ErrDamaged):
		// Some events twice are better than events missed.
		p.logger.Error("The checkpoint is damaged: reading from the beginning", zap.Error(err))
		found = true
	case errors.As(err, new(*checkpoint.VersionError)):
		return fmt.Errorf("`storage` is %q: it holds the checkpoint of a newer collector; run that one, or delete this receiver's entry in that storage (or configure another one) and accept that events are delivered again: %w", p.config.StorageID, err)
	case err != nil:
		return err
	}
	opened, err := p.openReconciliation(ctx, p.store, cursor.ID)
	if err != nil {
		return err
	}
	_ = p.reconciliation.close() // of an attempt that did not get further
	p.reconciliation = opened
	if !found && p.config.StartAt == StartAtEnd {
		if cursor, err = p.source.End(ctx); err != nil {
			return ignoreIfStopping(ctx, err)
		}
		p.move(ctx, cursor) // so that a restart finds what came since
	}
	p.logger.Info("Reading events", zap.String("database", p.config.Database), zap.Int64("after_id", cursor.ID), zap.Bool("checkpoint", found))
	p.delivered.Store(cursor.ID)
	p.cursor, p.started, p.more = cursor, true, true
	return nil
}

// onReplaced continues with the other database from its beginning, or stops.
func (p *poller) onReplaced(ctx context.Context, err *registry.ReplacedError) error {
	p.telemetry.replaced(ctx)
	restart := p.config.OnDatabaseReplaced == ReplacedRestart
	if findings := p.reconciliation.replaced(err, restart); len(findings) > 0 {
		if err := p.deliverWithRetry(ctx, nil, findings); err != nil {
			return err
		}
	}
	if !restart {
		if p.reconciliation.pending() {
			p.move(ctx, p.cursor)
		}
		return err
	}
	p.logger.Warn("The database was replaced: reading the new one from its beginning", zap.Error(err))
	p.store.resetRows()
	p.move(ctx, registry.Cursor{})
	p.more = true
	return nil
}

// mustStop reports whether the error needs a person.
func (p *poller) mustStop(err error) bool {
	return errors.As(err, new(*checkpoint.VersionError)) ||
		p.config.OnDatabaseReplaced == ReplacedStop && errors.As(err, new(*registry.ReplacedError))
}

// move sets the cursor and saves it, with what is known of the transparency log.
func (p *poller) move(ctx context.Context, to registry.Cursor) {
	p.cursor = to
	p.delivered.Store(to.ID)
	snapshot, err := p.reconciliation.commit(ctx, to.ID)
	if err != nil {
		p.unsaved = err
		return
	}
	p.snapshot = snapshot
	p.save(ctx)
}

// save writes the checkpoint, also while the receiver is being stopped. If that
// fails, delivery continues, since a leak must be reported even when the disk is
// full: the cost is that a restart delivers the events again. It is reported, and
// retried at every poll.
func (p *poller) save(ctx context.Context) {
	p.unsaved = p.store.save(context.WithoutCancel(ctx), p.cursor, p.config.Database, p.snapshot)
	if p.unsaved != nil {
		p.telemetry.checkpointFailed(ctx)
	}
	if p.unsaved == nil && p.snapshot != nil {
		p.reconciliation.saved(p.snapshot)
		p.snapshot = nil
	}
}

// sleep waits for the duration and reports false if the context ended before.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
