// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"errors"
	"io"
)

// resume continues from the pending state: after it, if the last leaves before its
// Size are where it says and have its root; else from the file's beginning.
func (l *Log) resume() error {
	state := l.pendingState
	first, err := l.firstIndex()
	if err != nil {
		return err
	}
	switch {
	case first == state.First:
	case first == state.Size && l.rotate(state):
		return nil
	case state.First > 0:
		l.readFromBeginning(state, first)
		return nil
	}
	faults, err := l.rereadTail(state)
	switch {
	case errors.Is(err, errContentChanged):
		l.readFromBeginning(state, first)
		return nil
	case err != nil:
		return err
	}
	l.addFaults(faults)
	l.pendingState = nil
	l.reverifier.start(l)
	return nil
}

// rereadTail makes the tree of the state and reads the leaves from Aligned to Size
// again. It returns the corrupt ones, which count only if this is the same log.
func (l *Log) rereadTail(state *State) (faults []treeLeaf, err error) {
	if !state.plausible() {
		return nil, errContentChanged
	}
	t, ok := chunkedTreeAt(state.Aligned, state.AlignedHashes, state.First, state.FirstHashes)
	if !ok {
		return nil, errContentChanged
	}
	l.chunkedTree = t
	l.reader.reset(l.file, state.Offset, state.Aligned)
	defer l.texts.discard()
	if faults, err = l.rereadChunk(&l.reader, l.tail, state.Size); err != nil {
		return nil, err
	}
	l.size, l.unknown, l.firstUnknown = state.Size, state.Unknown, state.FirstUnknown
	l.completeRead()
	if l.wholeTree().root() != state.Root {
		return nil, errContentChanged
	}
	return faults, nil
}

// firstIndex is the index of the file's first leaf; 0 if its first line has none.
func (l *Log) firstIndex() (int64, error) {
	l.reader.reset(l.file, 0, 0)
	text, length, err := l.reader.lines.peek()
	if errors.Is(err, io.EOF) {
		return 0, nil
	} else if err != nil {
		return 0, err
	}
	if hasIndex, _ := l.reader.parse(text, length); !hasIndex {
		return 0, nil
	}
	return l.reader.line.Index, nil
}

// rotate continues in a file that begins where the log had ended. It reports
// whether the state knows enough for that.
func (l *Log) rotate(state *State) bool {
	t, ok := chunkedTreeAt(state.Size, state.Hashes, state.Size, state.Hashes)
	if !ok || t.wholeTree().root() != state.Root {
		return false
	}
	if l.tail.number == t.tail.number && l.tail.next() == t.size {
		l.tail.offset = 0
		t.tail = l.tail // for rows that come late
	}
	l.chunkedTree = t
	l.unknown, l.firstUnknown = state.Unknown, state.FirstUnknown
	l.reader.reset(l.file, 0, l.size)
	l.pendingState, l.previousState = nil, nil
	l.reverifier.stop()
	l.reverifyCause = 0
	return true
}
