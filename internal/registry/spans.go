// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"runtime"
	"slices"

	"github.com/oversight-protocol/oversight-otelcol/internal/livedb"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// maxSpanReaders bounds how many parts of a table are read at once. Each has two
// batches in memory.
const maxSpanReaders = 4

// spanReaders read a table in the order of its ids, in parallel: the zones of the
// survey go round among them, and what they read is taken in the same order.
type spanReaders struct {
	zones   []zone
	next    int // zone that pieces are taken from
	readers []chan piece
	empty   chan []translator.Event // to be filled again
	cancel  context.CancelFunc
}

// piece is a part of a zone.
type piece struct {
	events []translator.Event
	err    error
	end    bool // of the zone
}

func (o *Ordered) startSpanReaders(ctx context.Context, batch int) *spanReaders {
	zones := o.survey.zones
	n := min(runtime.GOMAXPROCS(0), maxSpanReaders, len(zones))
	s := &spanReaders{zones: zones, readers: make([]chan piece, n), empty: make(chan []translator.Event, 2*n+1)}
	ctx, s.cancel = context.WithCancel(ctx)
	for i := range s.readers {
		s.readers[i] = make(chan piece, 1)
		go o.readSpans(ctx, s, i, batch)
	}
	return s
}

// readSpans reads every so many-th zone, with a connection of its own.
func (o *Ordered) readSpans(ctx context.Context, s *spanReaders, i, batch int) {
	out := s.readers[i]
	defer close(out)
	reader := Open(o.reader.settings)
	defer reader.Close()
	for ; i < len(s.zones); i += len(s.readers) {
		for after := s.zones[i].first - 1; ; {
			p := o.readSpan(ctx, reader, after, s.zones[i].last, batch, s.buffer())
			if n := len(p.events); n > 0 {
				after = p.events[n-1].ID
			}
			p.events = slices.DeleteFunc(p.events, func(e translator.Event) bool { return !o.limits.hasTime(e.Timestamp) })
			select {
			case out <- p:
			case <-ctx.Done():
				return
			}
			if p.err != nil {
				return
			}
			if p.end {
				break
			}
		}
	}
}

// readSpan reads the rows after an id, up to the last one of a zone.
func (o *Ordered) readSpan(ctx context.Context, reader *Reader, after, last int64, n int, into []translator.Event) piece {
	var p piece
	p.err = o.viewWith(ctx, reader, func(conn *livedb.Conn, attempt livedb.Attempt) (err error) {
		p.events, err = reader.rows(conn, after, min(batchSize(n, attempt), int(min(last-after, int64(n)))), into[:0])
		return err
	})
	// Ids are whole numbers: there are no more rows up to the last than that.
	for len(p.events) > 0 && p.events[len(p.events)-1].ID > last {
		p.events = p.events[:len(p.events)-1]
		p.end = true
	}
	p.end = p.end || len(p.events) == 0 || p.events[len(p.events)-1].ID == last
	return p
}

// buffer is one that is not in use any more, or a new one.
func (s *spanReaders) buffer() []translator.Event {
	select {
	case events := <-s.empty:
		return events
	default:
		return nil
	}
}

// take returns the next events, and gives back those that were taken before.
// There are no more after the last zone.
func (s *spanReaders) take(ctx context.Context, used []translator.Event) (events []translator.Event, more bool, err error) {
	select {
	case s.empty <- used:
	default: // enough go round
	}
	if s.next == len(s.zones) {
		return nil, false, nil
	}
	select {
	case p, ok := <-s.readers[s.next%len(s.readers)]:
		if !ok { // it was cancelled
			return nil, false, context.Cause(ctx)
		}
		if p.end {
			s.next++
		}
		return p.events, p.err == nil, p.err
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
}

// stop returns once nothing is read any more.
func (s *spanReaders) stop() {
	s.cancel()
	for _, reader := range s.readers {
		for range reader { // which closes it when it ends
		}
	}
}
