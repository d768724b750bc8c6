// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"context"
	"fmt"
	"slices"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// addRechecked adds the record of a range whose rows were compared again: how many of
// them have that status now.
func (r *Reconciler) addRechecked(c *secondLook, status string, rows int64) {
	if rows == 0 {
		return
	}
	f := r.rangeFinding(translator.IntegrityRowsRechecked, &c.review.Review)
	f.Count, f.TlogStatus = rows, status
	of := ""
	if !c.review.isRescan() {
		of = fmt.Sprintf(" of %d", c.review.Digest.Rows)
	}
	where := rowsText(c.review.First, c.review.Last)
	if status == translator.TlogStatusVerified {
		f.Message = fmt.Sprintf("%s were compared with the transparency log again: %d%s are verified now.", where, rows, of)
	} else {
		f.Severity = translator.IntegritySeverity(translator.IntegrityRowUnlogged) // as unproven as these
		f.Message = fmt.Sprintf("%s were compared with the transparency log again, because it was rewritten: %d do not agree with it as it is now.", where, rows)
	}
	r.add(f)
}

func rowsText(first, last int64) string {
	if first == last {
		return fmt.Sprintf("Row %d", first)
	}
	return fmt.Sprintf("Rows %d to %d", first, last)
}

func (r *Reconciler) rangeFinding(kind string, rows *checkpoint.Review) translator.Integrity {
	f := r.finding(kind)
	f.EventID, f.LastEventID = rows.First, rows.Last
	return f
}

// reportChangedRows adds a finding if the rows of the range are not those that were
// delivered. It reports false if that cannot be found out now.
func (r *Reconciler) reportChangedRows(ctx context.Context, c *secondLook) bool {
	if !c.review.hasDigest() || c.review.Digest == c.waiting {
		return true
	}
	if c.review.Digest == c.indexed { // none had been settled
		r.addDuplicates(c)
		return true
	}
	changed := c.review.Digest.Minus(c.waiting)
	gone := int64(int32(changed.Rows)) //nolint:gosec // it wraps around below 0
	if id, ok := changed.ID(); ok && id >= c.review.First && id <= c.review.Last && gone >= -1 && gone <= 1 {
		return r.addChangedRow(ctx, c, id, gone)
	}
	lowest, _, err := r.settings.Rows.After(ctx, 0, 1, nil)
	if err != nil {
		return false
	}
	if gone > 0 && (len(lowest) == 0 || lowest[0].ID > c.review.First) {
		f := r.rangeFinding(translator.IntegrityRowsPruned, &c.review.Review)
		f.Count = gone
		f.Message = fmt.Sprintf("%s had been delivered without being compared with the transparency log, and %d of them were pruned since: these cannot be compared any more.", rowsText(c.review.First, c.review.Last), gone)
		r.add(f)
		return true
	}
	f := r.rangeFinding(translator.IntegrityRowsChanged, &c.review.Review)
	f.Count = max(gone, 0)
	f.Message = fmt.Sprintf("%s are not those that had been delivered before the transparency log could be read: at least %d were deleted, and others may have been changed or inserted; which ones cannot be told.", rowsText(c.review.First, c.review.Last), f.Count)
	r.add(f)
	return true
}

// addChangedRow is for a range in which one row was deleted (gone is 1), changed (0) or
// inserted (-1).
func (r *Reconciler) addChangedRow(ctx context.Context, c *secondLook, id, gone int64) bool {
	if i := slices.IndexFunc(c.claimed, func(f translator.Integrity) bool { return f.EventID == id }); i >= 0 {
		r.add(c.claimed[i])
		return true
	}
	at, _, err := r.settings.Rows.After(ctx, 0, 1, nil)
	if err != nil {
		return false
	}
	f := r.finding(translator.IntegrityRowEdited)
	f.EventID = id
	const before = "delivered before the transparency log could be read"
	switch {
	case gone == 1 && (len(at) == 0 || at[0].ID > id):
		f.Kind = translator.IntegrityRowsPruned
		f.Message = fmt.Sprintf("Row %d, %s, was pruned since: it cannot be compared any more.", id, before)
	case gone == 1:
		f.Kind = translator.IntegrityRowDeleted
		f.Message = fmt.Sprintf("Row %d, %s, was deleted since.", id, before)
	case gone == 0:
		f.Message = fmt.Sprintf("Row %d, %s, was changed since.", id, before)
	default:
		f.Kind = translator.IntegrityRowInserted
		f.Message = fmt.Sprintf("Row %d was inserted among rows that were %s.", id, before)
	}
	r.add(f)
	return true
}

// addDuplicates adds findings of the rows that claim leaves of others.
func (r *Reconciler) addDuplicates(c *secondLook) {
	for i := range c.claimed {
		r.add(c.claimed[i])
	}
	others := c.claimedRows - int64(len(c.claimed))
	if others == 0 {
		return
	}
	f := r.rangeFinding(translator.IntegrityRowMismatch, &c.review.Review)
	f.Count, f.TlogStatus = others, translator.TlogStatusDuplicate
	f.Message = fmt.Sprintf("%s: %d more claim leaves of the transparency log that other rows claim: one of each two was inserted.", rowsText(c.review.First, c.review.Last), others)
	r.add(f)
}
