// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// reverification reads again what stands in the file in front of where reading
// was resumed.
type reverification struct {
	active  bool
	walker  walker
	low     tree // of the chunk at hand
	offset  int64
	upper   tree
	chunks  []chunkNode
	first   int64 // number of chunks[0]
	corrupt corruption
}

// stop leaves off.
func (r *reverification) stop() { r.active, r.chunks = false, nil }

// begin has all read again between the file's first leaf and the view's first
// chunk.
func (r *reverification) begin(l *Log) {
	r.active = l.first < l.firstChunk*chunkSize
	r.upper, r.low = l.rotated()
	r.first, r.chunks = l.first/chunkSize, nil
	r.offset = 0
	r.walker.reset(l.file, 0, l.first)
}

// Reverify reads again what had been read before a restart, or before the file
// was replaced or written to without growing, and compares the root; until ctx
// is done, and for one chunk of 256 leaves at least. It goes on where it
// stopped. As it goes, Lookup and RootAt know more of the leaves before.
//
// done says that there is nothing to do now. An Advance may find something to
// do again, which Reverifying tells. Where the root is another one, the next
// calls of Advance read the file from its beginning, and find how much of
// it was rewritten.
func (l *Log) Reverify(ctx context.Context) (done bool, err error) {
	if l.resume != nil {
		return true, nil
	}
	defer l.again.corrupt.flush()
	for read := false; l.again.active; read = true {
		if read && ctx.Err() != nil {
			return false, nil
		}
		err := l.again.step(l)
		if errors.Is(err, errAnother) || errors.Is(err, io.EOF) {
			return true, l.reread()
		} else if err != nil {
			return false, fmt.Errorf("transparency log: %w", err)
		}
	}
	return true, nil
}

// Recheck has the next Advance check the file as after a restart, and Reverify
// read again what is in front. A file that was changed shows that by itself only
// if it has not grown since the last Advance, and that of a busy registry always
// has: so this should be called from time to time, such as once a day. Until
// Reverify has come there, Lookup knows only the leaves in its cache.
func (l *Log) Recheck() {
	if l.file != nil {
		l.doubt()
	}
}

// Reverifying tells which leaves Reverify has still to read: those from one
// index to before another. active is false if there are none.
func (l *Log) Reverifying() (from, to int64, active bool) {
	if !l.again.active || l.resume != nil {
		return 0, 0, false
	}
	return l.again.walker.place, l.firstChunk * chunkSize, true
}

// step reads up to the end of a chunk.
func (r *reverification) step(l *Log) error {
	for !r.low.full() {
		leaf, err := r.walker.next()
		if err != nil {
			return err
		}
		if leaf.fault != "" {
			r.corrupt.add(leaf.index, leaf.fault)
		}
		if leaf.stray {
			continue
		}
		if r.low.empty() {
			r.offset = leaf.offset
		}
		r.low.add(leaf.hash)
	}
	r.upper.join(r.low)
	r.chunks = append(r.chunks, chunkNode{r.offset, r.low.top()})
	r.low = newTree(r.upper.End())
	if r.upper.End() < l.base.End() {
		return nil
	}
	return r.finish(l)
}

// finish compares what has been read again with what was there before.
func (r *reverification) finish(l *Log) error {
	if !r.upper.Equal(l.base.Range) {
		return errAnother
	}
	r.active = false
	l.base, _ = l.rotated()
	l.chunks = append(r.chunks, l.chunks...)
	l.firstChunk, r.chunks = r.first, nil
	return nil
}

// reread has the file read from its beginning, since what was known of it does
// not hold.
func (l *Log) reread() error {
	state := l.State()
	l.resume = nil
	first, err := l.firstIndex()
	if err != nil {
		// The next Advance finds the same.
		l.resume = &state
		l.ended = false
		return fmt.Errorf("transparency log: %w", err)
	}
	l.startOver(&state, first)
	return nil
}
