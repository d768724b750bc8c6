// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen

import (
	"context"
	"fmt"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// column returns the name of the column to change.
func (t *tampering) column() string {
	if t.options.Column == "" {
		return defaultColumn
	}
	return t.options.Column
}

// alterable reports whether a row has a leaf, and a character in the column that can
// be changed.
func (t *tampering) alterable(row eventRow) bool {
	_, _, ok := alterColumn(t.column(), row.value)
	return ok && row.hasLeaf()
}

// pickAlterable picks an alterable row.
func (t *tampering) pickAlterable(ctx context.Context) (eventRow, error) {
	return t.pickRow(ctx, t.column(), "a leaf and a digit or a lowercase letter in "+t.column(), t.alterable)
}

// pickLogged picks a row that claims a leaf.
func (t *tampering) pickLogged(ctx context.Context) (eventRow, error) {
	return t.pickRow(ctx, "id", "a leaf", eventRow.hasLeaf)
}

// alterRow changes a character of the row's column.
func (t *tampering) alterRow(ctx context.Context, row eventRow) (alteration, error) {
	changed, done, _ := alterColumn(t.column(), row.value)
	_, err := t.execute(ctx, "UPDATE events SET "+t.column()+" = ? WHERE id = ?", changed, row.id)
	return done, err
}

func editRow(ctx context.Context, t *tampering) (Damage, error) {
	row, err := t.pickAlterable(ctx)
	if err != nil {
		return Damage{}, err
	}
	done, err := t.alterRow(ctx, row)
	return Damage{
		Message:  fmt.Sprintf("changed %s of row %d, whose leaf is %d, from %q to %q", t.column(), row.id, row.index.Int64, done.from, done.to),
		FirstRow: row.id, LastRow: row.id,
		FirstLeaf: -1, LastLeaf: -1,
		Findings: []string{translator.IntegrityRowMismatch, translator.IntegrityLeafWithoutRow},
		Status:   translator.TlogStatusMismatch, Mismatch: mismatchName(done.key),
	}, err
}

func deleteRow(ctx context.Context, t *tampering) (Damage, error) {
	row, err := t.pickLogged(ctx)
	if err != nil {
		return Damage{}, err
	}
	_, err = t.execute(ctx, "DELETE FROM events WHERE id = ?", row.id)
	return Damage{
		Message:  fmt.Sprintf("deleted row %d, whose leaf is %d", row.id, row.index.Int64),
		FirstRow: row.id, LastRow: row.id,
		FirstLeaf: row.index.Int64, LastLeaf: row.index.Int64,
		Findings: []string{translator.IntegrityLeafWithoutRow},
	}, err
}

// copyRow inserts a copy of a row, with the tlog_index that index returns. The caller
// sets how that is found.
func (t *tampering) copyRow(ctx context.Context, index func(eventRow) any) (original eventRow, damage Damage, err error) {
	if original, err = t.pickLogged(ctx); err != nil {
		return original, damage, err
	}
	result, err := t.execute(ctx, copyEvent, index(original), original.id)
	if err != nil {
		return original, damage, err
	}
	id, err := result.LastInsertId()
	return original, Damage{FirstRow: id, LastRow: id, FirstLeaf: -1, LastLeaf: -1}, err
}

func insertRow(ctx context.Context, t *tampering) (Damage, error) {
	original, damage, err := t.copyRow(ctx, func(eventRow) any { return nil })
	damage.Message = fmt.Sprintf("inserted row %d, a copy of row %d without a leaf", damage.FirstRow, original.id)
	damage.Findings = []string{translator.IntegrityRowUnlogged}
	damage.FindingsAfterPriorRead = damage.Findings
	damage.Status = translator.TlogStatusMissing
	return damage, err
}

// forgedDistance is how far beyond the end of the log a forged index is: further than
// a log grows during a test.
const forgedDistance = 1_000_000

func forgeIndex(ctx context.Context, t *tampering) (Damage, error) {
	size, err := t.countLeaves()
	if err != nil {
		return Damage{}, err
	}
	index := size + forgedDistance
	original, damage, err := t.copyRow(ctx, func(eventRow) any { return index })
	damage.Message = fmt.Sprintf("inserted row %d, a copy of row %d with leaf %d of a log that has %d", damage.FirstRow, original.id, index, size)
	damage.Findings = []string{translator.IntegrityRowMismatch}
	damage.FindingsAfterPriorRead = damage.Findings
	damage.Status = translator.TlogStatusMissing
	return damage, err
}

func duplicateRow(ctx context.Context, t *tampering) (Damage, error) {
	original, damage, err := t.copyRow(ctx, func(row eventRow) any { return row.index.Int64 })
	damage.Message = fmt.Sprintf("inserted row %d, a copy of row %d that claims its leaf, %d", damage.FirstRow, original.id, original.index.Int64)
	damage.Findings = []string{translator.IntegrityRowMismatch}
	damage.FindingsAfterPriorRead = damage.Findings
	damage.Status = translator.TlogStatusDuplicate
	return damage, err
}
