// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"errors"
	"fmt"
	"io"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog/leaf"
)

// maxGap is how many leaves may be missing in front of a line. A line that
// claims a later place has a wrong index.
const maxGap = 1 << 20

// walker goes through the leaves of a file, and gives each line its place.
type walker struct {
	lines lineReader
	place int64 // index of the next leaf
	gapTo int64 // leaves are missing up to this index, which the next line has
	leaf  leaf.Line
	after leaf.Line // of the line behind
	last  landmark
}

// landmark is a line that was read, to see whether it is still there.
type landmark struct {
	offset, end int64 // of the line and of the next; 0 for no line
	index       int64
	hash        Hash
}

// walked is a leaf on the way.
type walked struct {
	index  int64
	offset int64 // of the line that it is from, or that it is missing before
	hash   Hash  // of the tree; by the line's own account
	known  bool  // hash is
	// stray says that this is no leaf of the tree, but a line whose index is
	// below its place.
	stray bool
	// fault is what is wrong with it, "" for a leaf that is not corrupt.
	fault string
	// data is valid until the next step; of a corrupt leaf it is nil.
	data []byte
}

func (w *walker) reset(file io.ReaderAt, offset, place int64) {
	w.lines.reset(file, offset)
	w.place, w.gapTo = place, 0
	w.last = landmark{}
}

// next takes a step. The error is io.EOF if there is no complete line yet.
func (w *walker) next() (walked, error) {
	if w.place < w.gapTo {
		return w.missing(), nil
	}
	line, length, err := w.lines.peek()
	if err != nil {
		return walked{}, err
	}
	step := walked{index: w.place, offset: w.lines.offset, known: true}
	placed, err := w.read(line, length)
	if step.hash = w.leaf.Hash; err == nil {
		step.data = w.leaf.Data
	} else {
		step.fault = err.Error()
	}
	if !placed { // it takes the place where it stands
		step.hash, step.known = leaf.RecoverHash(line)
	} else if w.leaf.Index != w.place {
		return w.misplaced(step, length), nil
	}
	w.lines.next(length)
	w.last = landmark{}
	if placed {
		w.last = landmark{step.offset, w.lines.offset, step.index, step.hash}
	}
	w.place++
	return step, nil
}

// read reads a line. It reports whether the line is readable, so that it has an
// index of its own.
func (w *walker) read(line []byte, length int64) (placed bool, err error) {
	if length > maxLine {
		return false, fmt.Errorf("its line is longer than %d bytes", maxLine)
	}
	err = leaf.ParseLine(line, &w.leaf)
	return leaf.HasIndex(err), err
}

// misplaced is the step for a line whose index is not its place.
func (w *walker) misplaced(step walked, length int64) walked {
	switch jump := w.leaf.Index - w.place; {
	case jump < 0:
		step = walked{index: w.leaf.Index, stray: true, fault: fmt.Sprintf("its line stands in the place of leaf %d", w.place)}
	case jump <= maxGap && w.isGap(length):
		w.gapTo = w.leaf.Index
		return w.missing()
	default:
		step.fault, step.data = fmt.Sprintf("its line has the index %d", w.leaf.Index), nil
		w.place++
	}
	w.lines.next(length)
	return step
}

// isGap reports whether leaves are missing in front of the line, whose index is
// beyond its place. The next line tells that from a line whose index is wrong.
// Where there is none yet, one missing leaf is more likely than a wrong index,
// and many are less.
func (w *walker) isGap(length int64) bool {
	place, index := w.place, w.leaf.Index
	line, ok := w.lines.peekAfter(length)
	if err := leaf.ParseLine(line, &w.after); !ok || !leaf.HasIndex(err) {
		return index == place+1
	}
	return w.after.Index != place+1
}

// missing is the step for a leaf that the file lacks.
func (w *walker) missing() walked {
	step := walked{index: w.place, offset: w.lines.offset, fault: "its line is missing"}
	w.place++
	return step
}

// lost reports whether the last line is no longer where it was.
func (w *walker) lost() (bool, error) {
	if w.last.end == 0 {
		return false, nil
	}
	line := make([]byte, w.last.end-w.last.offset)
	if n, err := w.lines.file.ReadAt(line, w.last.offset); n < len(line) {
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		return false, err
	}
	end := len(line) - 1
	placed, _ := w.read(line[:end], int64(len(line)))
	return !placed || line[end] != '\n' || w.leaf.Index != w.last.index || w.leaf.Hash != w.last.hash, nil
}
