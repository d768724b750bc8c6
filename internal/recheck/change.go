// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package recheck

// Kind is what has become of rows.
type Kind int

// Kinds of a [Change].
const (
	// Edited: a row has another content.
	Edited Kind = iota + 1
	// Deleted: a row is gone.
	Deleted
	// Inserted: a row is there that was not.
	Inserted
	// Pruned: all rows up to one are gone.
	Pruned
)

// Change is what has become of rows that were delivered.
type Change struct {
	Kind Kind
	// First and Last are the row, or the range of them: all rows of it, which are not
	// always as many as ids, since there are ids without a row.
	First, Last int64
	// Rows is how many they are.
	Rows int64
	// UID is that of the row now, if it is one that was edited or inserted.
	UID string
}

// maxSingle is how many rows that were edited or inserted in a row are named one by one,
// each with its uid. Rows that were deleted have nothing but an id.
const maxSingle = 8

// compare names what turns the rows with ids from first to last, of one chunk, into those
// that are there now: want and got are their fingerprints, uids the uids now.
func compare(want, got *[chunkIDs]uint32, uids *[chunkIDs]string, first, last int64) (changes []Change) {
	var run Change
	end := func() {
		if run.Rows > 0 {
			changes = appendRun(changes, run, got, uids)
		}
		run = Change{}
	}
	for id := first; id <= last; id++ {
		i := id % chunkIDs
		kind := kindOf(want[i], got[i])
		switch {
		case want[i] == 0 && got[i] == 0: // no row, then and now
			continue
		case kind == run.Kind && kind != 0:
			run.Last = id
			run.Rows++
			continue
		}
		if end(); kind != 0 {
			run = Change{Kind: kind, First: id, Last: id, Rows: 1}
		}
	}
	end()
	return changes
}

// kindOf is what has become of a row; 0: nothing.
func kindOf(want, got uint32) Kind {
	switch {
	case want == got:
		return 0
	case got == 0:
		return Deleted
	case want == 0:
		return Inserted
	default:
		return Edited
	}
}

// appendRun appends a run of rows, or each of them.
func appendRun(changes []Change, run Change, got *[chunkIDs]uint32, uids *[chunkIDs]string) []Change {
	if run.Kind == Deleted || run.Rows > maxSingle {
		return append(changes, run)
	}
	for id := run.First; id <= run.Last; id++ {
		if i := id % chunkIDs; got[i] != 0 {
			changes = append(changes, Change{Kind: run.Kind, First: id, Last: id, Rows: 1, UID: uids[i]})
		}
	}
	return changes
}
