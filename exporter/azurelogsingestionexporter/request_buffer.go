// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"bytes"
	"sync"

	"go.opentelemetry.io/collector/pdata/plog"
)

const (
	// maxRequestBytes is the service's limit for a request, before and after
	// compression. It is documented as 1 MB: the smaller reading is safe.
	// https://learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits#logs-ingestion-api
	maxRequestBytes = 1_000_000

	// maxPooledBytes limits the buffers that are kept for later requests. A
	// single record may need a larger one, even if it is then dropped.
	maxPooledBytes = 4 << 20
)

// requestBuffer builds the body of a request: a JSON array of rows, without its
// end, in pooled memory. It is for one goroutine.
type requestBuffer struct {
	buf     []byte
	rows    []row
	encoder encoder
}

// row is one element of the array.
type row struct {
	record          plog.LogRecord
	index           int // of the record in the consumed logs
	start, end      int // offsets in the buffer
	truncatedFields int // how many fields were truncated
}

var requestBuffers = sync.Pool{New: func() any { return &requestBuffer{buf: make([]byte, 0, 64<<10)} }}

func getRequestBuffer() *requestBuffer {
	b := requestBuffers.Get().(*requestBuffer)
	b.reset()
	return b
}

func (b *requestBuffer) release() {
	if cap(b.buf) > maxPooledBytes {
		return
	}
	clear(b.rows[:cap(b.rows)]) // the pool must not keep records alive
	requestBuffers.Put(b)
}

func (b *requestBuffer) reset() {
	b.buf = append(b.buf[:0], '[')
	b.rows = b.rows[:0]
}

// appendRow appends a record's row, even if it exceeds maxRequestBytes: see fits.
func (b *requestBuffer) appendRow(record plog.LogRecord, index int) {
	if len(b.rows) > 0 {
		b.buf = append(b.buf, ',')
	}
	start := len(b.buf)
	b.buf = b.encoder.appendRow(b.buf, record)
	b.rows = append(b.rows, row{record: record, index: index, start: start, end: len(b.buf), truncatedFields: len(b.encoder.truncated)})
}

// fits reports whether the array is short enough for a request.
func (b *requestBuffer) fits() bool { return len(b.buf)+len("]") <= maxRequestBytes }

// resetToLast removes all rows but the last one.
func (b *requestBuffer) resetToLast() {
	last := b.rows[len(b.rows)-1]
	length := last.end - last.start
	b.reset()
	b.buf = append(b.buf, b.buf[last.start:last.end]...) // moves the row down in the same memory
	last.start, last.end = 1, 1+length
	b.rows = append(b.rows, last)
}

// jsonArray returns the rows in [from, to) as a JSON array. It works in place, by
// writing brackets over commas, so calls have to go from the first row to the
// last, and from a range to its parts.
func (b *requestBuffer) jsonArray(from, to int) []byte {
	start, end := b.rows[from].start-1, b.rows[to-1].end+1
	if end > len(b.buf) {
		b.buf = append(b.buf, ']')
	}
	b.buf[start], b.buf[end-1] = '[', ']'
	return b.buf[start:end]
}

// detach leaves the memory to a transport that may still read it, and continues
// with a copy.
func (b *requestBuffer) detach() { b.buf = bytes.Clone(b.buf) }
