// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"fmt"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// compare compares the tree with what was known before, when it has come to the
// same size.
func (l *Log) compare() {
	before := l.before
	l.before = nil
	if l.whole().root() == before.Root {
		return
	}
	found := before.rewritten()
	found.NewSize = before.Size
	found.Root, found.HasRoot = l.root()
	found.Reason = fmt.Sprintf("its first %d leaves are not those that were there before", before.Size)
	l.report.add(found)
}

// shrunk deals with the end of a file that has fewer leaves than before.
func (l *Log) shrunk() {
	if l.before == nil {
		return
	}
	found := l.before.rewritten()
	found.NewSize = l.size
	found.Reason = fmt.Sprintf("it has %d leaves, where it had %d before", l.size, l.before.Size)
	l.report.add(found)
	l.before = nil
	l.noted = min(l.noted, l.size)
}

// rewritten is the finding that the log is no longer what the state says.
func (s *State) rewritten() Finding {
	found := Finding{Kind: translator.IntegrityLogRewritten, Size: s.Size}
	if s.Unknown == 0 {
		found.ExpectedRoot, found.HasExpectedRoot = s.Root, true
	}
	return found
}
