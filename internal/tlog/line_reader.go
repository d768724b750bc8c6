// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"bytes"
	"errors"
	"io"
)

const (
	// maxLine is how long a line may be, in bytes. It is more than any that a
	// registry writes, and bounds the memory that a damaged file takes.
	maxLine = 1 << 20
	// blockSize is how much is read at once.
	blockSize = 128 << 10
)

// lineReader reads a growing file line by line.
type lineReader struct {
	file   io.ReaderAt
	offset int64  // of the next line
	block  []byte // what has been read from there on
	memory []byte // that block is part of
}

// reset lets the reader go on from another place.
func (r *lineReader) reset(file io.ReaderAt, offset int64) {
	r.file, r.offset, r.block = file, offset, nil
}

// forgetPart forgets a line that had not been complete, since a registry cuts
// such a one off when it starts again.
func (r *lineReader) forgetPart() {
	r.block = r.block[:bytes.LastIndexByte(r.block, '\n')+1]
}

// peek returns the next line without its newline, and its length with it. The
// line is valid until the next call. It is cut off after maxLine bytes. The
// error is io.EOF if there is no complete line yet.
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
		if err := r.read(); err != nil {
			return nil, 0, err
		}
	}
}

// peekAfter returns the line behind the next one, which has this length. It
// reports false if there is none, or it is a long way off. The next line has to
// be peeked at again.
func (r *lineReader) peekAfter(length int64) (line []byte, ok bool) {
	for {
		rest := r.block[min(length, int64(len(r.block))):]
		if n := bytes.IndexByte(rest, '\n'); n >= 0 {
			return rest[:n], true
		}
		if len(rest) > maxLine || length > maxLine || r.read() != nil {
			return nil, false
		}
	}
}

// next goes behind a line of this length.
func (r *lineReader) next(length int64) {
	r.offset += length
	r.block = r.block[min(length, int64(len(r.block))):]
}

// read reads another block.
func (r *lineReader) read() error {
	n := len(r.block)
	if cap(r.block)-n < blockSize {
		if cap(r.memory) < n+blockSize {
			r.memory = make([]byte, n+blockSize, 2*n+blockSize)
		}
		copy(r.memory[:n], r.block)
		r.block = r.memory[:n]
	}
	got, err := r.file.ReadAt(r.block[n:n+blockSize], r.offset+int64(n))
	if got > 0 {
		r.block = r.block[:n+got]
		return nil
	}
	r.block = nil // part of a line, which may be another one next time
	return err
}

// peekLong is peek for a line that is longer than maxLine, of which block is
// the beginning.
func (r *lineReader) peekLong() (line []byte, length int64, err error) {
	more := make([]byte, blockSize)
	for at := int64(len(r.block)); ; {
		n, err := r.file.ReadAt(more, r.offset+at)
		if end := bytes.IndexByte(more[:n], '\n'); end >= 0 {
			return r.block[:maxLine], at + int64(end) + 1, nil
		}
		if at += int64(n); err != nil {
			r.block = nil
			if !errors.Is(err, io.EOF) {
				return nil, 0, err
			}
			return nil, 0, io.EOF
		}
	}
}
