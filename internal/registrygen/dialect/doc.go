// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package dialect generates what honest registries record, in every form that they may
// write: rows of the events table, the leaves of the transparency log that belong to
// them, and the lines of these leaves. It is for tests of what reads them, and shares
// no code with it: the forms are written by hand.
//
// The same seed generates the same content.
package dialect

// Dialect is a form in which a registry writes leaves and lines.
type Dialect int

const (
	// PublicPython is that of the public registry in Python: leaves as json.dumps
	// writes them with sorted keys, ASCII, and lines without leaf_data_hex.
	PublicPython Dialect = iota
	// PublicRust is that of the public registry in Rust: leaves in the form of RFC
	// 8785, compact lines without leaf_data_hex.
	PublicRust
	// Newer is that of later registries: leaves in the form of RFC 8785, lines with
	// leaf_data_hex.
	Newer
	// Free is what any later registry may write: keys in any order and keys that nobody
	// knows, in leaf and line; white space; escapes of every kind; ids as JSON numbers
	// and booleans; times in any form of RFC 3339.
	Free
)

// All returns every dialect.
func All() []Dialect { return []Dialect{PublicPython, PublicRust, Newer, Free} }

// String returns the dialect's name.
func (d Dialect) String() string {
	return [...]string{"public Python", "public Rust", "newer", "free"}[d]
}
