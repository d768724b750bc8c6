// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/delivery"
)

// eventsLane is the delivery of rows.
type eventsLane struct {
	lane *delivery.Lane[event]
	// due is when to send next; the zero time: at once.
	due time.Time
	// refused is set after a step that was not accepted: more rows are needed, to find
	// out who is to blame.
	refused bool
	holding bool
	// holdingSince is since when, if it does.
	holdingSince time.Time
	refusals     refusals
	// quarantineFull says that it holds for that: others may be accepted.
	quarantineFull bool
	distant        int // counts the searches for a row from behind the pending ones

	// sent are the rows that were sent last, with their statuses.
	sent []event
	// delivered are those rows as the pipeline got them: cut or reduced.
	delivered []event
	// copies are delivered if they are not the rows themselves: the next attempt needs
	// these whole. It is kept for the next batch.
	copies []event
}

// nothingAccepted reports whether the lane holds because the destination accepts
// nothing: what it refuses then says nothing of the events.
func (l *eventsLane) nothingAccepted() bool { return l.holding && !l.quarantineFull }

func (p *poller) newEventsLane() *delivery.Lane[event] {
	return delivery.NewLane(delivery.Settings{
		MaxRows:        p.config.BatchSize,
		NextInterval:   p.newRetryInterval(),
		Now:            p.now,
		QuarantineFull: func() bool { return p.config.OnRefusal != RefusalDrop && p.store.quarantine.full() },
		AheadRoom:      p.store.doneAhead.room,
	}, func(e event) string { return e.UID })
}

// deliverRows sends rows once, and then, and only then, moves the cursor.
func (p *poller) deliverRows(ctx context.Context) error {
	if p.pending.empty() {
		return nil
	}
	if skipped := p.pending.position(0); skipped > 0 {
		excluded := p.notAhead(p.pending.events[:skipped])
		p.reconciliation.check(ctx, excluded)
		p.passed(ctx, excluded)
		p.pass(skipped)
		return p.move(ctx, p.cursor)
	}
	rows := p.pending.rows
	step := p.events.lane.Step(ctx, rows, p.sendRows)
	if isStopping(ctx, &step) {
		return errStopping
	}
	p.afterStep(&step)
	p.countDelivered(&step)
	settled := p.settledEvents(&step, rows)
	p.settle(ctx, settled)
	if len(settled) == 0 {
		if !p.reconciliation.pending() {
			return nil
		}
		return p.move(ctx, p.cursor)
	}
	// The commit point: from here on these events are the pipeline's, or kept as
	// refused ones in the transaction that moves the cursor.
	p.remember(ctx, &step, rows)
	if p.saveLater(&step) {
		return nil
	}
	return p.move(ctx, p.cursor)
}

// isStopping reports whether a step has only seen that the receiver is being stopped.
func isStopping[R any](ctx context.Context, step *delivery.Step[R]) bool {
	return step.Passed == 0 && len(step.Ahead) == 0 && (errors.Is(step.Err, errStopping) || ctx.Err() != nil && step.Err != nil)
}

// sendRows sends rows once. Each attempt checks them anew: only what is accepted
// claims its leaves.
func (p *poller) sendRows(ctx context.Context, rows []event, form delivery.Form) error {
	p.reconciliation.check(ctx, rows)
	if ctx.Err() != nil { // the check may not have waited for leaves
		return errStopping
	}
	p.events.sent = rows
	p.events.delivered = p.inForm(rows, form)
	p.events.refusals.sent = p.now()
	defer p.saveWhileWaiting(ctx)()
	return p.deliver(p.events.delivered, nil)
}

// inForm returns rows as a pipeline gets them: the rows themselves, if nothing in them
// is to be changed, or else copies.
func (p *poller) inForm(rows []event, form delivery.Form) []event {
	fits := func(e *event) bool { return e.Fits(p.config.MaxValueBytes) }
	if form == delivery.Whole && all(rows, fits) {
		return rows
	}
	p.events.copies = append(p.events.copies[:0], rows...)
	copies := p.events.copies
	for i := range copies {
		copies[i].Truncate(p.config.MaxValueBytes)
		if form == delivery.Reduced {
			copies[i].Reduce()
		}
	}
	return copies
}

