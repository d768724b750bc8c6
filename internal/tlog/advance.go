// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// Advance reads until Size is at least size, the file ends, or ctx is done.
// That ctx is done is not an error: Size and AtEnd say how far it came. Every call
// reads some lines, or a block of a long line, so that calls with little time make
// progress too.
//
// A last line without its newline is left for later. Where nothing has changed,
// Advance costs one stat. A file that was replaced, became shorter than what had
// been read, or was written to without growing is checked as after a restart; Size
// may go down until it has been read again. OnLeaf is not called again for leaves
// that are unchanged.
func (l *Log) Advance(ctx context.Context, size int64) error {
	l.atEnd = false
	l.reverifyIfDue()
	if err := l.statFile(); err != nil {
		return fmt.Errorf("transparency log: %w", err)
	}
	defer l.corrupt.flush()
	defer l.reader.release()
	l.lastLong = longText{}
	for read := false; l.pendingState != nil || l.size < size; read = true {
		if l.endSeen || read && ctx.Err() != nil {
			break
		}
		err := l.advanceStep(ctx, size)
		if errors.Is(err, errInterrupted) {
			break
		}
		if err != nil {
			return fmt.Errorf("transparency log: %w", err)
		}
	}
	if l.endSeen {
		l.comparePreviousAtEnd()
	}
	l.atEnd = l.endSeen
	l.endReverification()
	return nil
}

// AdvanceToIndex is [Log.Advance] until [Log.Covers] an index. For one below 0 it only
// looks at the file.
func (l *Log) AdvanceToIndex(ctx context.Context, index int64) error {
	for size := min(index, math.MaxInt64-ChunkSize) + 1; ; size = l.Size() + ChunkSize {
		before := l.Size()
		err := l.Advance(ctx, size)
		if err != nil || index < 0 || l.Covers(index) || l.atEnd || ctx.Err() != nil {
			return err
		}
		if l.Size() == before && size > before {
			return nil
		}
	}
}

// advanceStep reads to the end of a chunk, or checks the pending state first.
func (l *Log) advanceStep(ctx context.Context, size int64) error {
	if l.pendingState != nil {
		return l.resume(ctx)
	}
	err := l.readChunk(ctx, size)
	if l.previousState != nil && l.size == l.previousState.Size {
		l.comparePrevious()
	}
	if errors.Is(err, io.EOF) {
		l.endSeen = true
		return nil
	}
	return err
}

// readChunk reads to the end of a chunk, to size, or to the size of the previous state.
func (l *Log) readChunk(ctx context.Context, size int64) error {
	defer l.completeRead()
	if l.previousState != nil {
		size = min(size, l.previousState.Size)
	}
	for before := l.reader.work; !l.tail.full() && l.size < size; {
		if l.reader.work-before > minRead && ctx.Err() != nil {
			return errInterrupted
		}
		next, err := l.reader.next(ctx)
		if err != nil {
			return err
		}
		if next.fault != "" {
			l.corrupt.add(next.number, next.fault)
		}
		l.addClaim(&next)
		l.texts.add(l.tail, &next)
		l.countLeaf(&next)
		if l.tail.disordered {
			l.reorderTail()
		}
	}
	return nil
}

// minRead is how much is read at least in one step, in bytes, if there is as much.
const minRead = 4 << 20

// addClaim adds the index of a line of the tail. If it is not the next one, that is a
// finding.
func (l *Log) addClaim(next *treeLeaf) {
	if next.number == 0 {
		l.firstLeaf = Hash{}
		if next.hashKnown {
			l.firstLeaf = next.hash
		}
	}
	expected := l.claims.expected(next.number)
	if !l.claims.add(next, l.countedLines()) {
		return
	}
	l.tail.disordered = true
	if next.number < l.jumpsFrom {
		return
	}
	l.reporter.add(Finding{
		Kind: translator.IntegrityLeafIndexJumped, First: next.number, Last: next.number,
		Index: next.index, ExpectedIndex: expected,
		Reason: fmt.Sprintf("its line %d has the index %d instead of %d", next.number, next.index, expected),
	})
}

// completeRead stores what has been read, and calls OnLeaf for what is new.
func (l *Log) completeRead() {
	l.texts.store(l.tail)
	for ; l.firstNew < l.size; l.firstNew++ {
		if e := &l.tail.entries[l.firstNew-l.tail.first]; l.settings.OnLeaf != nil {
			l.settings.OnLeaf(l.firstNew, e.beacon)
		}
	}
	l.jumpsFrom = max(l.jumpsFrom, l.size)
	if l.tail.full() {
		l.cache.add(l.tail)
		l.completeChunk(l.cache.takeSpare())
	}
}
