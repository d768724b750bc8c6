// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen

import (
	"fmt"
	"strings"
)

// Kind is a kind of damage that [Tamper] does.
type Kind string

// What is told below of a witness is told of one who had read all of the
// registry before, and remembers the root of its log. Everybody else is told of
// rows and leaves as they are now.
const (
	// RowEdited: one character of a row is another, in a column that its leaf
	// holds as well. The row is a mismatch, once it is read.
	RowEdited Kind = "row-edited"
	// RowDeleted: a row is gone, and its leaf is a leaf without a row.
	RowDeleted Kind = "row-deleted"
	// RowInserted: a row that is a copy of another, with a tlog_index that is
	// NULL: its leaf is missing, though rows before it have one.
	RowInserted Kind = "row-inserted"
	// RowForgedIndex: a row that is a copy of another, with a tlog_index beyond
	// the log: its leaf is missing.
	RowForgedIndex Kind = "row-forged-index"
	// RowDuplicated: a row that is a copy of another, with the same tlog_index:
	// a duplicate, which claims the other's leaf.
	RowDuplicated Kind = "row-duplicated"

	// LeafEdited: one byte of a leaf is another, in leaf_data and leaf_data_hex.
	// leaf_hash is what it was, so that the leaf is corrupt, and the root is not
	// another.
	LeafEdited Kind = "leaf-edited"
	// LeafRehashed: one byte of a leaf is another, its leaf_hash is that of the
	// new bytes, and its row, where there is one, has the same character edited:
	// all of it fits, but for the root. A signed head tells, and a witness.
	LeafRehashed Kind = "leaf-rehashed"
	// LeafDropped: a leaf's line is gone. The others have the indexes they had.
	LeafDropped Kind = "leaf-dropped"
	// LeafReordered: a leaf's line and the next one have changed places.
	LeafReordered Kind = "leaf-reordered"
	// LeafUnreadable: a leaf's line is as many zero bytes instead, as a disk
	// leaves them that forgot to write.
	LeafUnreadable Kind = "leaf-unreadable"
	// LogTruncated: the last lines are gone, so that the leaves of the last rows
	// are missing. The head that was signed before is of a larger log, and so
	// inconsistent.
	LogTruncated Kind = "log-truncated"
	// LogRewritten: as LeafRehashed, and then the registry has signed the head
	// anew, with its own key: only a witness can tell.
	LogRewritten Kind = "log-rewritten"

	// HeadForged: the signed head is of the log as it is, and the signature is
	// another key's.
	HeadForged Kind = "head-forged"
	// HeadSplit: the registry has signed the head of another log of the same
	// size, in which one leaf is another: a split view.
	HeadSplit Kind = "head-split"

	// DatabaseReplaced: the database is a copy from when it had fewer events,
	// and other events have come since, with the ids of those that are lost. The
	// log has gone on, so that the lost events' leaves are without a row. A
	// witness sees that it is another database.
	DatabaseReplaced Kind = "database-replaced"
)

// Kinds returns all kinds of damage.
func Kinds() []Kind {
	kinds := make([]Kind, 0, len(damages))
	for _, d := range damages {
		kinds = append(kinds, d.kind)
	}
	return kinds
}

// Damage says what [Tamper] has done and how it is found.
type Damage struct {
	Kind Kind
	// Message says what was done, a sentence without a full stop.
	Message string

	// FirstRow and LastRow are the ids of the rows that are not as they should
	// be, or that are gone; 0 where there are none.
	FirstRow, LastRow int64
	// FirstLeaf and LastLeaf are the indexes of the leaves that are not as they
	// should be, that are gone, or whose row is; -1 where there are none.
	FirstLeaf, LastLeaf int64

	// Findings are the kinds of what is found by one who begins to read the
	// registry afterwards, and knows its key and its head: the constants of
	// package translator with Integrity at their beginning.
	Findings []string
	// WitnessFindings is the same for one who had read all of it before, and
	// goes on reading.
	WitnessFindings []string
	// Status is oversight.tlog.status of the rows FirstRow to LastRow for one
	// who reads them afterwards; "" where there are none.
	Status string
	// Mismatch is the name of the field in which they differ from their leaves,
	// where Status is mismatch.
	Mismatch string
}

// String is a line for a person, without a full stop.
func (d Damage) String() string {
	text := fmt.Sprintf("%s: %s; expect ", d.Kind, d.Message)
	text += list(d.Findings)
	if d.Status != "" {
		text += " with oversight.tlog.status " + d.Status
	}
	if d.Mismatch != "" {
		text += " (" + d.Mismatch + ")"
	}
	return text + ", or " + list(d.WitnessFindings) + " where all of it had been read before"
}

func list(findings []string) string {
	if len(findings) == 0 {
		return "no finding"
	}
	return strings.Join(findings, " and ")
}
