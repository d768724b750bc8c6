// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"cmp"
	"context"
	"errors"
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
	Read(ctx context.Context, cursor registry.Cursor, maxRows int, into []event) (registry.Batch, error)
	ByID(ctx context.Context, ids []int64, into []event) ([]event, error)
	UIDs(ctx context.Context, ids []int64, registryID string) ([]string, error)
	RowUIDs(ctx context.Context, after int64, maxRows int, into []registry.RowUID) (rows []registry.RowUID, more bool, err error)
	After(ctx context.Context, after int64, maxRows int, into []event) (rows []event, more bool, err error)
	Newest(ctx context.Context) (newest event, ok bool, err error)
	End(ctx context.Context) (registry.Cursor, error)
	EndBefore(ctx context.Context, t time.Time) (registry.Cursor, error)
}

// poller reads rows, delivers them and moves the checkpoint. It delivers in two
// lanes, events and findings, so that a destination that does not accept the one gets
// the other. Its fields belong to the goroutine of run, except for delivered.
type poller struct {
	config    *Config
	since     time.Time // zero: none
	logger    *zap.Logger
	source    source
	store     *checkpointStore
	telemetry *telemetry
	health    *health
	now       func() time.Time
	// deliver hands events and findings over to the pipeline. It returns nil when
	// the pipeline has taken responsibility for them, and errStopping when nobody
	// waits for the answer any more.
	deliver func([]event, []finding) error

	openReconciliation openReconciliation
	reconciliation     reconciliation

	started    bool                // cursor is known
	firstStart *time.Time          // see [checkpoint.Root.FirstStart]; nil: none
	cursor     registry.Cursor     // behind the last event that was passed
	snapshot   *reconcile.Snapshot // to be saved with the cursor; nil: nothing new
	unsaved    error               // why the checkpoint in the store is older than cursor
	more       bool                // there may be rows that were not read
	buffer     []event
	rows       []checkpoint.Row

	unsavedRows int // see saveLater

	pending pending
	events  eventsLane
	records recordsLane
	// checkpoints makes checkpoint records; nil: there are none.
	checkpoints *checkpointRecords
	backlog     backlog
	readPause   time.Duration // after the last failure to read; 0: it succeeded
	readErr     error         // why no rows could be added to the pending ones
	countedTo   int64         // the highest id that was counted as read
	recheck     recheckState

	delivered atomic.Int64 // cursor.ID, for metrics
}

// position is the id of the last event that was passed. It is safe for concurrent use.
func (p *poller) position() int64 { return p.delivered.Load() }

// run polls until the context is done or the receiver must stop. It ends between
// two deliveries.
func (p *poller) run(ctx context.Context) {
	p.init()
	defer p.logUnlisted()
	defer p.sendLastCheckpointRecord(ctx)
	defer p.saveUnsavedRows(ctx)
	for ctx.Err() == nil {
		err := p.turn(ctx)
		switch {
		case errors.Is(err, errStopping):
			return
		case p.mustStop(err):
			p.health.permanent(err)
			return
		}
		p.report(err)
		if pause := p.pause(err); pause > 0 && !sleep(ctx, pause) {
			return
		}
	}
}

// init prepares the lanes.
func (p *poller) init() {
	p.events.lane = p.newEventsLane()
	p.records.lane = p.newRecordsLane()
	p.backlog.queue = p.newBacklog()
	if p.checkpoints != nil {
		p.checkpoints.begin(p.now(), p.newRetryInterval())
	}
}

// turn does what is due: it sends at most once in each lane, apart from findings
// that are accepted at once.
func (p *poller) turn(ctx context.Context) error {
	if !p.started {
		if err := p.start(ctx); err != nil {
			return err
		}
	}
	if p.unsaved != nil {
		p.save(ctx)
	}
	if err := p.turnRecords(ctx); err != nil {
		return err
	}
	if err := p.turnBacklog(ctx); err != nil {
		return err
	}
	if err := p.turnCheckpointRecord(ctx); err != nil {
		return err
	}
	before := p.unsavedRows
	err := p.turnEvents(ctx)
	if p.unsavedRows == before { // nothing was delivered that is saved together with these
		p.saveUnsavedRows(ctx)
	}
	p.turnRecheck(ctx)
	return err
}

