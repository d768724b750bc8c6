// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// ReverifyCause is why leaves that had been read before are verified again.
type ReverifyCause int

const (
	// ReverifyRestart says that the leaves are known from [Settings].State only.
	ReverifyRestart ReverifyCause = iota + 1
	// ReverifyFileChanged says that the file was changed other than by appending to it.
	ReverifyFileChanged
	// ReverifyScheduled says that [Settings].ReverifyEvery has passed.
	ReverifyScheduled
)

// Reverification is what is being verified again.
type Reverification struct {
	Cause ReverifyCause
	// From and To are the leaves that are still to be read again: From and those
	// after it, before To. They are equal when all have been read and only the end
	// of the file has not been seen yet.
	From, To int64
	// Started is when it began, by [Settings].Now.
	Started time.Time
}

// Reverification says what is being verified again, and why; ok is false if nothing
// is. It begins when the Log is opened with a State, when [Log.Advance] finds the
// file changed other than by appending, and when the interval has passed. It ends
// when [Log.Reverify] has verified all leaves and Advance has seen the end of the
// file.
func (l *Log) Reverification() (current Reverification, ok bool) {
	if l.reverifyCause == 0 {
		return Reverification{}, false
	}
	current = Reverification{Cause: l.reverifyCause, From: l.Size(), To: l.Size(), Started: l.reverifyStarted}
	switch {
	case l.pendingState != nil:
		current.From, current.To = 0, l.pendingState.Size
	case l.previousState != nil:
		current.From, current.To = l.size, l.previousState.Size
	case l.reverifier.active:
		current.From, current.To = l.reverifier.reader.nextLeaf, l.firstChunk*ChunkSize
	}
	return current, true
}

// Reverify reads again what Reverification says, and compares the root; until ctx is
// done, and for one chunk of 256 leaves at least. The next call continues where it
// stopped. As it proceeds, Lookup and RootAt know more leaves.
//
// done says that there is nothing left to read again; Reverification may still wait
// for an Advance to the end of the file. If the root is another one, the file is
// read from its beginning, to find how much of it was rewritten.
func (l *Log) Reverify(ctx context.Context) (done bool, err error) {
	l.reverifyIfDue()
	defer l.reverifier.corrupt.flush()
	defer l.reverifier.reader.release()
	for read := false; l.mustReread() || l.reverifier.active; read = true {
		if read && (ctx.Err() != nil || l.waitsForMore()) {
			return false, nil
		}
		if err := l.reverifyStep(ctx); err != nil {
			return false, err
		}
	}
	l.endReverification()
	return true, nil
}

// reverifyStep reads a chunk again, or what has to be read before that.
func (l *Log) reverifyStep(ctx context.Context) error {
	if l.mustReread() {
		return l.Advance(ctx, l.rereadTo())
	}
	err := l.reverifier.step(ctx, l)
	switch {
	case errors.Is(err, errInterrupted):
		return nil
	case errors.Is(err, errContentChanged), errors.Is(err, io.EOF):
		l.onContentChanged()
		return nil
	case err != nil:
		return fmt.Errorf("transparency log: %w", err)
	}
	return nil
}

// mustReread reports whether Advance has to resume the pending state, or to read up
// to the previous one and compare them.
func (l *Log) mustReread() bool { return l.pendingState != nil || l.previousState != nil }

// waitsForMore reports whether the file is shorter than it was, and may become as long
// again in a moment.
func (l *Log) waitsForMore() bool { return l.previousState != nil && l.endSeen }

// rereadTo is how many leaves Advance has to read for that.
func (l *Log) rereadTo() int64 {
	if l.pendingState != nil {
		return l.pendingState.Size
	}
	return l.previousState.Size
}

// startReverification records why leaves are verified again. While they already
// are, a changed file is the stronger cause.
func (l *Log) startReverification(cause ReverifyCause) {
	if l.reverifyCause == 0 {
		l.reverifyCause, l.reverifyStarted = cause, l.settings.Now()
	} else if cause == ReverifyFileChanged {
		l.reverifyCause = cause
	}
}

// endReverification ends it if nothing is left to verify.
func (l *Log) endReverification() {
	if l.reverifyCause != 0 && !l.mustReread() && !l.reverifier.active && l.endSeen {
		l.reverifyCause, l.lastVerifiedWhole = 0, l.settings.Now()
		l.previousRoots = nil
	}
}

// reverifyIfDue starts the scheduled verification when its time has come.
func (l *Log) reverifyIfDue() {
	every := l.settings.ReverifyEvery
	if every == 0 || l.file == nil || l.reverifyCause != 0 || l.settings.Now().Sub(l.lastVerifiedWhole) < every {
		return
	}
	l.invalidate(ReverifyScheduled)
}
