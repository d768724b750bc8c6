// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/delivery"
	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
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
	distant int // counts the searches for a row from behind the pending ones

	// sent are the rows that were sent last, with their statuses, in their form.
	sent     []event
	sentForm delivery.Form
	// copies are what is delivered: a pipeline gets rows that were cut or reduced,
	// and the next attempt needs them whole. It is kept for the next batch.
	copies []event
}

func (p *poller) newEventsLane() *delivery.Lane[event] {
	return delivery.NewLane(delivery.Settings{
		MaxRows:        p.config.BatchSize,
		NextInterval:   p.retryInterval,
		Now:            p.now,
		QuarantineFull: func() bool { return p.config.OnRefusal != RefusalDrop && p.store.quarantine.full() },
		AheadRoom:      p.store.doneAhead.room,
	}, func(e event) string { return e.UID })
}

// read sees to it that there are rows to send, if the table has any.
func (p *poller) read(ctx context.Context) error {
	if p.pending.empty() {
		if err := p.readBatch(ctx); err != nil {
			return err
		}
	} else if p.events.refused {
		if err := p.readMore(ctx); err != nil {
			return err
		}
	}
	p.selectRows(ctx)
	return nil
}

// readBatch reads the rows behind the cursor, if anything has changed.
func (p *poller) readBatch(ctx context.Context) error {
	batch, err := p.readAfter(ctx, p.cursor, p.buffer)
	if err != nil || len(batch.Events) == 0 {
		return err
	}
	p.buffer = batch.Events
	p.pending.set(batch)
	return nil
}

// readMore adds the rows that follow to less than a batch, so that others than those
// that were refused can be tried. It never reads the pending ones again.
func (p *poller) readMore(ctx context.Context) error {
	if p.pending.extended || len(p.pending.events) >= p.config.BatchSize {
		return nil
	}
	batch, err := p.readAfter(ctx, p.pending.next, nil)
	switch {
	case errors.As(err, new(*registry.ReplacedError)):
		return nil // once the pending ones are passed
	case err != nil:
		return err
	case len(batch.Events) > 0:
		p.pending.extend(batch)
	}
	return nil
}

// readAfter reads the rows after a cursor, if there may be any.
func (p *poller) readAfter(ctx context.Context, cursor registry.Cursor, into []event) (registry.Batch, error) {
	if !p.more {
		changed, err := p.source.Changed()
		if err != nil || !changed {
			return registry.Batch{}, err
		}
	}
	limits := registry.Limits{Rows: p.config.BatchSize, Bytes: p.config.BatchBytes, ValueBytes: p.config.MaxValueBytes}
	batch, err := p.source.Read(ctx, cursor, limits, into)
	if err != nil {
		return registry.Batch{}, ignoreIfStopping(ctx, err)
	}
	if len(batch.Events) > 0 && batch.Next == cursor {
		return registry.Batch{}, fmt.Errorf("read database %s: the rows after id %d leave the position where it is: the column `id` must hold increasing integers, as an INTEGER PRIMARY KEY does", p.config.Database, cursor.ID)
	}
	p.more = batch.More
	p.countRead(ctx, batch.Events)
	return batch, nil
}

// countRead counts rows, each once.
func (p *poller) countRead(ctx context.Context, events []event) {
	if n := len(events); n > 0 && events[n-1].ID > p.countedTo {
		p.telemetry.read(ctx, events)
		p.countedTo = events[n-1].ID
	}
}

// selectRows chooses which of the pending events to deliver.
func (p *poller) selectRows(ctx context.Context) {
	if p.since.IsZero() && len(p.store.doneAhead.rows) == 0 {
		p.pending.filter(nil)
	} else {
		p.pending.filter(p.wanted)
	}
	if len(p.pending.rows) == 0 {
		return
	}
	if p.pending.extended && !p.events.holding {
		p.pending.limit(p.config.BatchBytes, func(e *event) int { return e.EncodedSize(p.config.MaxValueBytes) })
	}
	if p.events.lane.Searching() {
		p.addDistant(ctx)
	}
}

