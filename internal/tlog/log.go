// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog/leaf"
)

var (
	// ErrBeyond says that the log has no such leaf, as far as it has been read.
	ErrBeyond = errors.New("the transparency log does not reach that far")
	// ErrUnknown says that what the answer takes has not been read again since
	// the start, was rotated away, or could not be read.
	ErrUnknown = errors.New("that part of the transparency log is not known")
)

// Settings is what a Log needs to know.
type Settings struct {
	// Path is leaves.jsonl. It need not exist yet.
	Path string
	// State is what an earlier Log knew, from [Log.State]. Default nothing. One
	// that is damaged still serves to find that the log was rewritten, but all
	// is read again.
	State State
	// OnLeaf is called by Advance for each leaf that is new, in order and once:
	// not for those below State.Size. beacon says that it looks like a beacon's and
	// is not corrupt; Lookup tells for certain. It must not call the Log. Default
	// none.
	OnLeaf func(index int64, beacon bool)
	// ReverifyEvery is the time from one verification of the whole file to the
	// next, such as a day. A leaf that is changed in its place while others are
	// appended is found no other way. Default 0: never.
	ReverifyEvery time.Duration
	// Now is the clock. Default [time.Now].
	Now func() time.Time
}

// Log follows leaves.jsonl. It is not safe for concurrent use.
//
// Errors of its methods say that the file could not be read, and match what the
// operating system says, such as [fs.ErrNotExist]. What is wrong with the log is
// no error, but a [Finding].
type Log struct {
	settings Settings

	file     *os.File
	seen     fs.FileInfo // the file, as it was at the last Advance
	replaced bool        // another file has its name, and this one is read to its end
	ended    bool        // the end has been seen, and nothing came since
	atEnd    bool

	view
	walker walker
	batch  batch
	cache  cache
	beacon leaf.Beacon // that Lookup returned last

	reverifier reverifier
	cause      ReverifyCause // of what is being verified again; 0: nothing is
	started    time.Time     // when that began
	verified   time.Time     // when the whole file had been verified last

	// resume is a state that has not been checked against the file yet; the
	// view is not to be looked at then.
	resume *State
	// before is what was known before the file had to be read from its beginning
	// again. It counts until it has been compared.
	before *State

	noted   int64 // leaves before this index are not new
	report  report
	corrupt corruption
}

// Open returns a Log. It does no I/O.
func Open(settings Settings) *Log {
	if settings.Now == nil {
		settings.Now = time.Now
	}
	l := &Log{settings: settings, noted: settings.State.Size, verified: settings.Now()}
	l.corrupt.report, l.reverifier.corrupt.report = &l.report, &l.report
	for _, run := range settings.State.Corrupt {
		l.report.told.addRun(run)
	}
	l.view, _ = viewAt(0, nil, 0, nil)
	if settings.State.Size > 0 {
		state := settings.State
		l.resume = &state
		l.startReverification(ReverifyRestart)
	}
	return l
}

// Close releases the file. The Log must not be used again.
func (l *Log) Close() error {
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}

// Advance reads on until Size is at least size, the file ends, or ctx is done.
// That ctx is done is no error: Size and AtEnd tell how far it came. Every call
// reads a chunk of 256 leaves if there are that many, so that calls with little
// time come on as well.
//
// A last line without its newline is left for later. Where nothing has changed,
// Advance costs one stat. A file that was replaced, became shorter than what had
// been read, or was written to without growing is checked as after a restart;
// Size may go down then until it has been read again. Leaves that had been
// seen before, and are there unchanged, are not told of.
//
// A file that was replaced is read to its end first. Where the first line of the
// new one has the index Size, the log was rotated, and goes on there.
func (l *Log) Advance(ctx context.Context, size int64) error {
	l.atEnd = false
	l.reverifyIfDue()
	if err := l.look(); err != nil {
		return fmt.Errorf("transparency log: %w", err)
	}
	defer l.corrupt.flush()
	for read := false; l.resume != nil || l.size < size; read = true {
		if l.ended || read && ctx.Err() != nil {
			break
		}
		if err := l.step(size); err != nil {
			return fmt.Errorf("transparency log: %w", err)
		}
	}
	l.atEnd = l.ended
	l.endReverification()
	return nil
}

// AtEnd reports whether the last Advance saw the end of the file, so that there
// is no leaf from Size on.
func (l *Log) AtEnd() bool { return l.atEnd }

// Size is how many leaves have been read, those before a restart included.
func (l *Log) Size() int64 {
	if l.resume != nil {
		return l.resume.Size
	}
	return l.size
}

// step reads up to the end of a chunk, or does what comes before that.
func (l *Log) step(size int64) error {
	if l.resume != nil {
		return l.tryResume()
	}
	err := l.fill(size)
	switch {
	case errors.Is(err, io.EOF) && l.replaced:
		return l.reopen()
	case errors.Is(err, io.EOF):
		l.ended = true
		l.shrunk()
		return nil
	}
	return err
}

// fill reads up to the end of a chunk or to size.
func (l *Log) fill(size int64) error {
	defer l.settle()
	for !l.tail.full() && l.size < size {
		read, err := l.walker.next()
		if err != nil {
			return err
		}
		if read.fault != "" {
			l.corrupt.add(read.index, read.fault)
		}
		if read.stray {
			continue
		}
		l.batch.add(l.tail, &read)
		l.count(&read)
		if l.before != nil && l.size == l.before.Size {
			l.compare()
		}
	}
	return nil
}

// settle keeps what has been read, and tells of what is new.
func (l *Log) settle() {
	l.batch.share(l.tail)
	for ; l.noted < l.size; l.noted++ {
		if e := &l.tail.entries[l.noted-l.tail.first]; l.settings.OnLeaf != nil {
			l.settings.OnLeaf(l.noted, e.mayBeBeacon())
		}
	}
	if l.tail.full() {
		l.cache.put(l.tail)
		l.seal(l.cache.takeSpare())
	}
}

// Findings returns what was found since the last call.
func (l *Log) Findings() []Finding {
	findings := l.report.findings
	l.report.findings = nil
	return findings
}

// State is what a later Log can go on from.
func (l *Log) State() State {
	var s State
	switch {
	case l.resume != nil:
		s = *l.resume
	case l.before != nil:
		s = *l.before
	default:
		s = l.state(l.walker.lines.offset)
	}
	s.Corrupt = l.report.told.head(maxStateRuns)
	return s
}
