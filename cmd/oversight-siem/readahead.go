// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// readBatch is how many events are read at once.
const readBatch = 1000

// reading is the events that come next, read by a goroutine while the ones
// before are written. Two batches go round.
type reading struct {
	full   chan batch
	empty  chan []translator.Event
	cancel context.CancelFunc
}

type batch struct {
	events []translator.Event
	err    error
}

// readAhead begins to call next, which reads events into what it is given and
// returns them; none at the end.
func readAhead(ctx context.Context, next func(context.Context, []translator.Event) ([]translator.Event, error)) *reading {
	ctx, cancel := context.WithCancel(ctx)
	r := &reading{full: make(chan batch), empty: make(chan []translator.Event, 2), cancel: cancel}
	r.empty <- nil
	r.empty <- nil
	go r.run(ctx, next)
	return r
}

// run ends with the last batch, an error, or ctx.
func (r *reading) run(ctx context.Context, next func(context.Context, []translator.Event) ([]translator.Event, error)) {
	defer close(r.full)
	for {
		var b batch
		select {
		case b.events = <-r.empty:
		case <-ctx.Done():
			return
		}
		b.events, b.err = next(ctx, b.events)
		select {
		case r.full <- b:
		case <-ctx.Done():
			return
		}
		if b.err != nil || len(b.events) == 0 {
			return
		}
	}
}

// next returns the next events; none at the end.
func (r *reading) next() ([]translator.Event, error) {
	b, ok := <-r.full
	if !ok {
		return nil, context.Canceled
	}
	return b.events, b.err
}

// release gives events back once they are written.
func (r *reading) release(events []translator.Event) { r.empty <- events }

// stop returns once nothing is read any more.
func (r *reading) stop() {
	r.cancel()
	for range r.full { // run closes it when it ends
	}
}
