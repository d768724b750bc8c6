// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// reverifier reads again what stands in the file in front of where reading was
// resumed.
type reverifier struct {
	active  bool
	walker  walker
	low     tree // of the chunk at hand
	unknown bool // the hash of a leaf in it is not known
	offset  int64
	upper   tree
	chunks  []chunkNode
	first   int64 // number of chunks[0]
	corrupt corruption
}

// stop leaves off.
func (r *reverifier) stop() { r.active, r.chunks = false, nil }

// begin has all read again between the file's first leaf and the view's first
// chunk.
func (r *reverifier) begin(l *Log) {
	r.active = l.first < l.firstChunk*chunkSize
	r.upper, r.low = l.rotated()
	r.first, r.chunks = l.first/chunkSize, nil
	r.offset, r.unknown = 0, l.seedUnknown(l.first)
	r.walker.reset(l.file, 0, l.first)
}

// Reverify reads again what had been read before, as [Log.Reverification] says,
// and compares the root; until ctx is done, and for one chunk of 256 leaves at
// least. It goes on where it stopped. As it goes, Lookup and RootAt know more of
// the leaves before.
//
// done says that there is nothing left to read again; Reverification may still
// wait for an Advance to the end of the file. Where the root is another one, the
// file is read from its beginning, which finds how much of it was rewritten.
func (l *Log) Reverify(ctx context.Context) (done bool, err error) {
	l.reverifyIfDue()
	defer l.reverifier.corrupt.flush()
	for read := false; l.mustReread() || l.reverifier.active; read = true {
		if read && ctx.Err() != nil {
			return false, nil
		}
		if err := l.reverifyStep(ctx); err != nil {
			return false, err
		}
	}
	l.endReverification()
	return true, nil
}

// reverifyStep reads a chunk again, or has Advance read what was known.
func (l *Log) reverifyStep(ctx context.Context) error {
	if l.mustReread() {
		return l.Advance(ctx, l.rereadTo())
	}
	err := l.reverifier.step(l)
	switch {
	case errors.Is(err, errAnother), errors.Is(err, io.EOF):
		return l.reread()
	case err != nil:
		return fmt.Errorf("transparency log: %w", err)
	}
	return nil
}

// mustReread reports whether what was known has not been resumed or compared yet,
// which Advance does.
func (l *Log) mustReread() bool { return l.resume != nil || l.before != nil }

// rereadTo is how many leaves Advance has to read for that.
func (l *Log) rereadTo() int64 {
	if l.resume != nil {
		return l.resume.Size
	}
	return l.before.Size
}

// step reads up to the end of a chunk.
func (r *reverifier) step(l *Log) error {
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
		r.unknown = r.unknown || !leaf.known
	}
	r.upper.join(r.low)
	r.chunks = append(r.chunks, chunkNode{r.offset, r.low.top(), r.unknown})
	r.unknown = false
	r.low = newTree(r.upper.End())
	if r.upper.End() < l.base.End() {
		return nil
	}
	return r.finish(l)
}

// finish compares what has been read again with what was there before.
func (r *reverifier) finish(l *Log) error {
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
	l.startReverification(ReverifyFileChanged)
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
