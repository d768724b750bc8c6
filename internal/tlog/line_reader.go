// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"bytes"
	"errors"
	"io"
)

const (
	// maxLine is the longest line that is parsed, in bytes. It is more than any
	// that a registry writes, and bounds the memory that a damaged file costs.
	maxLine = 1 << 20
	// blockSize is how much is read at once, in bytes.
	blockSize = 128 << 10
)

// lineReader reads a growing file line by line.
type lineReader struct {
	file   io.ReaderAt
	offset int64  // of the next line
	block  []byte // what has been read from there on
	buffer []byte // that block is part of
}

// reset lets the reader continue at another offset.
func (r *lineReader) reset(file io.ReaderAt, offset int64) {
	r.file, r.offset, r.block = file, offset, nil
}

// dropPartialLine drops a line that had not been complete, since a registry cuts
// such a line off when it starts.
func (r *lineReader) dropPartialLine() {
	r.block = r.block[:bytes.LastIndexByte(r.block, '\n')+1]
}

// peek returns the next line without its newline, and its length with it. The line
// is valid until the next call. It is cut off after maxLine bytes. The error is
// io.EOF if there is no complete line yet.
func (r *lineReader) peek() (line []byte, length int64, err error) {
	searched := 0
	for {
		if n := bytes.IndexByte(r.block[searched:], '\n'); n >= 0 {
			end := searched + n
			return r.block[:min(end, maxLine)], int64(end) + 1, nil
		}
		searched = len(r.block)
		if searched > maxLine {
			return r.peekLong()
		}
		if err := r.readBlock(); err != nil {
			return nil, 0, err
		}
	}
}

// peekAfter returns the line after the next one, which has this length. ok is false
// if there is none, or it does not begin or end within maxLine bytes. A line from
// peek is not valid afterwards.
func (r *lineReader) peekAfter(length int64) (line []byte, ok bool) {
	for {
		rest := r.block[min(length, int64(len(r.block))):]
		if n := bytes.IndexByte(rest, '\n'); n >= 0 {
			return rest[:n], true
		}
		if len(rest) > maxLine || length > maxLine || r.readBlock() != nil {
			return nil, false
		}
	}
}

// skip goes past a line of this length.
func (r *lineReader) skip(length int64) {
	r.offset += length
	r.block = r.block[min(length, int64(len(r.block))):]
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
			r.buffer = make([]byte, n+blockSize, 2*n+blockSize)
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

// peekLong is peek for a line longer than maxLine, which begins with block.
func (r *lineReader) peekLong() (line []byte, length int64, err error) {
	more := make([]byte, blockSize)
	for read := int64(len(r.block)); ; {
		n, err := r.file.ReadAt(more, r.offset+read)
		if end := bytes.IndexByte(more[:n], '\n'); end >= 0 {
			return r.block[:maxLine], read + int64(end) + 1, nil
		}
		if read += int64(n); err != nil {
			r.block = nil
			if !errors.Is(err, io.EOF) {
				return nil, 0, err
			}
			return nil, 0, io.EOF
		}
	}
}
