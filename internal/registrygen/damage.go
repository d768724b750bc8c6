// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen

import (
	"fmt"
	"strings"
)

// Kind is a kind of damage that [Tamper] does.
type Kind string

// The kinds of damage, and how each is found. A prior reader is one that had read the
// whole registry before, and has kept the root of its log.
const (
	// RowEdited changes one character of a row, in a column that its leaf also
	// holds. The row is a mismatch when it is read.
	RowEdited Kind = "row-edited"
	// RowDeleted deletes a row. Its leaf is a leaf without a row.
	RowDeleted Kind = "row-deleted"
	// RowInserted inserts a copy of a row, with a tlog_index that is NULL. Its leaf
	// is missing, although rows before it have one.
	RowInserted Kind = "row-inserted"
	// RowForgedIndex inserts a copy of a row, with a tlog_index beyond the log. Its
	// leaf is missing.
	RowForgedIndex Kind = "row-forged-index"
	// RowDuplicated inserts a copy of a row, with the same tlog_index. It is a
	// duplicate, which claims the other row's leaf.
	RowDuplicated Kind = "row-duplicated"

	// LeafEdited changes one byte of a leaf, in leaf_data and leaf_data_hex, and
	// not its leaf_hash. The leaf is corrupt; the root is the same.
	LeafEdited Kind = "leaf-edited"
	// LeafRehashed changes one byte of a leaf, its leaf_hash to match, and the
	// same character of its row if there is one. Only the root differs: a signed
	// head shows it, and a prior reader finds it.
	LeafRehashed Kind = "leaf-rehashed"
	// LeafDropped removes the line of a leaf. The other leaves keep their indexes, which
	// jump, so that tree heads cannot be compared; the row of the leaf has none. A prior
	// reader finds that the log has fewer leaves.
	LeafDropped Kind = "leaf-dropped"
	// LeafReordered swaps the line of a leaf with the next one. The indexes jump, which is
	// told; the leaves, and the tree in the order of their indexes, are the same.
	LeafReordered Kind = "leaf-reordered"
	// LeafUnreadable overwrites the line of a leaf with zero bytes, as a lost write
	// of a disk leaves them. The leaf is corrupt, and tree heads cannot be compared. A
	// prior reader knows its hash.
	LeafUnreadable Kind = "leaf-unreadable"
	// LogTruncated removes the last lines, so that the leaves of the last rows are
	// missing. The head that was signed before is of a larger log, and cannot be
	// compared.
	LogTruncated Kind = "log-truncated"
	// LogRewritten does what LeafRehashed does, and then signs the new head with
	// the registry's own key. Only a prior reader finds it.
	LogRewritten Kind = "log-rewritten"

	// HeadForged signs the head of the log with another key.
	HeadForged Kind = "head-forged"
	// HeadSplit signs the head of another log of the same size, in which one leaf
	// differs: a split view.
	HeadSplit Kind = "head-split"

	// DatabaseReplaced restores a copy of the database with fewer events, and
	// writes other events, with the ids of the lost ones. The leaves of the lost
	// events have no row. A prior reader finds that the database went back, or, if nothing
	// of the copy is left, that it is another one.
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

// Damage describes what [Tamper] has done and how it is found.
type Damage struct {
	Kind Kind
	// Message says what was done, a sentence without a full stop.
	Message string

	// FirstRow and LastRow are the ids of the rows that are wrong or deleted; 0
	// if there are none.
	FirstRow, LastRow int64
	// FirstLeaf and LastLeaf are the indexes of the leaves that are wrong or
	// removed, or whose row is deleted; -1 if there are none.
	FirstLeaf, LastLeaf int64

	// Findings are the kinds that a reader finds who reads the registry for the
	// first time afterwards, and has its key and its head: constants of package
	// translator whose names begin with Integrity.
	Findings []string
	// FindingsAfterPriorRead are those of a reader who had read the whole registry
	// before, and continues.
	FindingsAfterPriorRead []string
	// Status is the oversight.tlog.status of the rows FirstRow to LastRow when they
	// are read afterwards; "" if there are none.
	Status string
	// Mismatch is the name of the field in which they differ from their leaves,
	// if Status is mismatch.
	Mismatch string
}

// String returns a sentence without a full stop.
func (d Damage) String() string {
	text := fmt.Sprintf("%s: %s; expect ", d.Kind, d.Message)
	text += list(d.Findings)
	if d.Status != "" {
		text += " with oversight.tlog.status " + d.Status
	}
	if d.Mismatch != "" {
		text += " (" + d.Mismatch + ")"
	}
	return text + ", or " + list(d.FindingsAfterPriorRead) + " for a reader that had read all of it before"
}

func list(findings []string) string {
	if len(findings) == 0 {
		return "no finding"
	}
	return strings.Join(findings, " and ")
}
