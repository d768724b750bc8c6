// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

// read sees to it that there are rows to send, if the table has any.
func (p *poller) read(ctx context.Context) error {
	var err error
	if p.pending.empty() {
		err = p.readBatch(ctx)
	} else if p.events.refused {
		err = p.readMore(ctx)
	}
	p.selectRows(ctx)
	return err
}

// readBatch reads the rows behind the cursor, if anything has changed.
func (p *poller) readBatch(ctx context.Context) error {
	clear(p.buffer) // the texts of the last batch, before others are read
	batch, err := p.readAfter(ctx, p.cursor, p.buffer)
	if err != nil || len(batch.Events) == 0 {
		return err
	}
	p.buffer = batch.Events
	p.pending.set(batch)
	return nil
}

// readMore adds the rows that follow to less than a batch, so that others than those
// that were refused can be tried. It never reads the pending ones again. Where they are
// enough, it only finds out whether there are more.
func (p *poller) readMore(ctx context.Context) error {
	if len(p.pending.events) >= p.config.BatchSize || p.pending.memory() >= maxPendingMemory {
		changed, err := p.source.Changed()
		p.more = p.more || changed
		return err
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

// maxPendingMemory is the memory of pending rows, in bytes, from which on no others are
// read beside them. A batch has at most about as much.
const maxPendingMemory = 4 << 20

// readAfter reads the rows after a cursor, if there may be any.
func (p *poller) readAfter(ctx context.Context, cursor registry.Cursor, into []event) (registry.Batch, error) {
	if !p.more {
		changed, err := p.source.Changed()
		if err != nil || !changed {
			return registry.Batch{}, err
		}
	}
	batch, err := p.source.Read(ctx, cursor, p.config.BatchSize-p.unsavedRows, into)
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

// selectRows chooses which of the pending events to deliver: no more together than
// `batch_bytes` hold. Single rows are sent while the lane holds.
func (p *poller) selectRows(ctx context.Context) {
	if p.since.IsZero() && len(p.store.doneAhead.rows) == 0 {
		p.pending.filter(nil)
	} else {
		p.pending.filter(p.wanted)
	}
	if len(p.pending.rows) == 0 {
		return
	}
	if !p.events.holding {
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
	if !p.more { // nothing was there beyond the pending ones when they were read
		if changed, err := p.source.Changed(); err != nil || !changed {
			return
		}
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