// all reports whether all events are such.
func all(events []event, such func(*event) bool) bool {
	for i := range events {
		if !such(&events[i]) {
			return false
		}
	}
	return true
}

// afterStep takes over what a step says of the destination.
func (p *poller) afterStep(step *delivery.Step[event]) {
	p.events.refused, p.events.holding, p.events.quarantineFull = step.Err != nil, step.Holding, step.QuarantineFull
	p.events.holdingSince = step.HoldingSince
	p.events.due = time.Time{}
	if step.Wait > 0 {
		p.events.due = p.now().Add(step.Wait)
	}
	p.telemetry.gauges.setHolding(laneEvents, step.Holding)
	if step.HoldEnded || step.AtRandom {
		p.backlog.queue.Retry()
	}
	p.reportRefusal(step)
}

// settledRows are the rows that a step is done with.
func settledRows(step *delivery.Step[event], rows []event) []event {
	if len(step.Ahead) == 0 {
		return rows[:step.Passed]
	}
	settled := append(make([]event, 0, step.Passed+len(step.Ahead)), rows[:step.Passed]...)
	for _, i := range step.Ahead {
		settled = append(settled, rows[i])
	}
	return settled
}

// settledEvents are the rows that a step is done with, and the events between them that
// `since` excludes: these have leaves, too, which are not without a row.
func (p *poller) settledEvents(step *delivery.Step[event], rows []event) []event {
	settled := settledRows(step, rows)
	if p.since.IsZero() || !p.pending.filtered || step.Passed == 0 {
		return settled
	}
	passed := p.pending.passed(step.Passed)
	return append(p.notAhead(p.pending.events[:p.pending.position(passed)]), settled[passed:]...)
}

// notAhead are the events that were not delivered ahead: those claimed their leaves
// then.
func (p *poller) notAhead(events []event) []event {
	if len(p.store.doneAhead.rows) == 0 {
		return slices.Clone(events)
	}
	return slices.DeleteFunc(slices.Clone(events), func(e event) bool {
		delivered, _ := p.store.doneAhead.has(&e)
		return delivered
	})
}

// settle leaves the claims of the settled rows, and no others, to be committed.
func (p *poller) settle(ctx context.Context, settled []event) {
	switch {
	case len(settled) == 0:
		p.reconciliation.drop()
		return
	case len(settled) != len(p.events.sent): // accepted in part, or with excluded ones
		p.reconciliation.check(ctx, settled)
		p.events.sent = settled
	}
	p.passed(ctx, p.events.sent)
}

// remember takes over what became of rows, to be saved.
func (p *poller) remember(ctx context.Context, step *delivery.Step[event], rows []event) {
	passed := p.pending.passed(step.Passed)
	for i := passed; i < step.Passed; i++ {
		p.store.doneAhead.add(&rows[i])
	}
	for _, i := range step.Ahead {
		p.store.doneAhead.add(&rows[i])
	}
	if step.Blamed != nil {
		p.blame(ctx, step.Blamed, &p.events.sent[0])
	} else {
		p.telemetry.truncated(ctx, p.events.delivered)
	}
	if passed > 0 {
		p.pass(p.pending.position(passed))
	}
}

// pass moves the cursor past the first pending events. move saves it.
func (p *poller) pass(events int) {
	p.rows = lastRows(p.rows[:0], p.pending.events[:events])
	p.store.addRows(p.rows)
	p.store.background.add(p.pending.events[:events])
	p.cursor = p.pending.cursor(events)
	if p.unsaved != nil {
		p.store.background.bound(p.cursor.ID, p.now())
	}
	p.store.doneAhead.pass(p.cursor.ID)
	p.pending.pass(events)
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