// addDistant adds a row from behind the pending ones while single rows are tried, so
// that a burst of rows that are refused does not hide that others would be accepted:
// the newest one, or, where that is done ahead, one in between. If that fails, the
// pending ones are all there is.
func (p *poller) addDistant(ctx context.Context) {
	if !p.more {
		return // all rows are pending
	}
	newest, ok, err := p.source.Newest(ctx)
	if err != nil || !ok || newest.ID <= p.pending.last() {
		return
	}
	if p.wanted(&newest) {
		p.pending.addDistant(newest)
		return
	}
	p.events.distant++
	between, err := p.source.ByID(ctx, idsBetween(p.pending.last(), newest.ID, p.events.distant), nil)
	if err != nil {
		return
	}
	for i := range between {
		if p.wanted(&between[i]) {
			p.pending.addDistant(between[i])
			return
		}
	}
}

// maxBetween is how many rows are read in search of a distant one.
const maxBetween = 8

// idsBetween are ids between two others, spread evenly and beginning elsewhere each
// turn, the latest first.
func idsBetween(first, last int64, turn int) (ids []int64) {
	n := last - first - 1
	step := max(1, n/maxBetween)
	for i := range min(n, maxBetween) {
		ids = append(ids, last-1-((i+int64(turn))*step+int64(turn)/maxBetween)%n)
	}
	return ids
}

// wanted reports whether an event is to be delivered: it is neither older than
// `since`, nor done ahead. Events without a time are wanted.
func (p *poller) wanted(e *event) bool {
	if !p.since.IsZero() && !e.Timestamp.IsZero() && e.Timestamp.Before(p.since) {
		return false
	}
	delivered, ok := p.store.doneAhead.has(e)
	if !ok {
		p.logger.Warn("A row has the id of one that was delivered ahead of its turn: delivering it", zap.Int64("id", e.ID), zap.String("uid", e.UID))
	}
	return !delivered
}

// deliverRows sends rows once, and then, and only then, moves the cursor.
func (p *poller) deliverRows(ctx context.Context) error {
	if p.pending.empty() {
		return nil
	}
	if skipped := p.pending.position(0); skipped > 0 {
		p.pass(skipped)
		return p.move(ctx, p.cursor)
	}
	rows := p.pending.rows
	step := p.events.lane.Step(ctx, rows, p.sendRows)
	if isStopping(ctx, &step) {
		return errStopping
	}
	p.afterStep(&step)
	settled := settledRows(&step, rows)
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
	p.events.sent, p.events.sentForm = rows, form
	copies := append(p.events.copies[:0], rows...)
	for i := range copies {
		copies[i].Truncate(p.config.MaxValueBytes)
		if form == delivery.Reduced {
			copies[i].Reduce()
		}
	}
	p.events.copies = copies
	return p.deliver(copies, nil)
}

// afterStep takes over what a step says of the destination.
func (p *poller) afterStep(step *delivery.Step[event]) {
	p.events.refused, p.events.holding = step.Err != nil, step.Holding
	p.events.due = time.Time{}
	if step.Wait > 0 {
		p.events.due = p.now().Add(step.Wait)
	}
	p.telemetry.gauges.setHolding(laneEvents, step.Holding)
	if step.HoldEnded {
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

// settle leaves the claims of the settled rows, and no others, to be committed.
func (p *poller) settle(ctx context.Context, settled []event) {
	switch {
	case len(settled) == 0:
		p.reconciliation.drop()
		return
	case len(settled) != len(p.events.sent): // accepted in part
		p.reconciliation.check(ctx, settled)
		p.events.sent = settled
	}
	p.reconciliation.passed(ctx, p.events.sent)
}

// remember takes over what became of rows, to be saved.
func (p *poller) remember(ctx context.Context, step *delivery.Step[event], rows []event) {
	passed, ahead := step.Passed, step.Ahead
	if p.pending.distant && passed == len(rows) { // it is not one of the pending events
		passed, ahead = passed-1, append(ahead, passed-1)
	}
	for _, i := range ahead {
		p.store.doneAhead.add(&rows[i])
	}
	if step.Blamed != nil {
		p.blame(ctx, step.Blamed, &p.events.sent[0])
	} else {
		p.telemetry.truncated(ctx, p.events.copies)
	}
	if passed > 0 {
		p.pass(p.pending.position(passed))
	}
}

// pass moves the cursor past the first pending events. move saves it.
func (p *poller) pass(events int) {
	p.rows = lastRows(p.rows[:0], p.pending.events[:events])
	p.store.addRows(p.rows)
	p.cursor = p.pending.cursor(events)
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
