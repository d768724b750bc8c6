// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog/leaf"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// Values of [translator.Event].TlogMismatch beside the names of columns.
const (
	// MismatchEvent says that the leaf is not that of a beacon.
	MismatchEvent = "event"
	// MismatchLeaf says that the leaf is corrupt.
	MismatchLeaf = "leaf"
)

// Entry is a leaf, to compare a row with.
type Entry struct {
	// Beacon is the content of the leaf if IsBeacon is set, else nil. It is valid
	// until the next call of Advance, Compare, Lookup or RootAt.
	Beacon   *leaf.Beacon
	IsBeacon bool
	// Corrupt: the leaf cannot be read, or has a hash that is not its own; or it may be a
	// beacon's, and is not a JSON object without repeated keys.
	Corrupt bool
}

// Mismatch names what differs between the leaf and the row, see
// [leaf.Beacon.Mismatch]; it is [MismatchLeaf] for a corrupt leaf, and
// [MismatchEvent] for one that is not a beacon's.
func (e *Entry) Mismatch(row *translator.Event) string {
	switch {
	case e.Corrupt:
		return MismatchLeaf
	case !e.IsBeacon:
		return MismatchEvent
	}
	return e.Beacon.Mismatch(row)
}

// Lookup returns the leaf of a line, by the line's number. One of the last 4,000 or so
// costs no I/O, unless it is longer than 64 KiB. Others are read again with their
// chunk, which must have the same root as before; if it does not, the next calls of
// Advance read the file from its beginning.
//
// The error matches [ErrBeyond] for a number below 0 or from Size on, and [ErrUnknown]
// for a leaf that has not been verified again yet; any other says that the file cannot
// be read. If ctx is done, it reads no leaf that takes long, and that leaf is unknown.
func (l *Log) Lookup(ctx context.Context, number int64) (Entry, error) {
	e, text, err := l.entry(ctx, number)
	if err != nil {
		return Entry{}, err
	}
	return l.parseEntry(e, text), nil
}

// Covers reports whether lines claim an index, and no line that has not been read may
// claim it as well. A registry that starts uses the indexes again that are not below the
// number of lines that it counts. As for these, the newest lines cover an index only when
// the log was read to its end: its leaf was written before its row.
func (l *Log) Covers(index int64) bool {
	return l.pendingState == nil && index >= 0 && l.claims.covered(index, l.size, l.countedLines(), l.atEnd)
}

// countedLines is how many lines a registry counts that starts now.
func (l *Log) countedLines() int64 {
	if l.counted.active {
		return l.counted.size()
	}
	return l.size
}

// IndexOf is the index that the line with a number claims, or would have to.
func (l *Log) IndexOf(number int64) int64 { return l.claims.indexOf(number) }

// NextIndex is the index that the next line of the log should claim: Size, but for logs
// whose indexes jump.
func (l *Log) NextIndex() int64 {
	if l.pendingState != nil {
		return l.pendingState.Size
	}
	return l.claims.expected(l.size)
}

// Compare names what differs between a row and the leaf that it refers to, as
// [Log.CompareLeaf] does.
func (l *Log) Compare(row *translator.Event) (mismatch string, err error) {
	_, mismatch, err = l.CompareLeaf(context.Background(), row, nil)
	return mismatch, err
}

// CompareLeaf compares a row with the leaves whose lines claim its index: there are
// several where a registry has used an index twice. It returns the number of the line
// that agrees, or of the newest one and what differs, as [Entry.Mismatch] says. If
// several agree, it is one that isClaimed, which may be nil, says no to. It is faster
// than Lookup where they agree.
//
// A done ctx has the same effect as in Lookup.
//
// The error matches [ErrBeyond] if no line claims the index, and [ErrNoLine] if, beside
// that, others claim higher ones, or if lines claim it that differ from the row, and one
// that has not been read may claim it too, see Covers. It matches [ErrUnknown] if the
// lines that may claim it have not been verified again yet, or are not known, and
// [ErrLost] if such a line may be destroyed; any other says that the file cannot be read.
func (l *Log) CompareLeaf(ctx context.Context, row *translator.Event, isClaimed func(number int64) bool) (number int64, mismatch string, err error) {
	if len(l.claims.runs) == 0 && !l.claims.dropped && row.TlogIndex >= 0 && row.TlogIndex < l.size && l.pendingState == nil {
		if mismatch, err = l.compareAt(ctx, row.TlogIndex, row); err == nil && l.mayAgreeLater(row.TlogIndex, mismatch) {
			return -1, "", ErrNoLine
		}
		return row.TlogIndex, mismatch, err
	}
	if err := l.cannotCompare(row.TlogIndex); err != nil {
		return -1, "", err
	}
	number, mismatch = -1, MismatchEvent
	var unknown error
	for _, candidate := range l.claims.of(row.TlogIndex, l.size) {
		differs, err := l.compareAt(ctx, candidate, row)
		switch {
		case err != nil:
			unknown = err
		case differs == "" && (isClaimed == nil || !isClaimed(candidate)):
			return candidate, "", nil
		case number < 0, differs == "", differs == MismatchLeaf && mismatch != "":
			number, mismatch = candidate, differs
		}
	}
	switch {
	case mismatch == "" && number >= 0:
		return number, "", nil
	case unknown != nil:
		return -1, "", unknown
	case l.mayAgreeLater(row.TlogIndex, mismatch):
		return -1, "", ErrNoLine
	}
	return number, mismatch, nil
}

// mayAgreeLater reports whether a row that differs from the lines which claim its index
// may agree with one that has not been read. Of a leaf that is corrupt, that says nothing
// when the log was read to its end.
func (l *Log) mayAgreeLater(index int64, mismatch string) bool {
	return mismatch != "" && (mismatch != MismatchLeaf || !l.atEnd) && !l.Covers(index)
}

