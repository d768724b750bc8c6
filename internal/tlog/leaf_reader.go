// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"fmt"
	"io"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog/leaf"
)

// maxGap is how many leaves may be missing before a line. A line that declares a
// higher index than that has a wrong one.
const maxGap = 1 << 20

// leafReader reads the leaves of a file in order, and decides which index each line
// has in the tree.
type leafReader struct {
	lines     lineReader
	nextIndex int64     // of the leaf that is read next
	gapEnd    int64     // leaves are missing up to this index, which the next line has
	line      leaf.Line // parsed last
	lineAfter leaf.Line
	lastLine  lineRef
}

// lineRef identifies a line that was read, to see whether it is still there.
type lineRef struct {
	offset, end int64 // in the file, of the line and of the next one; 0 for no line
	index       int64
	hash        Hash
}

// treeLeaf is a leaf of the tree, or a line that is not one.
type treeLeaf struct {
	index     int64
	offset    int64 // in the file, of its line, or of the line before which it is missing
	hash      Hash  // as the line declares it
	hashKnown bool
	// outOfOrder: this is not a leaf of the tree, but a line whose index is lower
	// than expected.
	outOfOrder bool
	// fault is what is wrong with it, "" for a leaf that is not corrupt.
	fault string
	// data is valid until the next call; nil for a corrupt leaf.
	data []byte
}

func (r *leafReader) reset(file io.ReaderAt, offset, index int64) {
	r.lines.reset(file, offset)
	r.nextIndex, r.gapEnd = index, 0
	r.lastLine = lineRef{}
}

// next returns the next leaf. The error is io.EOF if there is no complete line yet.
func (r *leafReader) next() (treeLeaf, error) {
	if r.nextIndex < r.gapEnd {
		return r.missing(), nil
	}
	text, length, err := r.lines.peek()
	if err != nil {
		return treeLeaf{}, err
	}
	next := treeLeaf{index: r.nextIndex, offset: r.lines.offset, hashKnown: true}
	hasIndex, err := r.parse(text, length)
	if next.hash = r.line.Hash; err == nil {
		next.data = r.line.Data
	} else {
		next.fault = err.Error()
	}
	if !hasIndex { // it counts as the leaf that is expected here
		next.hash, next.hashKnown = leaf.RecoverHash(text)
	} else if r.line.Index != r.nextIndex {
		return r.otherIndex(next, length), nil
	}
	r.lines.skip(length)
	r.lastLine = lineRef{}
	if hasIndex {
		r.lastLine = lineRef{next.offset, r.lines.offset, next.index, next.hash}
	}
	r.nextIndex++
	return next, nil
}

// parse parses a line. It reports whether the line has an index of its own.
func (r *leafReader) parse(text []byte, length int64) (hasIndex bool, err error) {
	if length > maxLine {
		return false, fmt.Errorf("its line is longer than %d bytes", maxLine)
	}
	err = leaf.ParseLine(text, &r.line)
	return leaf.HasIndex(err), err
}

// otherIndex is next for a line whose index is not the expected one.
func (r *leafReader) otherIndex(next treeLeaf, length int64) treeLeaf {
	switch jump := r.line.Index - r.nextIndex; {
	case jump < 0:
		next = treeLeaf{index: r.line.Index, outOfOrder: true, fault: fmt.Sprintf("its line is in the position of leaf %d", r.nextIndex)}
	case jump <= maxGap && r.isGap(length):
		r.gapEnd = r.line.Index
		return r.missing()
	default:
		next.fault, next.data = fmt.Sprintf("its line says index %d", r.line.Index), nil
		r.nextIndex++
	}
	r.lines.skip(length)
	return next
}

// isGap reports whether leaves are missing before the line, whose index is higher
// than expected. The line after it distinguishes that from a wrong index. If there
// is none yet, one missing leaf is more likely than a wrong index, and many are
// less likely.
func (r *leafReader) isGap(length int64) bool {
	text, ok := r.lines.peekAfter(length)
	if !ok {
		return r.line.Index == r.nextIndex+1
	}
	if err := leaf.ParseLine(text, &r.lineAfter); !leaf.HasIndex(err) {
		return r.line.Index == r.nextIndex+1
	}
	return r.lineAfter.Index != r.nextIndex+1
}

// missing is next for a leaf that the file lacks.
func (r *leafReader) missing() treeLeaf {
	next := treeLeaf{index: r.nextIndex, offset: r.lines.offset, fault: "its line is missing"}
	r.nextIndex++
	return next
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
	hasIndex, _ := r.parse(text[:end], int64(len(text)))
	return !hasIndex || text[end] != '\n' || r.line.Index != r.lastLine.index || r.line.Hash != r.lastLine.hash, nil
}
