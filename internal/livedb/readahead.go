// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package livedb

import (
	"errors"
	"io"
)

// readAheadSize is how much is read at once when pages follow each other, in
// bytes. A table that only grows is in order in the file, with pages of its indexes
// in between. With sixteen pages a call, calls cost much less than the pages.
const readAheadSize = 64 << 10

// readAhead reads a file sequentially with few calls: a read shortly after the end
// of the previous one also fetches what follows.
type readAhead struct {
	block []byte // that was fetched
	start int64  // its offset
	next  int64  // the end of the previous read
}

// reset discards the block. The next read fetches no more than it needs.
func (r *readAhead) reset() {
	r.block, r.start, r.next = r.block[:0], 0, -1
}

// readAt is [io.ReaderAt.ReadAt] on f, except that the end of the file is no
// error.
func (r *readAhead) readAt(f io.ReaderAt, buf []byte, offset int64) (int, error) {
	end := offset + int64(len(buf))
	ahead := r.next >= 0 && offset >= r.next && end <= r.next+readAheadSize
	r.next = end
	if offset >= r.start && end <= r.start+int64(len(r.block)) {
		return copy(buf, r.block[offset-r.start:]), nil
	}
	if !ahead {
		return readUpTo(f, buf, offset)
	}
	if cap(r.block) == 0 {
		r.block = make([]byte, readAheadSize)
	}
	n, err := readUpTo(f, r.block[:readAheadSize], offset)
	if err != nil {
		r.reset()
		return 0, err
	}
	r.block, r.start = r.block[:n], offset
	return copy(buf, r.block), nil
}

// readUpTo fills buf as far as the file goes.
func readUpTo(f io.ReaderAt, buf []byte, offset int64) (int, error) {
	n, err := f.ReadAt(buf, offset)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}
