// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog/leaf"
)

// leafReader reads the leaves of a file in order: one for each line that is not blank.
type leafReader struct {
	lines    lineReader
	nextLeaf int64     // number of the leaf that is read next
	joined   bool      // it stands in the same line as another one
	work     int64     // bytes that were examined
	line     leaf.Line // parsed last
	lastLine lineRef
}

// lineRef identifies a line that was read, to see whether it is still there.
type lineRef struct {
	offset, end int64 // in the file, of the line and of the next one; 0 for no line
	index       int64
	hash        Hash
}

// treeLeaf is a leaf of the tree: a line of the file.
type treeLeaf struct {
	number int64 // of the line among those that are not blank, from 0
	// index is what the line claims; -1 if it cannot be read.
	index     int64
	offset    int64 // of the line in the file
	hash      Hash  // as the line declares it
	hashKnown bool
	// counted: a registry that starts counts the line as a leaf.
	counted bool
	// fault is what is wrong with it, "" for a leaf that is not corrupt.
	fault string
	// data is valid until the next call; nil for a corrupt leaf.
	data []byte
}

func (r *leafReader) reset(file io.ReaderAt, offset, leafNumber int64) {
	r.lines.reset(file, offset)
	r.nextLeaf, r.lastLine, r.joined = leafNumber, lineRef{}, false
}

// next returns the next leaf. Its errors are those of lineReader.peek.
func (r *leafReader) next(ctx context.Context) (treeLeaf, error) {
	text, length, err := r.lines.peek(ctx)
	for blank := 0; err == nil && len(bytes.TrimSpace(text)) == 0 && length <= maxLine; blank++ {
		if blank%blockSize == blockSize-1 && ctx.Err() != nil {
			return treeLeaf{}, errInterrupted
		}
		r.lines.skip(length) // no registry counts it
		text, length, err = r.lines.peek(ctx)
	}
	if err != nil {
		return treeLeaf{}, err
	}
	next := treeLeaf{number: r.nextLeaf, offset: r.lines.offset}
	r.work += length
	length = r.parse(text, length, &next)
	next.counted = next.counted && !r.joined
	r.joined = length <= int64(len(text))
	r.lines.skip(length)
	r.lastLine = lineRef{}
	if next.index >= 0 && !r.joined {
		r.lastLine = lineRef{next.offset, r.lines.offset, next.index, next.hash}
	}
	r.nextLeaf++
	return next, nil
}

// release frees what long lines needed. The leaf that was read last is not valid any more.
func (r *leafReader) release() {
	r.lines.release()
	r.line.Release(keptBuffer)
}

// parse reads a leaf from its line, and returns how much of the line that is: all, unless
// the newline between two lines is missing.
func (r *leafReader) parse(text []byte, length int64, next *treeLeaf) int64 {
	next.index = -1
	if length-1 > maxLine {
		next.fault = fmt.Sprintf("its line is longer than %d bytes", maxLine)
		next.hash, next.hashKnown = leaf.RecoverHash(text)
		next.counted = next.hashKnown
		return length
	}
	err := leaf.ParseLine(text, &r.line)
	next.counted = true
	if !leaf.HasIndex(err) {
		at, ok := r.parseGlued(text)
		if !ok {
			next.fault = err.Error()
			next.hash, next.hashKnown = leaf.RecoverHash(text)
			next.counted = next.hashKnown && json.Valid(text)
			return length
		}
		if next.counted, err = false, nil; at > 0 {
			length = int64(at)
		}
	}
	next.index, next.hash, next.hashKnown = r.line.Index, r.line.Hash, true
	if next.data = r.line.Data; err != nil {
		next.fault, next.data = err.Error(), nil
	}
	return length
}

// beginsLine begins a line in the forms of all registries. A quotation mark within a
// leaf is escaped, so that it stands nowhere else.
const beginsLine = "{\"index\":"

// maxJoined is the longest line that is split into leaves, in bytes, since it is examined
// once for each of them.
const maxJoined = 1 << 20

// parseGlued parses a leaf from a line in which another one follows without a newline
// between them. A registry that stopped while it wrote a line continues behind it when
// it starts again: what had been begun is no leaf, and the last one counts. If the first
// is whole, it counts, and end is where it ends.
func (r *leafReader) parseGlued(text []byte) (end int, ok bool) {
	if len(text) < len(beginsLine) {
		return 0, false
	}
	first := bytes.Index(text[1:], []byte(beginsLine)) + 1
	if first == 0 {
		return 0, false
	}
	if len(text) <= maxJoined && leaf.ParseLine(text[:first], &r.line) == nil {
		return first, true
	}
	last := bytes.LastIndex(text, []byte(beginsLine))
	return 0, leaf.ParseLine(text[last:], &r.line) == nil
}

// lastLineChanged reports whether the last line is no longer where it was.
func (r *leafReader) lastLineChanged() (bool, error) {
	if r.lastLine.end == 0 {
		return false, nil
	}
	text := make([]byte, r.lastLine.end-r.lastLine.offset)
	if complete, err := r.lines.readAt(text, r.lastLine.offset); !complete || err != nil {
		return err == nil, err
	}
	end := len(text) - 1
	var now treeLeaf
	r.parse(text[:end], int64(len(text)), &now)
	return text[end] != '\n' || now.index != r.lastLine.index || now.hash != r.lastLine.hash, nil
}
