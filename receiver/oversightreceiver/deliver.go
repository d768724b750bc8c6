// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/delivery"
	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

// errStopping ends the loop: the receiver is being shut down.
var errStopping = errors.New("shutting down")

// ignoreIfStopping returns the error, or errStopping if it is only an effect of the
// shutdown.
func ignoreIfStopping(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errStopping
	}
	return err
}

// newRetryInterval returns a function that says how long to wait after the n-th failure
// in a row, from 1 on, as `retry_on_failure` says. It is called for one after the other.
func (p *poller) newRetryInterval() func(failures int) time.Duration {
	retry := &p.config.RetryConfig
	if !retry.Enabled {
		return func(int) time.Duration { return p.config.PollInterval }
	}
	return delivery.BackOff{
		InitialInterval:     retry.InitialInterval,
		RandomizationFactor: retry.RandomizationFactor,
		Multiplier:          retry.Multiplier,
		MaxInterval:         retry.MaxInterval,
	}.NewIntervals()
}

// move sets the cursor and saves it, with all that has changed. The findings are
// delivered before, if the destination accepts them, or saved in the same
// transaction. It returns errStopping, or nil.
func (p *poller) move(ctx context.Context, to registry.Cursor) error {
	p.cursor = to
	p.delivered.Store(to.ID)
	err := p.takeFindings(ctx)
	snapshot, failed := p.reconciliation.commit(ctx, to.ID)
	if failed != nil {
		p.unsaved = failed
		p.reportFailure(failureCheckpoint, p.unsaved)
		return err
	}
	p.snapshot = snapshot
	p.save(ctx)
	return err
}

// save writes the checkpoint, also while the receiver is being stopped. If that
// fails, delivery continues, since a leak must be reported even when the disk is
// full: the cost is that a restart delivers the events again. What was not saved is
// saved with the next. The failure is reported, and retried at every turn.
func (p *poller) save(ctx context.Context) {
	p.store.root.RegistryID = p.config.RegistryID
	p.unsavedRows = 0
	p.unsaved = p.store.save(context.WithoutCancel(ctx), p.cursor, p.config.Database, p.snapshot)
	p.reportFailure(failureCheckpoint, p.unsaved)
	p.reportRefused()
	p.telemetry.gauges.setOutbox(p.store.outbox.size())
	if p.unsaved != nil {
		p.telemetry.checkpointFailed(ctx)
		return
	}
	if p.snapshot != nil {
		p.reconciliation.saved(p.snapshot)
		p.snapshot = nil
	}
}

// stepReport is what a step of a lane says of the destination.
type stepReport struct {
	class          failure
	sent           string // what was sent
	err            error
	accepted       bool // all of it, or a part
	waits          bool // before it is sent again
	quarantineFull bool
}

// reportStep reports why a lane has not delivered everything, or that it has. While it
// looks for who is to blame, nothing fails yet, unless that lasts. A failure is over when
// something was accepted.
func (p *poller) reportStep(refusals *refusals, step *stepReport) {
	refused := step.err != nil && !step.accepted
	lasting := refusals.answered(p.now(), refused)
	switch {
	case step.quarantineFull:
		p.health.recoverable(failureQuarantine, fmt.Errorf("the quarantine holds %d events, as many as it can: %w", p.store.quarantine.size, step.err))
		p.health.resolved(step.class)
	case step.err != nil && (step.waits || lasting):
		p.health.recoverable(step.class, fmt.Errorf("deliver %s: %w", step.sent, step.err))
		p.resolvedQuarantine(step.class)
	case !refused:
		p.health.resolved(step.class)
		p.resolvedQuarantine(step.class)
	}
}

// resolvedQuarantine reports that the quarantine does not hold up events. Records have
// none.
func (p *poller) resolvedQuarantine(class failure) {
	if class == failureDeliver {
		p.health.resolved(failureQuarantine)
	}
}

// reportRefusal reports what a step has found out about the destination.
func (p *poller) reportRefusal(step *delivery.Step[event]) {
	p.reportStep(&p.events.refusals, &stepReport{
		class: failureDeliver, sent: described(p.events.sent, nil), err: step.Err,
		accepted: step.Passed > 0 || len(step.Ahead) > 0, waits: step.Wait > 0, quarantineFull: step.QuarantineFull,
	})
}

func described(events []event, findings []finding) string {
	switch {
	case len(events) == 0:
		return fmt.Sprintf("%d findings", len(findings))
	case len(events) == 1:
		return fmt.Sprintf("event %d", events[0].ID)
	default:
		return fmt.Sprintf("events %d to %d", events[0].ID, events[len(events)-1].ID)
	}
}

// refusalFields are the fields of log lines about a refused event.
func refusalFields(id int64, uid, reason string) []zap.Field {
	return []zap.Field{zap.Int64("id", id), zap.String("uid", uid), zap.String("reason", reason)}
}

// reportRefused says how many refused events are retried, in metrics and status.
func (p *poller) reportRefused() {
	p.telemetry.gauges.setRefused(p.store.quarantine.size, p.store.owed.size)
	p.health.setRefused(p.store.quarantine.size, p.store.owed.size)
}
