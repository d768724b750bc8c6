// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import "time"

// ReverifyCause is why leaves that had been read before are verified again.
type ReverifyCause int

const (
	// ReverifyRestart: the leaves are known from [Settings].State only.
	ReverifyRestart ReverifyCause = iota + 1
	// ReverifyFileChanged: the file was changed other than by appending to it.
	ReverifyFileChanged
	// ReverifyScheduled: [Settings].ReverifyEvery has passed.
	ReverifyScheduled
)

// Reverification is what is being verified again.
type Reverification struct {
	Cause ReverifyCause
	// From and To are the leaves that are still to be read again: those from one
	// index to before the other. They are equal when all have been read and only
	// the end of the file has not been seen yet.
	From, To int64
	// Started is when it began, by [Settings].Now.
	Started time.Time
}

// Reverification says what is being verified again, and why; ok is false if
// nothing is. It begins when the Log is opened with a State, in an [Log.Advance]
// that finds the file changed other than by appending, or when the interval has
// passed. It ends when all leaves have been verified, by Advance and
// [Log.Reverify], and the end of the file has been seen.
func (l *Log) Reverification() (current Reverification, ok bool) {
	if l.cause == 0 {
		return Reverification{}, false
	}
	current = Reverification{Cause: l.cause, From: l.Size(), To: l.Size(), Started: l.started}
	switch {
	case l.resume != nil:
		current.From, current.To = l.resume.First, l.resume.Size
	case l.before != nil:
		current.From, current.To = l.size, l.before.Size
	case l.reverifier.active:
		current.From, current.To = l.reverifier.walker.place, l.firstChunk*chunkSize
	}
	return current, true
}

// startReverification notes why leaves are verified again. A change of the file
// is the stronger cause where there is one already.
func (l *Log) startReverification(cause ReverifyCause) {
	if l.cause == 0 {
		l.cause, l.started = cause, l.settings.Now()
	} else if cause == ReverifyFileChanged {
		l.cause = cause
	}
}

// endReverification ends it if there is nothing left to verify.
func (l *Log) endReverification() {
	if l.cause != 0 && !l.mustReread() && !l.reverifier.active && l.ended {
		l.cause, l.verified = 0, l.settings.Now()
	}
}

// reverifyIfDue starts the scheduled verification if its time has come.
func (l *Log) reverifyIfDue() {
	if every := l.settings.ReverifyEvery; every == 0 || l.file == nil || l.cause != 0 || l.settings.Now().Sub(l.verified) < every {
		return
	}
	l.doubt(ReverifyScheduled)
}
