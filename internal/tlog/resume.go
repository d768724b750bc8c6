// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"context"
	"errors"
	"time"
)

// resume continues from the pending state: after it, if the last leaves before its
// Size are where it says and have its root; else from the file's beginning.
func (l *Log) resume(ctx context.Context) error {
	state := l.pendingState
	err := l.rereadTail(ctx, state)
	switch {
	case errors.Is(err, errContentChanged):
		l.readFromBeginning(state)
		return nil
	case err != nil:
		return err
	}
	l.pendingState, l.resuming = nil, false
	l.shortSince, l.shortGrew = time.Time{}, time.Time{}
	l.reverifier.start(l)
	return nil
}

// rereadTail makes the tree of the state and reads the leaves from Aligned to Size
// again. If it is interrupted, the next call continues.
func (l *Log) rereadTail(ctx context.Context, state *State) error {
	if !l.resuming {
		if !l.startFrom(state) {
			return errContentChanged
		}
		l.resuming = true
	}
	err := l.rereadChunk(ctx, &l.reader, l.tail, state.Size, func(next *treeLeaf) {
		l.addClaim(next)
		if next.counted && l.counted.active {
			l.counted.add(next.hash)
		} else if !next.counted && !l.counted.active {
			l.counted.start(l.wholeTreeBefore(next.number))
		}
		if l.tail.next() == state.RestoredAt {
			rest, err := treeOf(unsigned(l.tail.first), unsigned(state.RestoredAt), state.RestoredHashes)
			if err == nil {
				l.tail.restore(rest)
			}
		}
		l.size++
	})
	if err != nil {
		return err
	}
	if l.wholeTree().root() != state.Root {
		l.texts.discard()
		return errContentChanged
	}
	l.reportFaults()
	l.completeRead()
	return nil
}

// startFrom makes the tree of the state before Aligned. ok is false if it is damaged.
func (l *Log) startFrom(state *State) (ok bool) {
	if !state.plausible() {
		return false
	}
	t, ok := chunkedTreeAt(state.Aligned, state.AlignedHashes)
	if !ok {
		return false
	}
	t.unknown, t.firstUnknown = state.Unknown, state.FirstUnknown
	t.altered = append(t.altered, state.Altered...)
	if state.CountedSize > 0 {
		counted, err := treeOf(0, unsigned(state.CountedSize), state.CountedHashes)
		if err != nil {
			return false
		}
		t.counted.start(counted)
		t.countedAligned = &counted
	}
	l.chunkedTree = t
	l.claims = claims{runs: append([]ClaimRun(nil), state.Claims...), dropped: state.ClaimsDropped}
	l.claims.truncate(state.Aligned)
	l.firstLeaf = state.FirstLeaf
	l.texts.discard()
	l.rereadFaults = nil
	l.reader.reset(l.file, state.Offset, state.Aligned)
	return true
}
