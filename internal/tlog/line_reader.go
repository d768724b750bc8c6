// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"bytes"
	"context"
	"errors"
	"io"
)

const (
	// maxLine is the longest line that is parsed, in bytes: a registry lets strangers
	// put megabytes into a leaf. It bounds the memory that a damaged file costs.
	maxLine = 16 << 20
	// blockSize is how much is read at once, in bytes.
	blockSize = 128 << 10
	// keptBuffer is the largest buffer that is kept for the next lines, in bytes.
	keptBuffer = 8 * blockSize
)

// errInterrupted: the context was done. The next call continues.
var errInterrupted = errors.New("interrupted")

// lineReader reads a growing file line by line.
type lineReader struct {
	file   io.ReaderAt
	offset int64  // of the next line
	block  []byte // what has been read from there on
	buffer []byte // that block is part of
	// scanned is how far the next line, which is too long to be kept, has been
	// searched for its end, in bytes from its offset.
	scanned int64
}

// reset lets the reader continue at another offset.
func (r *lineReader) reset(file io.ReaderAt, offset int64) {
	*r = lineReader{file: file, offset: offset, buffer: r.buffer}
}

// dropPartialLine drops a line that had not been complete, since a registry cuts
// such a line off when it starts. One that is too long for that is kept.
func (r *lineReader) dropPartialLine() {
	if r.scanned == 0 {
		r.block = r.block[:bytes.LastIndexByte(r.block, '\n')+1]
	}
}

// peek returns the next line without its newline, and its length with it. The line
// is valid until the next call. It is cut off if it is longer than maxLine. The error
// is io.EOF if there is no complete line yet, and errInterrupted if ctx is done: but
// a block is read in any case.
func (r *lineReader) peek(ctx context.Context) (line []byte, length int64, err error) {
	searched := 0
	for blocks := 0; r.scanned == 0; blocks++ {
		if n := bytes.IndexByte(r.block[searched:], '\n'); n >= 0 {
			end := searched + n
			return r.block[:min(end, maxLine)], int64(end) + 1, nil
		}
		searched = len(r.block)
		switch {
		case searched > maxLine:
			r.scanned = int64(searched)
			r.block = bytes.Clone(r.block[:blockSize])
			return r.peekLong(ctx)
		case blocks > 0 && ctx.Err() != nil:
			return nil, 0, errInterrupted
		}
		if err := r.readBlock(); err != nil {
			return nil, 0, err
		}
	}
	return r.peekLong(ctx)
}

// skip goes past a line of this length.
func (r *lineReader) skip(length int64) {
	r.offset += length
	if r.scanned > 0 {
		r.scanned, r.block = 0, nil
		return
	}
	r.block = r.block[min(length, int64(len(r.block))):]
}

// release frees what long lines needed. Until then the next ones are read into the same
// memory, so that many of them cost no more than one.
func (r *lineReader) release() {
	if cap(r.buffer) > keptBuffer && len(r.block) <= keptBuffer {
		r.buffer, r.block = nil, bytes.Clone(r.block)
	}
}

// readAt fills data from an offset. complete is false if the file ends before.
func (r *lineReader) readAt(data []byte, offset int64) (complete bool, err error) {
	n, err := r.file.ReadAt(data, offset)
	if n == len(data) || errors.Is(err, io.EOF) {
		err = nil
	}
	return n == len(data), err
}

// readBlock reads another block.
func (r *lineReader) readBlock() error {
	n := len(r.block)
	if cap(r.block)-n < blockSize {
		if cap(r.buffer) < n+blockSize {
			r.buffer = make([]byte, n+blockSize, min(4*n, maxLine)+2*blockSize)
		}
		copy(r.buffer[:n], r.block)
		r.block = r.buffer[:n]
	}
	got, err := r.file.ReadAt(r.block[n:n+blockSize], r.offset+int64(n))
	if got > 0 {
		r.block = r.block[:n+got]
		return nil
	}
	r.block = nil // a partial line, which may be another one next time
	return err
}

// peekLong is peek for a line longer than maxLine, of which block is the beginning. It
// does not search again what it has searched before.
func (r *lineReader) peekLong(ctx context.Context) (line []byte, length int64, err error) {
	if cap(r.buffer) < keptBuffer {
		r.buffer = make([]byte, keptBuffer)
	}
	more := r.buffer[:keptBuffer] // block is not part of it any more
	for blocks := 0; ; blocks++ {
		if blocks > 0 && ctx.Err() != nil {
			return nil, 0, errInterrupted
		}
		n, err := r.file.ReadAt(more, r.offset+r.scanned)
		if end := bytes.IndexByte(more[:n], '\n'); end >= 0 {
			return r.block, r.scanned + int64(end) + 1, nil
		}
		if r.scanned += int64(n); err != nil {
			return nil, 0, err
		}
	}
}
