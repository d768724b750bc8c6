// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightsiemencodingextension

import "sync/atomic"

const (
	// initialLine is about the length of an ordinary line, in bytes.
	initialLine = 1 << 10
	// maxLine bounds the estimate, in bytes: the text of longer lines is moved a
	// few times while it grows, which costs less than the memory that one batch of
	// long lines would reserve for all later ones.
	maxLine = 4 << 10
	// maxText bounds the bytes that are reserved for one batch: more than the receiver
	// puts into one, whose lines have up to translator.DefaultBatchBytes.
	maxText = 1 << 20
	// decay is the part of the difference by which the estimate follows shorter
	// lines in one batch. It follows longer lines at once.
	decay = 4
)

// lineLength estimates the length of lines from earlier batches, so that the text of
// a batch is allocated at once. The zero value is ready for use, by any number of
// goroutines: an observation that is lost between two of them does no harm.
type lineLength struct {
	expected atomic.Int64 // in bytes; 0 before the first batch
}

// estimate is how many bytes to allocate for a number of lines.
func (l *lineLength) estimate(lines int) int {
	expected := int(l.expected.Load())
	if expected == 0 {
		expected = initialLine
	}
	return min(lines*(expected+expected/8), maxText) // lines differ, and a little more saves a move
}

// observe updates the estimate with the length of a batch.
func (l *lineLength) observe(length, lines int) {
	if lines == 0 {
		return
	}
	observed := int64(min(length/lines+1, maxLine))
	expected := l.expected.Load()
	if observed < expected {
		observed = expected + (observed-expected)/decay
	}
	l.expected.Store(observed)
}
