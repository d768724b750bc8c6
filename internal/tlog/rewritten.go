// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"fmt"
	"slices"
	"time"

	"github.com/transparency-dev/merkle/compact"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// readFromBeginning has the file read from its beginning. What was known is compared
// with it when that has been read.
func (l *Log) readFromBeginning(known *State) {
	l.pendingState, l.previousState, l.resuming = nil, known, false
	if l.reverifyCause == ReverifyScheduled {
		l.reverifyCause = ReverifyFileChanged
	}
	l.reverifier.stop()
	l.cache = chunkCache{}
	l.endSeen = false
	l.texts.discard()
	l.chunkedTree, l.claims = emptyChunkedTree(), claims{}
	l.counted.start(newTree(0)) // it is not known yet where the two differ
	l.reader.reset(l.file, 0, 0)
}

// onContentChanged is called when leaves that are read again are not what they
// were: the file is read from its beginning.
func (l *Log) onContentChanged() {
	l.startReverification(ReverifyFileChanged)
	l.keepRoots()
	state := l.State()
	l.readFromBeginning(&state)
}

// comparePrevious compares the tree with the previous state, which has the same
// size.
func (l *Log) comparePrevious() {
	previous := l.previousState
	l.previousState = nil
	defer l.stopCounted()
	if l.wholeTree().root() == previous.Root || !previous.comparable() {
		return
	}
	diff := l.compareChunks()
	l.restoreChunks(&diff)
	l.restoreTail(previous, &diff)
	local := l.wholeTree().root() == previous.Root
	if local && len(diff.changed) == 0 {
		return // what was damaged is reported as such
	}
	if local {
		for _, run := range diff.runs(previous.Altered) {
			first, last := run.First*ChunkSize, (run.Last+1)*ChunkSize-1
			l.addRewritten(previous, &Finding{First: first, Last: last, NewSize: previous.Size, RangeKnown: true, Reason: leavesChanged(first, last)})
		}
		return
	}
	found := Finding{First: diff.common, Last: previous.Size - 1, NewSize: diff.common, RangeKnown: diff.known}
	found.Reason = leavesChanged(found.First, found.Last)
	if !diff.known {
		found.Reason = fmt.Sprintf("its first %d leaves have changed, and which of them is not known", previous.Size)
	}
	l.addRewritten(previous, &found)
}

func leavesChanged(first, last int64) string {
	return fmt.Sprintf("leaves %d to %d have changed", first, last)
}

// comparePreviousAtEnd reports a file that ends before the size of the previous
// state, if there is one. One that has the same leaves so far may be a copy that is not
// complete yet.
func (l *Log) comparePreviousAtEnd() {
	previous := l.previousState
	if previous == nil {
		return
	}
	diff := l.compareChunks()
	other := len(diff.changed) > 0 || l.size > 0 && previous.FirstLeaf != Hash{} && l.firstLeaf != previous.FirstLeaf
	if !other && l.mayGrowAgain() {
		return
	}
	l.previousState = nil
	defer l.stopCounted()
	if !previous.comparable() {
		return
	}
	l.restoreChunks(&diff)
	common := diff.common
	if !other {
		common = l.commonPart(previous)
	}
	found := Finding{First: common, Last: previous.Size - 1, NewSize: common, RangeKnown: diff.known}
	found.Reason = fmt.Sprintf("it has %d leaves, and had %d when it was last read", l.size, previous.Size)
	switch {
	case !diff.known:
		found.Reason += "; which of them are the same is not known"
	case other:
		found.Reason += fmt.Sprintf("; leaves from %d on have changed", common)
	case common < l.size:
		found.Reason += fmt.Sprintf("; whether those from %d on are the same is not known", common)
	}
	l.addRewritten(previous, &found)
}

// commonPart is how many leaves are known to be the same in the previous state, if the
// complete chunks are: of those after them, the ones in subtrees that both have.
func (l *Log) commonPart(previous *State) int64 {
	common := l.tail.first
	_, rest, ok := splitTree(previous.Size, previous.Hashes)
	if !ok || rest.Begin() != unsigned(common) {
		return common
	}
	for i, id := range compact.RangeNodes(rest.Begin(), rest.End(), nil) {
		end := common + 1<<id.Level
		if end > l.size {
			break
		}
		subtree := newTree(unsigned(common))
		for _, hash := range l.tail.hashes[common-l.tail.first : end-l.tail.first] {
			subtree.add(hash)
		}
		if subtree.top() != Hash(rest.Hashes()[i]) {
			break
		}
		common = end
	}
	return common
}

// maxShort is for how many times [Settings].ShortGrace a file may be shorter than it was,
// though it grows: a registry that goes on with a log from a backup lets it grow, too.
const maxShort = 10

// mayGrowAgain reports whether a file that is shorter than it was may be a copy that is
// not complete yet.
func (l *Log) mayGrowAgain() bool {
	now := l.settings.Now()
	if l.shortSince.IsZero() {
		l.shortSince = now
	}
	if size := l.fileInfo.Size(); l.shortGrew.IsZero() || size > l.shortSize {
		l.shortGrew, l.shortSize = now, size
	}
	grace := l.settings.ShortGrace
	return now.Sub(l.shortGrew) < grace && now.Sub(l.shortSince) < maxShort*grace
}

