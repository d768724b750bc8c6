// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog/leaf"
)

var (
	// ErrBeyond says that the log has no such leaf, as far as it has been read.
	ErrBeyond = errors.New("the transparency log has fewer leaves")
	// ErrUnknown says that the result depends on leaves that have not been verified
	// again yet, or could not be read.
	ErrUnknown = errors.New("that part of the transparency log is not available")
	// ErrNoLine says that no line that claims the index agrees with the row, though others
	// claim higher ones, and that a later one may. It wraps ErrBeyond.
	ErrNoLine = fmt.Errorf("%w: no line has that index", ErrBeyond)
	// ErrLost says that the line of the leaf may be part of one that cannot be read. It
	// wraps ErrUnknown.
	ErrLost = fmt.Errorf("%w: its line may be part of one that cannot be read", ErrUnknown)
)

// Settings configures a Log.
type Settings struct {
	// Path is that of leaves.jsonl. The file need not exist yet. Required.
	Path string
	// State is what an earlier Log knew, from [Log.State]. The default is nothing.
	// One that is damaged still shows that the log was rewritten, but the whole
	// file is read again.
	State State
	// OnLeaf is called for each new leaf, in order and once: not for those below
	// State.Size. beacon says that the leaf is not corrupt and looks like that of a
	// beacon; only Lookup is certain. It must not call the Log. The default is
	// none.
	OnLeaf func(index int64, beacon bool)
	// ReverifyEvery is the time from one verification of the whole file to the
	// next, such as a day. A leaf that is changed in its place while others are
	// appended is found no other way. The default, 0, is never.
	ReverifyEvery time.Duration
	// ShortGrace is how long a file that became shorter, and whose leaves are the same
	// otherwise, may be a copy that is just being written: if it has not grown for that
	// time, or is short for ten times as long, it was cut off. The default, 0, is not
	// at all.
	ShortGrace time.Duration
	// KeptRoot returns the root that a complete chunk had when it was read first, from
	// [Log.ChunkRoots], if somebody has kept it. It shows which leaves of a log were
	// changed, and restores roots past leaves that cannot be read any more. It must
	// not call the Log. The default is none.
	KeptRoot func(chunk int64) (root Hash, ok bool)
	// Now is the clock. The default is [time.Now].
	Now func() time.Time
}

// Log follows leaves.jsonl. It is not safe for concurrent use.
//
// Errors of its methods say that the file cannot be read, and wrap those of the
// operating system, such as [fs.ErrNotExist]. What is wrong with the log is not an
// error, but a [Finding].
type Log struct {
	settings Settings

	file     *os.File
	fileInfo fs.FileInfo // of file, at the last Advance
	// suspect is what stat said of a file that was written to and has not grown: it may
	// have had its new time and not its new size yet.
	suspect fs.FileInfo
	endSeen bool // the end of file has been seen, and it has not grown since
	atEnd   bool // endSeen, after the last Advance

	chunkedTree // not valid while there is a pendingState
	reader      leafReader
	texts       textBuffer
	cache       chunkCache
	lastLong    longText    // that was read since the last Advance
	lastBeacon  leaf.Beacon // returned by the last Lookup

	claims    claims
	firstLeaf Hash  // the hash of the first leaf
	jumpsFrom int64 // leaves before this one have been reported if their indexes jump

	// pendingState has not been checked against the file yet; resuming says that
	// leaves have been read for that.
	pendingState *State
	resuming     bool
	// previousState is what was known before the file had to be read from its
	// beginning. It is kept until the new tree has been compared with it.
	previousState *State
	// previousRoots are the roots of complete chunks at that time, from number
	// previousFirst on, as far as they were known.
	previousRoots []Hash
	previousFirst int64
	// shortSince is when the file was first seen to be shorter than that, and shortGrew
	// when it has grown since, to shortSize bytes.
	shortSince, shortGrew time.Time
	shortSize             int64

	reverifier        reverifier
	reverifyCause     ReverifyCause // 0 if nothing is being verified again
	reverifyStarted   time.Time
	lastVerifiedWhole time.Time

	firstNew int64 // leaves from this index on are new to OnLeaf
	// rereadFaults are of the leaves that are being read again.
	rereadFaults []leafFault
	reporter     reporter
	corrupt      corruptRun
}

// Open returns a Log. It does no I/O.
func Open(settings Settings) *Log {
	if settings.Now == nil {
		settings.Now = time.Now
	}
	l := &Log{settings: settings, firstNew: settings.State.Size, jumpsFrom: settings.State.Size, lastVerifiedWhole: settings.Now()}
	l.corrupt.reporter, l.reverifier.corrupt.reporter = &l.reporter, &l.reporter
	for _, run := range settings.State.Corrupt {
		l.reporter.reported.addRun(run)
	}
	l.chunkedTree = emptyChunkedTree()
	if settings.State.Size > 0 {
		state := settings.State
		l.pendingState = &state
		l.startReverification(ReverifyRestart)
	}
	return l
}

// Close releases the file. The Log must not be used afterwards.
func (l *Log) Close() error {
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}

// AtEnd reports whether the last Advance saw the end of the file, so that there is
// no leaf from Size on.
func (l *Log) AtEnd() bool { return l.atEnd }

// Size is the number of leaves that have been read, those before a restart
// included.
func (l *Log) Size() int64 {
	if l.pendingState != nil {
		return l.pendingState.Size
	}
	return l.size
}

// Findings returns what was found since the last call.
func (l *Log) Findings() []Finding { return l.reporter.take() }
