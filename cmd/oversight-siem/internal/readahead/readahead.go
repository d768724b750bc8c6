// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package readahead reads the next events in a goroutine while the caller works
// on the previous ones.
package readahead

import (
	"context"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// BatchSize is how many events a caller should read at once.
const BatchSize = 1000

// buffers is how many batches exist: one that is read, one that is worked on.
const buffers = 2

// Next reads events into the memory of into and returns them; none at the end.
type Next func(ctx context.Context, into []translator.Event) ([]translator.Event, error)

// Reader calls a [Next] ahead of its caller. It is for one goroutine.
type Reader struct {
	read   chan batch
	unused chan []translator.Event
	cancel context.CancelFunc
}

type batch struct {
	events []translator.Event
	err    error
}

// Start returns a Reader that has begun to read. It reads until next returns no
// events or an error, ctx is done, or Stop is called.
func Start(ctx context.Context, next Next) *Reader {
	ctx, cancel := context.WithCancel(ctx)
	r := &Reader{read: make(chan batch), unused: make(chan []translator.Event, buffers), cancel: cancel}
	for range buffers {
		r.unused <- nil
	}
	go r.run(ctx, next)
	return r
}

func (r *Reader) run(ctx context.Context, next Next) {
	defer close(r.read)
	for {
		var b batch
		select {
		case b.events = <-r.unused:
		case <-ctx.Done():
			return
		}
		b.events, b.err = next(ctx, b.events)
		select {
		case r.read <- b:
		case <-ctx.Done():
			return
		}
		if b.err != nil || len(b.events) == 0 {
			return
		}
	}
}

// Next returns the next events; none at the end. They are the caller's until it
// passes them to Release. It returns [context.Canceled] once ctx is done.
func (r *Reader) Next() ([]translator.Event, error) {
	b, ok := <-r.read
	if !ok {
		return nil, context.Canceled
	}
	return b.events, b.err
}

// Release returns the memory of events that Next returned.
func (r *Reader) Release(events []translator.Event) { r.unused <- events }

// Stop ends reading and waits until it has ended.
func (r *Reader) Stop() {
	r.cancel()
	for range r.read { // run closes the channel
	}
}