// addRewritten completes a finding that leaves have changed or are gone, and reports it.
func (l *Log) addRewritten(previous *State, found *Finding) {
	found.Kind, found.Size = translator.IntegrityLogRewritten, previous.Size
	if !found.RangeKnown {
		found.First, found.NewSize = 0, 0
	}
	if previous.Unknown == 0 {
		found.ExpectedRoot, found.HasExpectedRoot = previous.Root, true
	}
	if l.size == previous.Size {
		found.Root, found.HasRoot = l.contentRoot()
	}
	l.reporter.add(*found)
	l.firstNew = min(l.firstNew, max(l.size, found.NewSize))
}

// contentRoot is the root over what the file holds now; known is false if the hash of a
// leaf is not.
func (l *Log) contentRoot() (root Hash, known bool) {
	whole := newTree(0)
	for _, node := range l.chunks {
		if node.unknown {
			return Hash{}, false
		}
		whole.joinChunk(node.root)
	}
	for i, hash := range l.tail.hashes {
		if l.tail.entries[i].corrupt && hash == (Hash{}) {
			return Hash{}, false
		}
		whole.add(hash)
	}
	return whole.root(), true
}

// chunkDiff is where the complete chunks differ from what they were.
type chunkDiff struct {
	// damaged are chunks with a leaf that cannot be read any more, changed are others.
	damaged, changed []AlteredChunk
	// common is the number of leaves before the first change behind the last chunk that
	// is as it was, and known says that the roots of all chunks have been kept.
	common int64
	known  bool
}

// compareChunks compares the chunks with the roots that they had, as far as these have
// been kept.
func (l *Log) compareChunks() (diff chunkDiff) {
	agreeing := int64(-1)
	diff.known = true
	for i, node := range l.chunks {
		number := l.firstChunk + int64(i)
		root, ok := l.keptRoot(number)
		diff.known = diff.known && ok
		altered := AlteredChunk{number, root, node.root}
		switch {
		case !ok:
		case node.unknown:
			diff.damaged = append(diff.damaged, altered)
		case root == node.root:
			agreeing = number
		default:
			diff.changed = append(diff.changed, altered)
		}
	}
	diff.common = (agreeing + 1) * ChunkSize
	return diff
}

// runs are the runs of chunks that were changed, except for those that are known to be.
func (d *chunkDiff) runs(known []AlteredChunk) []Run {
	var all runs
	for _, altered := range d.changed {
		if !slices.Contains(known, altered) {
			all.add(altered.Chunk)
		}
	}
	return all
}

// keptRoot is the root that a chunk had when it was read before.
func (l *Log) keptRoot(number int64) (root Hash, ok bool) {
	if i := number - l.previousFirst; i >= 0 && i < int64(len(l.previousRoots)) && l.previousRoots[i] != (Hash{}) {
		return l.previousRoots[i], true
	}
	if l.settings.KeptRoot == nil {
		return Hash{}, false
	}
	return l.settings.KeptRoot(number)
}

// restoreChunks has chunks that were damaged, or changed while later ones were not,
// count with the root that they had.
func (l *Log) restoreChunks(diff *chunkDiff) {
	for _, altered := range diff.damaged {
		l.alter(altered)
	}
	for _, altered := range diff.changed {
		if altered.Chunk*ChunkSize < diff.common {
			l.alter(altered)
		}
	}
	l.upper, l.unknown = newTree(0), 0
	for number, node := range l.chunks {
		root, known := l.rootOf(int64(number), node)
		l.upper.joinChunk(root)
		if !known {
			l.addUnknown(int64(number) * ChunkSize)
		}
	}
	if l.tail.unknown > 0 {
		l.addUnknown(l.tail.firstUnknown)
	}
}

func (t *chunkedTree) addUnknown(first int64) {
	if t.unknown == 0 {
		t.firstUnknown = first
	}
	t.unknown++
}

// restoreTail has the leaves after the last complete chunk count with the hashes that
// they had, if one of them cannot be read any more.
func (l *Log) restoreTail(previous *State, diff *chunkDiff) {
	upper, rest, ok := splitTree(previous.Size, previous.Hashes)
	if !ok || l.tail.unknown == 0 || !upper.Equal(l.upper.Range) {
		return
	}
	l.tail.restore(rest)
	l.unknown = 0
	diff.known = true
}

// stopCounted drops the tree over the counted lines if it is that over all lines. It is
// called when the comparison is over.
func (l *Log) stopCounted() {
	l.previousRoots, l.shortSince, l.shortGrew = nil, time.Time{}, time.Time{}
	if t, ok := l.counted.treeAt(l.counted.sizeIfActive()); ok && t.Equal(l.wholeTree().Range) {
		l.counted.stop()
		l.countedAligned, l.countedBefore = nil, nil
	}
}
