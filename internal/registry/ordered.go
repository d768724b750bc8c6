// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/livedb"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// Range says which events to read. The zero value means all of them.
type Range struct {
	// Since and Until bound the timestamps: from Since on, and before Until.
	// The zero time is no bound. With either of them, events without a usable
	// timestamp are left out.
	Since, Until time.Time
	// AfterID leaves out the events up to that id.
	AfterID int64
	// WithoutUID leaves out the events' uid, whose making is a sixth of the work.
	WithoutUID bool
	// Limit is how many events to read at most; 0 for no limit.
	Limit int64
}

// Ordered reads the events of one moment in the order of their timestamps, and
// of their ids where those are equal. Rows that come later are not read, rows
// that are pruned meanwhile may be missing. The database is read in short
// batches, with nothing held between them, and memory stays the same however
// many rows there are.
//
// There is no index on timestamps. They nearly always grow with the ids, and
// then the table is read from start to end, some parts of it at once. Where a clock was set back, the
// rows come page by page: each page is the ids of the next rows in order, found
// by looking through those parts of the table that can hold any of them.
//
// An Ordered is not safe for concurrent use, and has to be closed. Its errors are
// like a [Reader]'s.
type Ordered struct {
	reader *Reader
	limits Range
	end    Cursor // what there was at the moment; also tells an exchanged database
	survey survey
	left   int64 // events that are still within the limit

	spans *spanReaders // if ids and timestamps are in the same order; nil before the first Next
	pager pager        // if they are not
}

// Ordered begins to read the events of the present moment. It looks at the
// timestamps of all rows after AfterID once.
func (r *Reader) Ordered(ctx context.Context, limits Range) (*Ordered, error) {
	end, err := r.End(ctx)
	if err != nil {
		return nil, err
	}
	o := &Ordered{reader: r, limits: limits, end: end}
	if o.survey, err = o.look(ctx, limits.AfterID, end.ID); err != nil {
		return nil, err
	}
	o.left = o.survey.rows
	if limits.Limit > 0 {
		o.left = min(o.left, limits.Limit)
	}
	if !o.survey.inOrder {
		o.pager = newPager(o.survey.zones)
	}
	return o, nil
}

// Close ends the reading, and returns once nothing is read any more. Where to
// go on can still be asked.
func (o *Ordered) Close() {
	if o.spans != nil {
		o.spans.stop()
	}
	o.left = 0
}

// Left is how many events are still to come; fewer do if rows are pruned.
func (o *Ordered) Left() int64 { return o.left }

// Next returns the next events, up to n of them. There are none at the end, and
// fewer where the database is written to all the time. What is passed as into,
// nil or what an earlier call returned, is used again for later events. Of all
// calls, n is the same, and the context is one that lasts.
func (o *Ordered) Next(ctx context.Context, n int, into []translator.Event) ([]translator.Event, error) {
	read := o.nextByTime
	if o.survey.inOrder {
		read = o.nextByID
	}
	for o.left > 0 {
		events, more, err := read(ctx, n, into[:0])
		if err != nil {
			return nil, err
		}
		into = events // what was passed is not this reading's any more
		events = events[:min(int64(len(events)), o.left)]
		o.left -= int64(len(events))
		if len(events) > 0 {
			return events, nil
		}
		if !more { // rows were pruned
			o.left = 0
		}
	}
	return into[:0], nil
}

// nextByID reads on in the order of ids. All rows are decoded, also those
// outside the limits, of which there are few between the first and the last
// one within.
func (o *Ordered) nextByID(ctx context.Context, n int, into []translator.Event) ([]translator.Event, bool, error) {
	if o.spans == nil {
		o.spans = o.startSpanReaders(ctx, n)
	}
	return o.spans.take(ctx, into)
}

// hasTime reports whether an event with that timestamp is to be read.
func (l *Range) hasTime(t time.Time) bool {
	switch {
	case l.Since.IsZero() && l.Until.IsZero():
		return true
	case t.IsZero() || t.Before(l.Since):
		return false
	default:
		return l.Until.IsZero() || t.Before(l.Until)
	}
}

// Resume says where another reading with the same bounds goes on when this one
// ended after the event with the id taken (0 for before the first one): its
// [Range.AfterID]. It repeats no event if exact is set. Otherwise timestamps
// are not in the order of ids, and it repeats some. It leaves none out.
func (o *Ordered) Resume(ctx context.Context, taken int64) (after int64, exact bool, err error) {
	switch {
	case taken == 0:
		return o.limits.AfterID, true, nil
	case o.survey.inOrder:
		return taken, true, nil
	}
	from, found, err := o.placeOf(ctx, taken)
	if err != nil || !found { // pruned: all over again
		return o.limits.AfterID, false, err
	}
	first := o.end.ID + 1
	for _, z := range o.survey.zones {
		if z.high.compare(from) <= 0 {
			continue
		}
		if err := o.scan(ctx, z.first-1, z.last, func(p place) {
			if p.compare(from) > 0 {
				first = min(first, p.id)
			}
		}); err != nil {
			return 0, false, err
		}
	}
	return first - 1, false, nil
}

// view calls fn on a consistent state of the same database as at the beginning.
func (o *Ordered) view(ctx context.Context, fn func(*livedb.Conn, livedb.Attempt) error) error {
	return o.viewWith(ctx, o.reader, fn)
}

func (o *Ordered) viewWith(ctx context.Context, r *Reader, fn func(*livedb.Conn, livedb.Attempt) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, err := r.db.View(ctx, func(conn *livedb.Conn, attempt livedb.Attempt) error {
		if err := r.check(conn, o.end); err != nil {
			return err
		}
		r.decoder.withoutUID = o.limits.WithoutUID
		defer func() { r.decoder.withoutUID = false }() // as Read needs it
		return fn(conn, attempt)
	})
	return r.wrap("read events in order", err)
}

// batchSize is how many rows to read at that attempt: fewer each time that the
// database changes under it.
func batchSize(n int, attempt livedb.Attempt) int {
	if attempt.Locked {
		return n
	}
	return max(n>>min(attempt.Number, 30), min(n, minBatch))
}
