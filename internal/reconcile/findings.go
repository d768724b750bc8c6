// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"context"
	"fmt"
	"slices"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

func (r *Reconciler) finding(kind string) translator.Integrity {
	return translator.Integrity{RegistryID: r.settings.RegistryID, Kind: kind, Observed: r.settings.Now().UTC()}
}

// add adds a finding, unless the same one is already pending.
func (r *Reconciler) add(f translator.Integrity) {
	f.SetUID()
	for i := range r.findings {
		if r.findings[i].UID == f.UID {
			return
		}
	}
	r.findings = append(r.findings, f)
}

// addRowFinding makes a finding of an event that the log does not confirm.
func (r *Reconciler) addRowFinding(e *translator.Event) {
	f := r.finding(translator.IntegrityRowMismatch)
	f.EventID, f.RowUID = e.ID, e.UID
	f.TlogIndex, f.HasTlogIndex = e.TlogIndex, e.HasTlogIndex
	f.TlogStatus, f.TlogMismatch = e.TlogStatus, e.TlogMismatch
	switch {
	case e.TlogStatus == translator.TlogStatusDuplicate:
		f.Message = fmt.Sprintf("Row %d claims leaf %d of the transparency log, which an earlier row already claims: one of the two rows was inserted.", e.ID, e.TlogIndex)
	case !hasIndex(e):
		f.Message = fmt.Sprintf("Row %d names no leaf of the transparency log: the row was inserted, or the registry could not write to its log.", e.ID)
	case e.TlogIndex < 0:
		f.Message = fmt.Sprintf("Row %d names leaf %d, which is not a valid index of the transparency log: the row was inserted or changed.", e.ID, e.TlogIndex)
	case e.TlogStatus == translator.TlogStatusMissing:
		f.Message = fmt.Sprintf("Row %d names leaf %d, but the transparency log has only %d leaves: the row was inserted, or the end of the log was removed.", e.ID, e.TlogIndex, r.log.Size())
	case e.TlogMismatch == tlog.MismatchEvent:
		f.Message = fmt.Sprintf("Row %d names leaf %d of the transparency log, which is not a beacon leaf: the row was inserted or changed.", e.ID, e.TlogIndex)
	case e.TlogMismatch == tlog.MismatchLeaf:
		f.Message = fmt.Sprintf("Row %d cannot be confirmed: its leaf %d in the transparency log is corrupt.", e.ID, e.TlogIndex)
	default:
		f.Message = fmt.Sprintf("Row %d differs from its leaf %d in the transparency log, in %s: one of the two was changed.", e.ID, e.TlogIndex, e.TlogMismatch)
	}
	f.SetUID()
	r.rowFindings = append(r.rowFindings, f)
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

// Replaced makes a finding of a database that is not the one that was read before:
// the row with that id and uid should be in it. With once, the same finding is
// made once only, even after a restart.
func (r *Reconciler) Replaced(id int64, uid, reason string, once bool) {
	f := r.finding(translator.IntegrityDatabaseReplaced)
	f.EventID, f.RowUID = id, uid
	f.Message = fmt.Sprintf("The database was replaced since it was read up to row %d: %s.", id, reason)
	if once {
		r.addOnce(f)
		return
	}
	r.add(f)
}

// addLogFindings adds the findings of the log about itself.
func (r *Reconciler) addLogFindings(ctx context.Context) {
	for _, found := range r.log.Findings() {
		f := r.finding(found.Kind)
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
			f.Message = fmt.Sprintf("The transparency log was rewritten after %d of its leaves were read: %s.", found.Size, found.Reason)
			if h := r.SignedHead(); h != nil {
				f.Message += fmt.Sprintf(" The last signed tree head that matched the log has size %d, root %s and signature %s.", h.Size, h.Root, h.Signature)
			}
			r.releaseClaimsFrom(ctx, found.NewSize)
			r.restartBindings()
		}
		r.add(f)
	}
}

func messageCorrupt(found tlog.Finding) string {
	if found.First == found.Last {
		return fmt.Sprintf("Leaf %d of the transparency log is corrupt: %s.", found.First, found.Reason)
	}
	return fmt.Sprintf("Leaves %d to %d of the transparency log are corrupt: %s.", found.First, found.Last, found.Reason)
}

// releaseClaimsFrom lets rows claim the leaves from size on again, which are not
// there any more.
func (r *Reconciler) releaseClaimsFrom(ctx context.Context, size int64) {
	r.samples = nil
	r.state.ResolvedUpTo = min(r.state.ResolvedUpTo, size)
	if err := r.pages.releaseClaims(ctx, size); err != nil {
		_ = r.recordErr(err)
	}
}

// addOnce adds a finding unless it was made before, even before a restart.
func (r *Reconciler) addOnce(f translator.Integrity) {
	f.SetUID()
	if slices.Contains(r.state.Reported, f.UID) {
		return
	}
	r.state.Reported = append(r.state.Reported, f.UID)
	if n := len(r.state.Reported); n > checkpoint.MaxReported {
		r.state.Reported = slices.Delete(r.state.Reported, 0, n-checkpoint.MaxReported)
	}
	r.add(f)
}
