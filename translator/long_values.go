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
