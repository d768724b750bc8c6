// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/oversight-protocol/oversight-otelcol/internal/livedb"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// Ordered reads the events that there were when it was made, in the order of their
// timestamps, and of their ids where those are equal. Rows that are inserted later
// are not read, rows that are pruned meanwhile may be missing. A database that was
// replaced meanwhile is an error. The database is read in short batches, with
// nothing held between them.
//
// There is no index on timestamps. They nearly always grow with the ids, and then
// parts of the table are read by id, in parallel. Where a clock was set back, only
// the rows that it mixed are sorted.
//
// Memory is constant, but for the sort keys of rows that are out of order, 16 bytes
// each, and 64 bytes for every 4096 rows of the table. A clock that was set back
// by an hour costs the sort keys of two hours; a table of 10 million rows in
// random order 160 MB, one of 100 million 1.6 GB.
//
// An Ordered is not safe for concurrent use, and must be closed. Its errors are
// like a [Reader]'s.
type Ordered struct {
	reader *Reader
	limits Range
	end    Cursor // after the last row at the beginning, by its key; also detects another database
	after  int64  // the key of the rows before the first one
	byID   bool   // the keys are the ids
	told   []Notice
	ranges []idRange
	left   int64 // events within the limit that were not returned yet

	readers *rangeReaders // nil before the first Next
}

// Ordered begins to read the events that exist now. It scans the timestamps
// of all rows after AfterID once. Rows are read whatever their ids are, unless the
// table has no rowids: then a row whose id is no integer is an error.
func (r *Reader) Ordered(ctx context.Context, limits Range) (*Ordered, error) {
	o := &Ordered{reader: r, limits: limits}
	if err := o.begin(ctx); err != nil {
		return nil, err
	}
	var err error
	if o.ranges, err = o.divide(ctx, o.after, o.end.ID); err != nil {
		return nil, err
	}
	for _, ids := range o.ranges {
		o.left += ids.rows
	}
	if limits.Limit > 0 {
		o.left = min(o.left, limits.Limit)
	}
	return o, nil
}

// begin finds the first and the last row.
func (o *Ordered) begin(ctx context.Context) error {
	o.reader.mu.Lock()
	defer o.reader.mu.Unlock()
	_, err := o.reader.db.View(ctx, func(conn *livedb.Conn, _ livedb.Attempt) error {
		l, err := o.reader.layout(conn)
		if err != nil {
			return err
		}
		if l.rowid == "" {
			if _, id, found, err := unkeyedRow(conn, &l.ordered); found || err != nil {
				return errors.Join(err, fmt.Errorf("a row has the id %s: must be a positive integer in a view and in a table WITHOUT ROWID", id))
			}
		}
		o.byID, o.told = l.ordered.isID, o.reader.fileNotices(l)
		if o.end, err = o.reader.end(conn, &l.ordered); err != nil {
			return err
		}
		lowest, err := queryInt(conn, l.ordered.lowest)
		o.after = max(lowest, math.MinInt64+1) - 1
		if o.byID && o.limits.AfterID > 0 {
			o.after = o.limits.AfterID
		}
		return err
	})
	return o.reader.wrap("read events in order", err)
}

// lowestID is the bound of ids where they are not the keys.
func (o *Ordered) lowestID() int64 {
	if o.limits.AfterID > 0 {
		return o.limits.AfterID
	}
	return math.MinInt64
}

// Close ends the reading, and returns once no goroutine of it is left. [Ordered.Resume]
// still works.
func (o *Ordered) Close() {
	if o.readers != nil {
		o.readers.stop()
	}
	o.left = 0
}

// Left returns how many events Next has not returned yet; fewer follow if rows are
// pruned.
func (o *Ordered) Left() int64 { return o.left }

// Notices are what a user should be told about the database. They do not include ids:
// all rows are read.
func (o *Ordered) Notices() []Notice { return o.told }

// Next returns the next events, up to n of them; none at the end, and fewer than
// n where the database is written to all the time. The memory of into, nil or
// what an earlier call returned, is reused. Every call must pass the same n, and
// the context of the first one ends the whole reading.
func (o *Ordered) Next(ctx context.Context, n int, into []translator.Event) ([]translator.Event, error) {
	if o.readers == nil && o.left > 0 {
		o.readers = o.startReaders(ctx, n)
	}
	for o.left > 0 {
		events, more, err := o.readers.receive(ctx, into[:0])
		if err != nil {
			return nil, err
		}
		into = events // the memory of the old one belongs to the readers now
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

// Resume returns the [Range.AfterID] with which another reading with the same
// bounds continues when this one ended after the event with that id; 0 for before
// the first one. No event is left out. With exact, none is repeated either;
// otherwise timestamps are not in the order of ids there, and some are. It is an error
// for a table where id is no INTEGER PRIMARY KEY.
func (o *Ordered) Resume(ctx context.Context, id int64) (after int64, exact bool, err error) {
	if !o.byID {
		return 0, false, errors.New("id is not the primary key of the table")
	}
	if id == 0 {
		return o.limits.AfterID, true, nil
	}
	i := slices.IndexFunc(o.ranges, func(ids idRange) bool { return id <= ids.last })
	if i < 0 || o.ranges[i].inOrder {
		return id, true, nil
	}
	keys, err := o.sortedKeys(ctx, o.reader, o.ranges[i])
	at := slices.IndexFunc(keys, func(key sortKey) bool { return key.id == id })
	if err != nil || at < 0 { // it was pruned: the whole range once more
		return o.ranges[i].first - 1, false, err
	}
	next := o.ranges[i].last + 1
	for _, key := range keys[at+1:] {
		next = min(next, key.id)
	}
	return next - 1, false, nil
}

// view calls fn with a consistent state of the database that the reading began
// with.
func (o *Ordered) view(ctx context.Context, r *Reader, fn func(*livedb.Conn, *queries, livedb.Attempt) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, err := r.db.View(ctx, func(conn *livedb.Conn, attempt livedb.Attempt) error {
		l, err := r.layout(conn)
		if err != nil {
			return err
		}
		if err := r.check(conn, &l.ordered, o.end); err != nil {
			return err
		}
		r.decoder.withoutUID = o.limits.WithoutUID
		defer func() { r.decoder.withoutUID = false }() // Read needs it
		return fn(conn, &l.ordered, attempt)
	})
	return r.wrap("read events in order", err)
}
