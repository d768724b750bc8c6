// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// Advance reads until Size is at least size, the file ends, or ctx is done.
// That ctx is done is not an error: Size and AtEnd say how far it came. Every call
// reads a chunk of 256 leaves if there are that many, so that calls with little
// time make progress too.
//
// A last line without its newline is left for later. Where nothing has changed,
// Advance costs one stat. A file that was replaced, became shorter than what had
// been read, or was written to without growing is checked as after a restart; Size
// may go down until it has been read again. OnLeaf is not called again for leaves
// that are unchanged.
//
// A file that was replaced is read to its end first. If the first line of the new
// one has the index Size, the log was rotated, and continues there.
func (l *Log) Advance(ctx context.Context, size int64) error {
	l.atEnd = false
	l.reverifyIfDue()
	if err := l.statFile(); err != nil {
		return fmt.Errorf("transparency log: %w", err)
	}
	defer l.corrupt.flush()
	for read := false; l.pendingState != nil || l.size < size; read = true {
		if l.endSeen || read && ctx.Err() != nil {
			break
		}
		if err := l.advanceStep(size); err != nil {
			return fmt.Errorf("transparency log: %w", err)
		}
	}
	l.atEnd = l.endSeen
	l.endReverification()
	return nil
}

// advanceStep reads to the end of a chunk, or checks the pending state first.
func (l *Log) advanceStep(size int64) error {
	if l.pendingState != nil {
		return l.resume()
	}
	err := l.readChunk(size)
	switch {
	case errors.Is(err, io.EOF) && l.fileReplaced:
		return l.reopen()
	case errors.Is(err, io.EOF):
		l.endSeen = true
		l.comparePreviousAtEnd()
		return nil
	}
	return err
}

// readChunk reads to the end of a chunk or to size.
func (l *Log) readChunk(size int64) error {
	defer l.completeRead()
	for !l.tail.full() && l.size < size {
		next, err := l.reader.next()
		if err != nil {
			return err
		}
		if next.fault != "" {
			l.corrupt.add(next.index, next.fault)
		}
		if next.outOfOrder {
			continue
		}
		l.texts.add(l.tail, &next)
		l.countLeaf(&next)
		if l.previousState != nil && l.size == l.previousState.Size {
			l.comparePrevious()
		}
	}
	return nil
}

// completeRead stores what has been read, and calls OnLeaf for what is new.
func (l *Log) completeRead() {
	l.texts.store(l.tail)
	for ; l.firstNew < l.size; l.firstNew++ {
		if e := &l.tail.entries[l.firstNew-l.tail.first]; l.settings.OnLeaf != nil {
			l.settings.OnLeaf(l.firstNew, e.mayBeBeacon())
		}
	}
	if l.tail.full() {
		l.cache.add(l.tail)
		l.completeChunk(l.cache.takeSpare())
	}
}
