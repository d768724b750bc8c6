// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"bytes"
	"sync"

	"go.opentelemetry.io/collector/pdata/plog"
)

const (
	// maxRequest is the most that the service takes in a request, before and
	// after compression. It says 1 MB; the smaller reading of that is safe.
	// https://learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits#logs-ingestion-api
	maxRequest = 1_000_000

	// maxKept is the most memory that a batch keeps for later ones. A single
	// record may be larger than that, if only to be dropped.
	maxKept = 4 << 20
)

// batch is rows on their way to becoming a request: a JSON array without its
// end, in memory that is used again. It is for one goroutine.
type batch struct {
	buf     []byte
	rows    []row
	encoder encoder
}

// row is one element of the array.
type row struct {
	record     plog.LogRecord
	index      int // of the record in what was consumed
	start, end int // in the buffer
	cut        int // fields that were cut
}

var batches = sync.Pool{New: func() any { return &batch{buf: make([]byte, 0, 64<<10)} }}

func getBatch() *batch {
	b := batches.Get().(*batch)
	b.reset()
	return b
}

func (b *batch) release() {
	if cap(b.buf) > maxKept {
		return
	}
	clear(b.rows[:cap(b.rows)]) // holds on to no records
	batches.Put(b)
}

func (b *batch) reset() {
	b.buf = append(b.buf[:0], '[')
	b.rows = b.rows[:0]
}

// add appends a record's row, whether it still fits or not.
func (b *batch) add(record plog.LogRecord, index int) {
	if len(b.rows) > 0 {
		b.buf = append(b.buf, ',')
	}
	start := len(b.buf)
	b.buf = b.encoder.appendRow(b.buf, record)
	b.rows = append(b.rows, row{record: record, index: index, start: start, end: len(b.buf), cut: len(b.encoder.cut)})
}

// fits tells whether the array is short enough for a request.
func (b *batch) fits() bool { return len(b.buf)+len("]") <= maxRequest }

// keepLast starts over with the last row that was added.
func (b *batch) keepLast() {
	last := b.rows[len(b.rows)-1]
	length := last.end - last.start
	b.reset()
	b.buf = append(b.buf, b.buf[last.start:last.end]...) // the row moves down in the same memory
	last.start, last.end = 1, 1+length
	b.rows = append(b.rows, last)
}

// array is the rows from one to before another as a JSON array. It is made in
// place, by brackets where commas were, so rows have to be asked for in their
// order, and all of them before parts of them.
func (b *batch) array(from, to int) []byte {
	start, end := b.rows[from].start-1, b.rows[to-1].end+1
	if end > len(b.buf) {
		b.buf = append(b.buf, ']')
	}
	b.buf[start], b.buf[end-1] = '[', ']'
	return b.buf[start:end]
}

// leave gives the memory up to whoever still reads it.
func (b *batch) leave() { b.buf = bytes.Clone(b.buf) }
