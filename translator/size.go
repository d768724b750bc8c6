// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator

import "crypto/sha256"

// LongValues describes the values of a row that are too long to be read whole. The
// event holds their beginnings, and has their columns in [Event.Truncated].
type LongValues struct {
	// Columns are the values, in the order of the table.
	Columns []LongValue
}

// LongValue is a value that is too long to be read whole.
type LongValue struct {
	// Column is its name in the table.
	Column string
	// Bytes is its size.
	Bytes int64
	// SHA256 is the hash of its bytes.
	SHA256 [sha256.Size]byte
}

// DefaultMaxValueBytes is the default of the longest value, in bytes.
const DefaultMaxValueBytes = 16 << 10

// Truncate cuts texts that are longer than maxValueBytes, and more where the event
// is still too large for one request, and adds their columns to Truncated.
func (e *Event) Truncate(maxValueBytes int) {}

// EncodedSize is the most bytes that the event takes in any shape and encoding once
// [Event.Truncate] has been called with that limit.
func (e *Event) EncodedSize(maxValueBytes int) int { return 0 }

// Reduce leaves out all text that a stranger may have chosen, names the columns in
// Reduced, and gives the event the uid of its reduced form.
func (e *Event) Reduce() {}
