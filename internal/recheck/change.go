// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package recheck

import "github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"

// Kind is what has become of rows.
type Kind int

// Kinds of a [Change].
const (
	// Edited: one row has another content.
	Edited Kind = iota + 1
	// Deleted: one row is gone.
	Deleted
	// Inserted: one row is there that was not.
	Inserted
	// Several: more than one row of a block was changed, deleted or inserted.
	Several
	// Pruned: all rows up to one are gone.
	Pruned
)

// Change is what has become of rows that were delivered.
type Change struct {
	Kind Kind
	// First and Last are the row, or the range that has all of them.
	First, Last int64
	// Rows is how many are gone, if the kind is Pruned.
	Rows int64
	// Block is set where the rows of First to Last that remain are taken as they are:
	// what else has changed among them cannot be told.
	Block bool
}

// compare names what turns the rows of a block into those that are there now: want and
// got are their digests, first and last the ids. Only a change of one row can be named:
// the quotient of the differences is its id. For several, it is any number below 2^61,
// and one of the block only by a chance of 1 to 2^49.
func compare(want, got checkpoint.Digest, first, last int64) Change {
	less := want.Minus(got)
	kind, difference := Several, less
	switch int32(less.Rows) { //nolint:gosec // it wraps around where there are more
	case 0:
		kind = Edited
	case 1:
		kind = Deleted
	case -1:
		kind, difference = Inserted, got.Minus(want)
	}
	id, ok := difference.ID()
	if kind == Several || !ok || id < first || id > last {
		return Change{Kind: Several, First: first, Last: last}
	}
	return Change{Kind: kind, First: id, Last: id}
}