// cannotCompare says why no line can be compared with a row that has this index.
func (l *Log) cannotCompare(index int64) error {
	switch {
	case index < 0:
		return ErrBeyond
	case l.pendingState != nil && index < l.pendingState.Size:
		return ErrUnknown
	case l.pendingState != nil:
		return ErrBeyond
	case len(l.claims.of(index, l.size)) > 0:
		return nil
	case l.previousState != nil, l.claims.incomplete(index):
		return ErrUnknown
	case l.claims.lost(index):
		return ErrLost
	case index < l.claims.expected(l.size):
		return ErrNoLine
	}
	return ErrBeyond
}

// compareAt compares a row with the leaf of a line.
func (l *Log) compareAt(ctx context.Context, number int64, row *translator.Event) (mismatch string, err error) {
	e, text, err := l.entry(ctx, number)
	if err != nil {
		return "", err
	}
	if !e.corrupt && row.Long == nil && leaf.Agrees(text, row) {
		return "", nil
	}
	parsed := l.parseEntry(e, text)
	return parsed.Mismatch(row), nil
}

// parseEntry parses the leaf if it may be that of a beacon.
func (l *Log) parseEntry(e *entry, text string) Entry {
	if !e.beacon {
		return Entry{Corrupt: e.corrupt}
	}
	isBeacon, err := leaf.ParseBeacon(text, &l.lastBeacon)
	switch {
	case err != nil:
		return Entry{Corrupt: true}
	case !isBeacon:
		return Entry{}
	}
	return Entry{Beacon: &l.lastBeacon, IsBeacon: true}
}

// entry returns a leaf and its text, with the errors of Lookup and CompareLeaf.
func (l *Log) entry(ctx context.Context, number int64) (e *entry, text string, err error) {
	if number < 0 || number >= l.Size() {
		return nil, "", ErrBeyond
	}
	c, err := l.chunkOf(ctx, number)
	if err != nil {
		return nil, "", err
	}
	e = &c.entries[number-c.first]
	if !e.long {
		return e, e.text, nil
	}
	text, err = l.readLongText(ctx, c, number)
	return e, text, err
}

// longText is the text of a leaf that is too long to be kept with its chunk.
type longText struct {
	hash Hash // of the leaf
	text string
}

// readLongText returns the text of a leaf that is too long to be kept. That of the last one
// is kept until the next Advance, since several rows may name it.
func (l *Log) readLongText(ctx context.Context, c *chunk, number int64) (string, error) {
	hash := c.hashes[number-c.first]
	switch {
	case l.lastLong.text != "" && l.lastLong.hash == hash:
		return l.lastLong.text, nil
	case ctx.Err() != nil:
		return "", ErrUnknown
	}
	var reader leafReader
	reader.reset(l.file, c.longLines[number], number)
	read, err := reader.next(context.Background()) // a line of maxLine at most, with the same hash
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return "", fmt.Errorf("transparency log: %w", err)
	case err != nil, read.fault != "", read.hash != hash:
		l.onContentChanged()
		return "", ErrUnknown
	}
	l.lastLong = longText{hash, string(read.data)}
	return l.lastLong.text, nil
}

// maxReload is the longest chunk that is read again to look up a leaf, in bytes: that
// must not take longer than an event may wait.
const maxReload = 128 << 20

// chunkOf returns the chunk of a leaf below Size. If ctx is done, a long one is unknown.
func (l *Log) chunkOf(ctx context.Context, leafNumber int64) (*chunk, error) {
	number := leafNumber / ChunkSize
	if l.pendingState != nil {
		return nil, ErrUnknown
	}
	if number == l.tail.number {
		return l.tail, nil
	}
	if c := l.cache.get(number); c != nil {
		return c, nil
	}
	node, ok := l.node(number)
	if !ok || l.lengthOf(number, node) > maxReload {
		return nil, ErrUnknown
	}
	c, err := l.reload(ctx, number, node)
	switch {
	case errors.Is(err, errInterrupted):
		return nil, ErrUnknown
	case errors.Is(err, errContentChanged):
		l.onContentChanged()
		return nil, ErrUnknown
	case err != nil:
		return nil, fmt.Errorf("transparency log: %w", err)
	}
	l.cache.add(c)
	return c, nil
}

// lengthOf is the length of a complete chunk in the file, in bytes, as far as it is known.
func (l *Log) lengthOf(number int64, node chunkNode) int64 {
	if next, ok := l.node(number + 1); ok {
		return next.offset - node.offset
	}
	if number+1 == l.tail.number && len(l.tail.entries) > 0 {
		return l.tail.offset - node.offset
	}
	return 0
}

// node returns what is kept of a chunk; ok is false if it has not been verified
// again since the start.
func (l *Log) node(number int64) (node chunkNode, ok bool) {
	if i := number - l.firstChunk; i >= 0 && i < int64(len(l.chunks)) {
		return l.chunks[i], true
	}
	if l.reverifier.active && number >= 0 && number < int64(len(l.reverifier.chunks)) {
		return l.reverifier.chunks[number], true
	}
	return chunkNode{}, false
}

// reload reads a complete chunk again.
func (l *Log) reload(ctx context.Context, number int64, node chunkNode) (*chunk, error) {
	c := newChunk(number, l.cache.takeSpare())
	var reader leafReader
	reader.reset(l.file, node.offset, c.first)
	l.rereadFaults = nil
	defer l.texts.discard()
	if err := l.rereadChunk(ctx, &reader, c, (number+1)*ChunkSize, nil); err != nil {
		return nil, err
	}
	l.texts.store(c)
	if c.tree.top() != node.root {
		return nil, errContentChanged
	}
	l.reportFaults()
	return c, nil
}
