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

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

// maxRetryInterval is the longest pause after the database could not be read.
// It bounds how late an event can be once the database is back.
const maxRetryInterval = 5 * time.Second

// source is where the poller reads. [registry.Reader] says what the methods do.
type source interface {
	Changed() (bool, error)
	Read(ctx context.Context, cursor registry.Cursor, limit int, into []event) (registry.Batch, error)
	End(ctx context.Context) (registry.Cursor, error)
}

// poller reads batches, hands them on and moves the checkpoint. Its fields
// belong to the goroutine of run, except for delivered.
type poller struct {
	config    *Config
	since     time.Time // zero: none
	logger    *zap.Logger
	source    source
	store     *checkpointStore
	telemetry *telemetry
	health    *health
	audit     *audit // nil without `transparency_log`
	// deliver hands events and findings to the pipeline. nil is the pipeline's
	// word that it has taken responsibility for them.
	deliver func([]event, []finding) error

	started bool            // cursor is known
	cursor  registry.Cursor // after the last event delivered
	unsaved error           // why the checkpoint in the store is older than cursor
	more    bool            // there may be rows after the cursor
	buffer  []event

	delivered atomic.Int64 // cursor.ID, for metrics
}

// position is the id of the last event delivered. It is safe for concurrent use.
func (p *poller) position() int64 { return p.delivered.Load() }

// run polls until the context is done or the database was replaced under
// `on_database_replaced: stop`. It always ends between two batches.
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
			p.health.recoverable(err)
			pause = min(2*pause, max(maxRetryInterval, p.config.PollInterval))
		case p.unsaved != nil:
			p.health.recoverable(p.unsaved)
			pause = p.config.PollInterval
		case p.audit.trouble() != nil:
			p.health.recoverable(fmt.Errorf("check events against the transparency log: %w", p.audit.trouble()))
			pause = p.config.PollInterval
		default:
			p.health.ok()
			pause = p.config.PollInterval
		}
		if err == nil && (p.more || p.audit.busy()) {
			continue
		}
		if !sleep(ctx, pause) {
			return
		}
	}
}

// poll looks for rows once, and delivers the next batch of them.
func (p *poller) poll(ctx context.Context) error {
	if !p.started {
		if err := p.begin(ctx); err != nil {
			return err
		}
	}
	if p.unsaved != nil {
		p.save(ctx)
	}
	begin := time.Now()
	batch, err := p.next(ctx)
	p.telemetry.polled(ctx, time.Since(begin))
	if replaced := new(registry.ReplacedError); errors.As(err, &replaced) {
		return p.replaced(ctx, replaced)
	}
	if err != nil {
		return err
	}
	if len(batch.Events) > 0 {
		if err := p.handOn(ctx, batch); err != nil || p.more {
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
	batch, err := p.source.Read(ctx, p.cursor, p.config.BatchSize, p.buffer)
	if err != nil {
		return registry.Batch{}, stoppingOr(ctx, err)
	}
	p.buffer, p.more = batch.Events, batch.More
	return batch, nil
}

// handOn delivers a batch and then, and only then, moves the cursor.
func (p *poller) handOn(ctx context.Context, batch registry.Batch) error {
	p.telemetry.read(ctx, batch.Events)
	findings := p.audit.check(ctx, batch.Events)
	events := p.wanted(batch.Events)
	if len(events)+len(findings) > 0 {
		if err := p.deliverWithRetry(ctx, events, findings); err != nil {
			p.more = true // the same rows again
			return err
		}
	}
	// The commit point: from here on these events are the pipeline's.
	p.move(ctx, batch.Next)
	return nil
}

// idle looks at the transparency log when all rows have been handed on.
func (p *poller) idle(ctx context.Context) error {
	findings := p.audit.idle(ctx)
	if len(findings) > 0 {
		if err := p.deliverWithRetry(ctx, nil, findings); err != nil {
			return err
		}
	}
	if p.audit.pending() {
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

// begin finds out where to read on.
func (p *poller) begin(ctx context.Context) error {
	cursor, found, err := p.store.load(ctx)
	if invalid := new(invalidCheckpointError); errors.As(err, &invalid) {
		// Some events twice are better than events missed.
		p.logger.Error("The checkpoint cannot be read: reading from the beginning", zap.Error(err))
		found, err = true, nil
	}
	if err != nil {
		return err
	}
	if err := p.audit.open(ctx, p.store, cursor.ID); err != nil {
		return err
	}
	if !found && p.config.StartAt == StartAtEnd {
		if cursor, err = p.source.End(ctx); err != nil {
			return stoppingOr(ctx, err)
		}
		p.move(ctx, cursor) // so that a restart finds what came since
	}
	p.logger.Info("Reading events", zap.String("database", p.config.Database), zap.Int64("after_id", cursor.ID), zap.Bool("checkpoint", found))
	p.delivered.Store(cursor.ID)
	p.cursor, p.started, p.more = cursor, true, true
	return nil
}

// replaced goes on with another database from its beginning, or not at all.
func (p *poller) replaced(ctx context.Context, err *registry.ReplacedError) error {
	p.telemetry.replaced(ctx)
	stop := p.config.OnDatabaseReplaced == ReplacedStop
	if findings := p.audit.replaced(err, stop); len(findings) > 0 {
		if err := p.deliverWithRetry(ctx, nil, findings); err != nil {
			return err
		}
	}
	if stop {
		if p.audit.pending() {
			p.move(ctx, p.cursor)
		}
		return err
	}
	p.logger.Warn("The database was replaced: reading the new one from its beginning", zap.Error(err))
	p.move(ctx, registry.Cursor{})
	p.more = true
	return nil
}

func (p *poller) mustStop(err error) bool {
	return p.config.OnDatabaseReplaced == ReplacedStop && errors.As(err, new(*registry.ReplacedError))
}

// move sets the cursor and saves it, with what the audit has found out up to
// there.
func (p *poller) move(ctx context.Context, to registry.Cursor) {
	p.cursor = to
	p.delivered.Store(to.ID)
	if err := p.audit.commit(ctx, to.ID); err != nil {
		p.unsaved = err
		return
	}
	p.save(ctx)
}

// save writes the checkpoint, also while the receiver is being stopped. If that
// fails, events go on being delivered, since a leak must be known of even with
// a full disk: the price is that a restart delivers them again. It is reported,
// and tried again at every poll.
func (p *poller) save(ctx context.Context) {
	p.unsaved = p.store.save(context.WithoutCancel(ctx), p.cursor, p.audit.unsaved())
	if p.unsaved == nil {
		p.audit.saved()
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
