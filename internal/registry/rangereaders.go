// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"runtime"

	"github.com/oversight-protocol/oversight-otelcol/internal/livedb"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// maxReaders bounds how many parts of a table are read at once. Each has two
// chunks of events in memory.
const maxReaders = 4

// rangeReaders read id ranges in parallel, each every so many-th one with a
// connection of its own. What they read is received in the order of the ranges.
type rangeReaders struct {
	o         *Ordered
	chunkSize int
	current   int          // index of the range that is being received
	chunks    []chan chunk // by reader
	unused    chan []translator.Event
	cancel    context.CancelFunc
}

// chunk is the next events of an id range.
type chunk struct {
	events []translator.Event
	last   bool // of the range, and without events
	err    error
}

func (o *Ordered) startReaders(ctx context.Context, chunkSize int) *rangeReaders {
	n := min(runtime.GOMAXPROCS(0), maxReaders, len(o.ranges))
	r := &rangeReaders{o: o, chunkSize: chunkSize, chunks: make([]chan chunk, n), unused: make(chan []translator.Event, 2*n+1)}
	ctx, r.cancel = context.WithCancel(ctx)
	for i := range r.chunks {
		r.chunks[i] = make(chan chunk, 1)
		go r.run(ctx, i)
	}
	return r
}

// run is the goroutine of reader i.
func (r *rangeReaders) run(ctx context.Context, i int) {
	chunks := r.chunks[i]
	defer close(chunks)
	reader := Open(r.o.reader.settings)
	defer reader.Close()
	send := func(c chunk) error {
		select {
		case chunks <- c:
			return c.err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for ; i < len(r.o.ranges); i += len(r.chunks) {
		read := r.readByID
		if !r.o.ranges[i].inOrder {
			read = r.readBySortKey
		}
		if send(chunk{last: true, err: read(ctx, reader, r.o.ranges[i], send)}) != nil {
			return
		}
	}
}

// readByID reads a range that is in order. All rows are decoded, also those
// outside the limits: there are few of them.
func (r *rangeReaders) readByID(ctx context.Context, reader *Reader, ids idRange, send func(chunk) error) error {
	for after := ids.first - 1; after < ids.last; {
		events := r.buffer()
		var read page
		err := r.o.view(ctx, reader, func(conn *livedb.Conn, q *queries, attempt livedb.Attempt) (err error) {
			n := min(int64(batchSize(r.chunkSize, attempt)), ids.last-after)
			read, err = reader.rows(conn, q, after, int(n), selection{&r.o.limits, ids.last}, events[:0])
			return err
		})
		if err != nil || read.last == after { // the rest was pruned
			return err
		}
		after = read.last
		if err := send(chunk{events: read.events}); err != nil {
			return err
		}
	}
	return nil
}

// readBySortKey sorts a range that is out of order, and reads its rows one by one.
func (r *rangeReaders) readBySortKey(ctx context.Context, reader *Reader, ids idRange, send func(chunk) error) error {
	keys, err := r.o.sortedKeys(ctx, reader, ids)
	for len(keys) > 0 && err == nil {
		events, n := r.buffer(), 0
		err = r.o.view(ctx, reader, func(conn *livedb.Conn, q *queries, attempt livedb.Attempt) (err error) {
			n = min(batchSize(r.chunkSize, attempt), len(keys))
			events, n, err = reader.rowsByKey(conn, q, keys[:n], events[:0])
			return err
		})
		keys = keys[n:]
		if err == nil {
			err = send(chunk{events: events})
		}
	}
	return err
}

// buffer returns one that is no longer used, or nil.
func (r *rangeReaders) buffer() []translator.Event {
	select {
	case events := <-r.unused:
		return events
	default:
		return nil
	}
}

// receive returns the next events, which may be none, and reuses the memory of
// those of an earlier call. At the end, more is false.
func (r *rangeReaders) receive(ctx context.Context, used []translator.Event) (events []translator.Event, more bool, err error) {
	select {
	case r.unused <- used:
	default: // there are enough
	}
	for r.current < len(r.o.ranges) {
		select {
		case c, ok := <-r.chunks[r.current%len(r.chunks)]:
			switch {
			case !ok: // it was cancelled
				return nil, false, context.Cause(ctx)
			case c.err != nil:
				return nil, false, c.err
			case !c.last:
				return c.events, true, nil
			}
			r.current++
		case <-ctx.Done():
			return nil, false, ctx.Err()
		}
	}
	return nil, false, nil
}

// stop returns once all readers have ended.
func (r *rangeReaders) stop() {
	r.cancel()
	for _, chunks := range r.chunks {
		for range chunks { // which its reader closes
		}
	}
}