// turnEvents reads rows, if there are none, and sends.
func (p *poller) turnEvents(ctx context.Context) error {
	if p.now().Before(p.events.due) {
		return nil
	}
	begin := time.Now()
	err := p.read(ctx)
	p.telemetry.polled(ctx, time.Since(begin), err)
	if replaced := new(registry.ReplacedError); errors.As(err, &replaced) {
		return p.onReplaced(ctx, replaced)
	}
	p.readErr = nil
	switch {
	case err != nil && (p.pending.empty() || errors.Is(err, errStopping)):
		return err
	case err != nil:
		p.readErr = err // what was read before is delivered all the same
	}
	if err := p.deliverRows(ctx); err != nil || p.more || p.readErr != nil || !p.pending.empty() {
		return err
	}
	return p.idle(ctx)
}

// idle reads more of the transparency log when all rows have been passed. While rows
// wait, their leaves would seem to have none.
func (p *poller) idle(ctx context.Context) error {
	p.reconciliation.idle(ctx)
	if !p.reconciliation.pending() {
		return nil
	}
	return p.move(ctx, p.cursor)
}

// report reports a failure to read, and whether the transparency log can be read.
// Those of deliveries and saves are reported where they occur.
func (p *poller) report(err error) {
	p.reportFailure(failureRead, cmp.Or(err, p.readErr, p.backlog.readErr))
	p.reportFailure(failureReconcile, p.reconciliation.err())
}

// reportFailure reports a failure, or with nil that it is over.
func (p *poller) reportFailure(class failure, err error) {
	if err == nil {
		p.health.resolved(class)
		return
	}
	p.health.recoverable(class, err)
}

// pause is how long there is nothing to do.
func (p *poller) pause(err error) time.Duration {
	now := p.now()
	pause := p.eventsPause(now, err)
	if p.started && p.store.outbox.size() > 0 {
		pause = min(pause, p.records.due.Sub(now))
	}
	if p.started && !p.events.nothingAccepted() && p.refusedSize() > 0 {
		pause = min(pause, p.backlog.queue.Wait())
	}
	if p.started && p.checkpoints != nil {
		pause = min(pause, p.checkpoints.due.Sub(now))
	}
	if due := p.backlog.lostDue; !due.IsZero() {
		pause = min(pause, due.Sub(now))
	}
	if p.unsaved != nil {
		pause = min(pause, p.config.PollInterval)
	}
	return min(pause, p.recheckPause(now))
}

// eventsPause is how long there is nothing to do with rows.
func (p *poller) eventsPause(now time.Time, err error) time.Duration {
	if err != nil {
		p.readPause = min(2*max(p.readPause, p.config.PollInterval), max(maxRetryInterval, p.config.PollInterval))
		return p.readPause
	}
	if p.readPause > 0 && p.backlog.readErr != nil {
		p.backlog.queue.Retry() // the database can be read again
	}
	p.readPause = 0
	switch {
	case now.Before(p.events.due):
		return p.events.due.Sub(now)
	case p.more, !p.pending.empty(), p.reconciliation.busy():
		return 0
	default:
		return p.config.PollInterval
	}
}

// onReplaced continues with what a database that went back has in common with what was
// delivered, and with another one from its beginning, or stops.
func (p *poller) onReplaced(ctx context.Context, err *registry.ReplacedError) error {
	if back, err := p.continueRolledBack(ctx, err); back || err != nil {
		return err
	}
	p.telemetry.replaced(ctx)
	restart := p.config.OnDatabaseReplaced == ReplacedRestart
	p.reconciliation.replaced(err, restart)
	if !restart {
		if p.reconciliation.pending() {
			if err := p.move(ctx, p.cursor); err != nil {
				return err
			}
		}
		return err
	}
	p.logger.Warn("The database was replaced: reading the new one from its beginning", zap.Error(err))
	if !p.config.TransparencyLog.HasValue() { // otherwise it is the reconciliation's
		p.addRecord(ctx, p.replacedFinding(err))
	}
	p.forgetRows(ctx)
	p.more = true
	return p.move(ctx, registry.Cursor{})
}

// mustStop reports whether the error needs a person.
func (p *poller) mustStop(err error) bool {
	return errors.As(err, new(*checkpoint.VersionError)) || errors.As(err, new(*storageDamagedError)) ||
		p.config.OnDatabaseReplaced == ReplacedStop && errors.As(err, new(*registry.ReplacedError))
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
