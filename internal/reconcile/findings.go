// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"context"
	"fmt"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

func (w *Reconciler) finding(kind string) translator.Integrity {
	return translator.Integrity{RegistryID: w.settings.RegistryID, Kind: kind, Observed: w.settings.Now().UTC()}
}

// add notes a finding, unless it waits to be handed on already.
func (w *Reconciler) add(f translator.Integrity) {
	f.SetUID()
	for i := range w.found {
		if w.found[i].UID == f.UID {
			return
		}
	}
	w.found = append(w.found, f)
}

// row makes a finding of an event that the log does not bear out.
func (w *Reconciler) row(e *translator.Event) {
	f := w.finding(translator.IntegrityRowMismatch)
	f.EventID, f.RowUID = e.ID, e.UID
	f.TlogIndex, f.HasTlogIndex = e.TlogIndex, e.HasTlogIndex
	f.TlogStatus, f.TlogMismatch = e.TlogStatus, e.TlogMismatch
	switch {
	case e.TlogStatus == translator.TlogStatusDuplicate:
		f.Message = fmt.Sprintf("Row %d claims leaf %d of the transparency log, which another row had claimed before: one of the two was slipped in.", e.ID, e.TlogIndex)
	case !hasIndex(e):
		f.Message = fmt.Sprintf("Row %d names no leaf of the transparency log: the row was slipped in, or the registry could not write to its log.", e.ID)
	case e.TlogIndex < 0:
		f.Message = fmt.Sprintf("Row %d names leaf %d of the transparency log, and no log has that: the row was slipped in or changed.", e.ID, e.TlogIndex)
	case e.TlogStatus == translator.TlogStatusMissing:
		f.Message = fmt.Sprintf("Row %d names leaf %d, and the transparency log ends after %d: the row was slipped in, or the end of the log is gone.", e.ID, e.TlogIndex, w.log.Size())
	case e.TlogMismatch == tlog.MismatchEvent:
		f.Message = fmt.Sprintf("Row %d names leaf %d of the transparency log, which is no beacon's: the row was slipped in or changed.", e.ID, e.TlogIndex)
	case e.TlogMismatch == tlog.MismatchLeaf:
		f.Message = fmt.Sprintf("Row %d cannot be borne out: its leaf %d in the transparency log is corrupt.", e.ID, e.TlogIndex)
	default:
		f.Message = fmt.Sprintf("Row %d differs from its leaf %d in the transparency log, in %s: one of the two was changed.", e.ID, e.TlogIndex, e.TlogMismatch)
	}
	f.SetUID()
	w.rows = append(w.rows, f)
}

func messageWithoutRow(first, last int64) string {
	if first == last {
		return fmt.Sprintf("Leaf %d of the transparency log has no row: the row was deleted, or the registry stopped before it wrote one.", first)
	}
	return fmt.Sprintf("Leaves %d to %d of the transparency log have no rows: the rows were deleted, or the registry stopped before it wrote them.", first, last)
}

func messageOfOneWithoutRow(index int64, kind, token string) string {
	return fmt.Sprintf("Leaf %d of the transparency log, a %s beacon with token %s, has no row: the row was deleted, or the registry stopped before it wrote one.", index, kind, token)
}

// Replaced makes a finding of a database that is another one than before, in
// which the row with that id and uid should be. With once, the same is not
// found again, also after the next start.
func (w *Reconciler) Replaced(id int64, uid, reason string, once bool) {
	f := w.finding(translator.IntegrityDatabaseReplaced)
	f.EventID, f.RowUID = id, uid
	f.Message = fmt.Sprintf("The database is another one than the one that was read up to row %d: %s.", id, reason)
	if once {
		w.report(f)
		return
	}
	w.add(f)
}

// takeLogFindings makes findings of what the log found wrong with itself.
func (w *Reconciler) takeLogFindings(ctx context.Context) {
	for _, found := range w.log.Findings() {
		f := w.finding(found.Kind)
		switch found.Kind {
		case translator.IntegrityLeafCorrupt:
			f.TlogIndex, f.HasTlogIndex, f.TlogLastIndex = found.First, true, found.Last
			f.Message = messageCorrupt(found)
		case translator.IntegrityLogRewritten:
			f.TlogSize = found.Size
			if found.HasExpectedRoot {
				f.TlogExpectedRoot = found.ExpectedRoot.String()
			}
			if found.HasRoot {
				f.TlogRoot = found.Root.String()
			}
			f.Message = fmt.Sprintf("The transparency log was rewritten since %d leaves of it were read: %s.", found.Size, found.Reason)
			if h := w.state.Head; h != nil {
				f.Message += fmt.Sprintf(" The last tree head that the registry signed and the log agreed with has size %d, root %s and signature %s.", h.Size, h.Root, h.Signature)
			}
			w.forgetBeyond(ctx, found.NewSize)
		}
		w.add(f)
	}
}

func messageCorrupt(found tlog.Finding) string {
	if found.First == found.Last {
		return fmt.Sprintf("Leaf %d of the transparency log is corrupt: %s.", found.First, found.Reason)
	}
	return fmt.Sprintf("Leaves %d to %d of the transparency log are corrupt: %s.", found.First, found.Last, found.Reason)
}

// forgetBeyond lets the leaves be claimed again that are not there any more.
func (w *Reconciler) forgetBeyond(ctx context.Context, size int64) {
	w.marks = nil
	w.state.ResolvedUpTo = min(w.state.ResolvedUpTo, size)
	if err := w.pages.unclaim(ctx, size); err != nil {
		_ = w.note(err)
	}
}
