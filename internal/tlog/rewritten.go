// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"fmt"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// readFromBeginning has the file read from its beginning, with this first index.
// What was known is compared with it when that has been read.
func (l *Log) readFromBeginning(known *State, first int64) {
	l.pendingState, l.previousState = nil, known
	if l.reverifyCause == ReverifyScheduled {
		l.reverifyCause = ReverifyFileChanged
	}
	l.reverifier.stop()
	l.cache = chunkCache{}
	l.endSeen = false
	t, ok := chunkedTreeAt(known.First, known.FirstHashes, known.First, known.FirstHashes)
	if !ok || first != known.First {
		t = emptyChunkedTree()
	} else if known.Unknown > 0 && known.FirstUnknown < known.First {
		t.unknown, t.firstUnknown = 1, known.FirstUnknown
	}
	l.chunkedTree = t
	l.reader.reset(l.file, 0, l.size)
	if l.size == known.Size { // all that was known stood in an earlier file
		l.comparePrevious()
	}
}

// onContentChanged is called when leaves that are read again are not what they
// were: the file is read from its beginning.
func (l *Log) onContentChanged() error {
	l.startReverification(ReverifyFileChanged)
	state := l.State()
	l.pendingState = nil
	first, err := l.firstIndex()
	if err != nil {
		// The next Advance finds the change too.
		l.pendingState = &state
		l.endSeen = false
		return fmt.Errorf("transparency log: %w", err)
	}
	l.readFromBeginning(&state, first)
	return nil
}

// comparePrevious compares the tree with the previous state, which has the same
// size.
func (l *Log) comparePrevious() {
	previous := l.previousState
	l.previousState = nil
	if l.wholeTree().root() == previous.Root {
		return
	}
	found := previous.rewrittenFinding()
	found.NewSize = previous.Size
	found.Root, found.HasRoot = l.root()
	found.Reason = fmt.Sprintf("its first %d leaves have changed", previous.Size)
	l.reporter.add(found)
}

// comparePreviousAtEnd reports a file that ends before the size of the previous
// state, if there is one.
func (l *Log) comparePreviousAtEnd() {
	previous := l.previousState
	if previous == nil {
		return
	}
	l.previousState = nil
	found := previous.rewrittenFinding()
	found.NewSize = l.size
	found.Reason = fmt.Sprintf("it has %d leaves, and had %d when it was last read", l.size, previous.Size)
	l.reporter.add(found)
	l.firstNew = min(l.firstNew, l.size)
}

// rewrittenFinding is the finding that the log is no longer what the state says.
func (s *State) rewrittenFinding() Finding {
	found := Finding{Kind: translator.IntegrityLogRewritten, Size: s.Size}
	if s.Unknown == 0 {
		found.ExpectedRoot, found.HasExpectedRoot = s.Root, true
	}
	return found
}
