// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"errors"
	"fmt"
	"io"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog/leaf"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// Values of [translator.Event.TlogMismatch] beside the names of columns.
const (
	// MismatchEvent: the leaf is not that of a beacon.
	MismatchEvent = "event"
	// MismatchLeaf: the leaf is corrupt.
	MismatchLeaf = "leaf"
)

// Entry is a leaf, to compare a row with.
type Entry struct {
	// Beacon is what the leaf holds if IsBeacon is set, else nil. It is valid
	// until the next call of Advance, Lookup or RootAt.
	Beacon   *leaf.Beacon
	IsBeacon bool
	// Corrupt says that the leaf is unreadable, has a hash or an index that is
	// not its own, or is missing in the file.
	Corrupt bool
}

// Mismatch names what the leaf and the row differ in, see [Beacon.Mismatch]:
// [MismatchLeaf] where the leaf is corrupt, [MismatchEvent] where it is no
// beacon's.
func (e *Entry) Mismatch(event *translator.Event) string {
	switch {
	case e.Corrupt:
		return MismatchLeaf
	case !e.IsBeacon:
		return MismatchEvent
	}
	return e.Beacon.Mismatch(event)
}

// Lookup returns a leaf. One of the last 4,000 or so costs no I/O. Others are
// read again with their chunk, which has to hash to what it did; if it does not,
// the next calls of Advance read the file from its beginning.
//
// The error matches [ErrBeyond] for an index below 0 or from Size on,
// [ErrUnknown] for a leaf that has not been read again yet or was rotated away,
// and says otherwise that the file could not be read.
func (l *Log) Lookup(index int64) (Entry, error) {
	if index < 0 || index >= l.Size() {
		return Entry{}, ErrBeyond
	}
	e, err := l.entry(index)
	if err != nil {
		return Entry{}, err
	}
	if !e.mayBeBeacon() {
		return Entry{Corrupt: e.corrupt}, nil
	}
	// A leaf that is not canonical JSON is a leaf all the same, and not of a beacon.
	if isBeacon, err := leaf.ParseBeacon(e.text, &l.beacon); err != nil || !isBeacon {
		return Entry{}, nil
	}
	return Entry{Beacon: &l.beacon, IsBeacon: true}, nil
}

// Compare names what a row and the leaf that it names differ in, as
// [Entry.Mismatch] of [Log.Lookup] does, and takes less time where they agree. Its
// errors are those of Lookup.
func (l *Log) Compare(row *translator.Event) (mismatch string, err error) {
	if row.TlogIndex < 0 || row.TlogIndex >= l.Size() {
		return "", ErrBeyond
	}
	e, err := l.entry(row.TlogIndex)
	if err != nil {
		return "", err
	}
	if !e.corrupt && leaf.Agrees(e.text, row) {
		return "", nil
	}
	found, err := l.Lookup(row.TlogIndex)
	if err != nil {
		return "", err
	}
	return found.Mismatch(row), nil
}

// entry is a leaf before Size.
func (l *Log) entry(index int64) (*entry, error) {
	c, err := l.chunkOf(index)
	if err != nil {
		return nil, err
	}
	if index < c.first {
		return nil, ErrUnknown
	}
	return &c.entries[index-c.first], nil
}

// chunkOf is the chunk of a leaf before Size.
func (l *Log) chunkOf(index int64) (*chunk, error) {
	number := index / chunkSize
	if l.resume != nil {
		return nil, ErrUnknown
	}
	if number == l.tail.number {
		return l.tail, nil
	}
	if c := l.cache.get(number); c != nil {
		return c, nil
	}
	node, ok := l.node(number)
	if !ok {
		return nil, ErrUnknown
	}
	c, err := l.reload(number, node)
	switch {
	case errors.Is(err, errAnother):
		if err := l.reread(); err != nil {
			return nil, err
		}
		return nil, ErrUnknown
	case err != nil:
		return nil, fmt.Errorf("transparency log: %w", err)
	}
	l.cache.put(c)
	return c, nil
}

// node is what is kept of a chunk; ok is false if it has not been read since
// the start.
func (l *Log) node(number int64) (node chunkNode, ok bool) {
	if i := number - l.firstChunk; i >= 0 && i < int64(len(l.chunks)) {
		return l.chunks[i], true
	}
	if i := number - l.reverifier.first; l.reverifier.active && i >= 0 && i < int64(len(l.reverifier.chunks)) {
		return l.reverifier.chunks[i], true
	}
	return chunkNode{}, false
}

// reload reads a complete chunk again.
func (l *Log) reload(number int64, node chunkNode) (*chunk, error) {
	first := number * chunkSize
	seed := newTree(uint64(first))
	if first < l.first {
		first = l.first
		_, seed = l.rotated()
	}
	c := newChunk(number, first, seed, l.cache.takeSpare())
	var w walker
	w.reset(l.file, node.offset, c.first)
	var faults []walked
	defer l.batch.drop()
	for !c.full() {
		read, err := w.next()
		if errors.Is(err, io.EOF) {
			return nil, errAnother
		} else if err != nil {
			return nil, err
		}
		if read.stray && len(c.entries) == 0 { // the offset is that of a leaf
			return nil, errAnother
		}
		if read.fault != "" {
			read.data = nil
			faults = append(faults, read)
		}
		if !read.stray {
			l.batch.add(c, &read)
		}
	}
	l.batch.share(c)
	if c.tree.top() != node.root {
		return nil, errAnother
	}
	for _, fault := range faults {
		l.corrupt.add(fault.index, fault.fault)
	}
	l.corrupt.flush()
	return c, nil
}
