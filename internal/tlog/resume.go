// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"errors"
	"io"
)

// tryResume goes on from the state: behind it, if the leaves in front of it are
// where it says and hash to what it says; else from the file's beginning.
func (l *Log) tryResume() error {
	state := l.resume
	first, err := l.firstIndex()
	if err != nil {
		return err
	}
	switch {
	case first == state.First:
	case first == state.Size && l.rotate(state):
		return nil
	case state.First > 0:
		l.startOver(state, first)
		return nil
	}
	faults, err := l.rereadTail(state)
	switch {
	case errors.Is(err, errAnother):
		l.startOver(state, first)
		return nil
	case err != nil:
		return err
	}
	for _, fault := range faults {
		l.corrupt.add(fault.index, fault.fault)
	}
	l.resume = nil
	l.unknown, l.firstUnknown = state.Unknown, state.FirstUnknown
	l.reverifier.begin(l)
	return nil
}

// errAnother says that the file does not hold what was seen before where that
// was.
var errAnother = errors.New("the log is another one")

// rereadTail makes a view of the state and reads the leaves from Aligned to
// Size again. What is wrong with them counts only if this is the same log.
func (l *Log) rereadTail(state *State) (faults []walked, err error) {
	if !state.plausible() {
		return nil, errAnother
	}
	v, ok := viewAt(state.Aligned, state.AlignedHashes, state.First, state.FirstHashes)
	if !ok {
		return nil, errAnother
	}
	l.view = v
	l.walker.reset(l.file, state.Offset, state.Aligned)
	defer l.batch.drop()
	for l.size < state.Size {
		leaf, err := l.walker.next()
		if errors.Is(err, io.EOF) {
			return nil, errAnother
		} else if err != nil {
			return nil, err
		}
		if leaf.stray && len(l.tail.entries) == 0 { // Offset is that of a leaf
			return nil, errAnother
		}
		if leaf.fault != "" {
			leaf.data = nil
			faults = append(faults, leaf)
		}
		if !leaf.stray {
			l.batch.add(l.tail, &leaf)
			l.count(&leaf)
		}
	}
	l.settle()
	if l.whole().root() != state.Root {
		return nil, errAnother
	}
	return faults, nil
}

// plausible reports whether the numbers fit together.
func (s *State) plausible() bool {
	return 0 <= s.First && s.First <= s.Aligned && s.Aligned <= s.Size && s.Offset >= 0 &&
		s.Size-s.Aligned <= chunkSize-s.Aligned%chunkSize && // they are of one chunk
		(s.Aligned%chunkSize == 0 || s.Aligned == s.First)
}

// firstIndex is the index of the file's first leaf; 0 for one that has none.
func (l *Log) firstIndex() (int64, error) {
	l.walker.reset(l.file, 0, 0)
	line, length, err := l.walker.lines.peek()
	if errors.Is(err, io.EOF) {
		return 0, nil
	} else if err != nil {
		return 0, err
	}
	if placed, _ := l.walker.read(line, length); !placed {
		return 0, nil
	}
	return l.walker.leaf.Index, nil
}

// rotate goes on in a file that begins where the log had ended. It reports
// whether the state knows enough for that.
func (l *Log) rotate(state *State) bool {
	v, ok := viewAt(state.Size, state.Hashes, state.Size, state.Hashes)
	if !ok || v.whole().root() != state.Root {
		return false
	}
	if l.tail.number == v.tail.number && l.tail.next() == v.size {
		l.tail.offset = 0
		v.tail = l.tail // for rows that come late
	}
	l.view = v
	l.unknown, l.firstUnknown = state.Unknown, state.FirstUnknown
	l.walker.reset(l.file, 0, l.size)
	l.resume, l.before = nil, nil
	l.reverifier.stop()
	l.cause = 0
	return true
}

// startOver reads the file from its beginning. What was known is compared with
// it when that has been read.
func (l *Log) startOver(state *State, first int64) {
	l.resume, l.before = nil, state
	if l.cause == ReverifyScheduled {
		l.cause = ReverifyFileChanged
	}
	l.reverifier.stop()
	l.cache = cache{}
	l.ended = false
	v, ok := viewAt(state.First, state.FirstHashes, state.First, state.FirstHashes)
	if !ok || first != state.First {
		v, _ = viewAt(0, nil, 0, nil)
	} else if state.Unknown > 0 && state.FirstUnknown < state.First {
		v.unknown, v.firstUnknown = 1, state.FirstUnknown
	}
	l.view = v
	l.walker.reset(l.file, 0, l.size)
	if l.size == state.Size { // all that was known stood in a file before this
		l.compare()
	}
}
