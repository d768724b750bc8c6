// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"errors"
	"fmt"

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
	// Corrupt: the leaf cannot be read, has a hash or an index that is not its own,
	// or is missing in the file; or it may be a beacon's, and is not a JSON object
	// without repeated keys.
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

// Lookup returns a leaf. One of the last 4,000 or so costs no I/O. Others are read
// again with their chunk, which must have the same root as before; if it does not,
// the next calls of Advance read the file from its beginning.
//
// The error matches [ErrBeyond] for an index below 0 or from Size on, [ErrRotated] for
// a leaf that was rotated away, and else [ErrUnknown] for one that has not been
// verified again yet; any other says that the file cannot be read.
func (l *Log) Lookup(index int64) (Entry, error) {
	e, err := l.entry(index)
	if err != nil {
		return Entry{}, err
	}
	return l.parseEntry(e), nil
}

// Compare names what differs between a row and the leaf that it refers to, as
// [Entry.Mismatch] of [Log.Lookup] does. It is faster where they agree. Its errors
// are those of Lookup.
func (l *Log) Compare(row *translator.Event) (mismatch string, err error) {
	e, err := l.entry(row.TlogIndex)
	if err != nil {
		return "", err
	}
	if !e.corrupt && row.Long == nil && leaf.Agrees(e.text, row) {
		return "", nil
	}
	parsed := l.parseEntry(e)
	return parsed.Mismatch(row), nil
}

// parseEntry parses the leaf if it may be that of a beacon.
func (l *Log) parseEntry(e *entry) Entry {
	if !e.mayBeBeacon() {
		return Entry{Corrupt: e.corrupt}
	}
	isBeacon, err := leaf.ParseBeacon(e.text, &l.lastBeacon)
	switch {
	case err != nil:
		return Entry{Corrupt: true}
	case !isBeacon:
		return Entry{}
	}
	return Entry{Beacon: &l.lastBeacon, IsBeacon: true}
}

// entry returns a leaf, with the errors of Lookup.
func (l *Log) entry(index int64) (*entry, error) {
	if index < 0 || index >= l.Size() {
		return nil, ErrBeyond
	}
	c, err := l.chunkOf(index)
	if err != nil {
		return nil, err
	}
	if index < c.first {
		return nil, ErrRotated
	}
	return &c.entries[index-c.first], nil
}

// chunkOf returns the chunk of a leaf below Size.
func (l *Log) chunkOf(index int64) (*chunk, error) {
	number := index / ChunkSize
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
	switch {
	case !ok && index < l.first:
		return nil, ErrRotated
	case !ok:
		return nil, ErrUnknown
	}
	c, err := l.reload(number, node)
	switch {
	case errors.Is(err, errContentChanged):
		if err := l.onContentChanged(); err != nil {
			return nil, err
		}
		return nil, ErrUnknown
	case err != nil:
		return nil, fmt.Errorf("transparency log: %w", err)
	}
	l.cache.add(c)
	return c, nil
}

// node returns what is kept of a chunk; ok is false if it has not been verified
// again since the start.
func (l *Log) node(number int64) (node chunkNode, ok bool) {
	if i := number - l.firstChunk; i >= 0 && i < int64(len(l.chunks)) {
		return l.chunks[i], true
	}
	if i := number - l.reverifier.firstChunk; l.reverifier.active && i >= 0 && i < int64(len(l.reverifier.chunks)) {
		return l.reverifier.chunks[i], true
	}
	return chunkNode{}, false
}

// reload reads a complete chunk again.
func (l *Log) reload(number int64, node chunkNode) (*chunk, error) {
	first := number * ChunkSize
	seed := newTree(unsigned(first))
	if first < l.first {
		first = l.first
		_, seed = l.rotatedTree()
	}
	c := newChunk(number, first, seed, l.cache.takeSpare())
	var reader leafReader
	reader.reset(l.file, node.offset, c.first)
	defer l.texts.discard()
	faults, err := l.rereadChunk(&reader, c, (number+1)*ChunkSize)
	if err != nil {
		return nil, err
	}
	l.texts.store(c)
	if c.tree.top() != node.root {
		return nil, errContentChanged
	}
	l.addFaults(faults)
	l.corrupt.flush()
	return c, nil
}
