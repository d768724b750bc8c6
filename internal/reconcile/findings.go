// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"context"
	"errors"
	"fmt"
	"math"
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

// rowFinding is the finding of an event that does not agree with the log.
func (r *Reconciler) rowFinding(e *translator.Event) translator.Integrity {
	f := r.finding(translator.IntegrityRowMismatch)
	f.EventID, f.RowUID = e.ID, e.UID
	f.TlogIndex, f.HasTlogIndex = e.TlogIndex, e.HasTlogIndex
	f.TlogStatus, f.TlogMismatch = e.TlogStatus, e.TlogMismatch
	switch {
	case e.TlogStatus == translator.TlogStatusDuplicate:
		f.Message = fmt.Sprintf("Row %d claims leaf %d of the transparency log, which an earlier row already claims: one of the two rows was inserted.", e.ID, e.TlogIndex)
	case e.TlogIndex < 0:
		f.Message = fmt.Sprintf("Row %d names leaf %d, which is not a valid index of the transparency log: the row was inserted or changed.", e.ID, e.TlogIndex)
	case e.TlogStatus == translator.TlogStatusMissing:
		f.Message = r.messageMissing(e)
	case e.TlogMismatch == tlog.MismatchEvent:
		f.Message = fmt.Sprintf("Row %d names leaf %d of the transparency log, which is not a beacon leaf: the row was inserted or changed.", e.ID, e.TlogIndex)
	default:
		f.Message = fmt.Sprintf("Row %d differs from its leaf %d in the transparency log, in %s: one of the two was changed.", e.ID, e.TlogIndex, e.TlogMismatch)
	}
	f.SetUID()
	return f
}

// messageMissing says that the log has no leaf for a row.
func (r *Reconciler) messageMissing(e *translator.Event) string {
	_, _, err := r.log.CompareLeaf(expiredContext, e, nil)
	switch next := r.log.NextIndex(); {
	case errors.Is(err, tlog.ErrNoLine) && e.TlogIndex < next:
		return fmt.Sprintf("Row %d names leaf %d, but no line of the transparency log has that index: the row was inserted or changed, or the line was removed.", e.ID, e.TlogIndex)
	case next != r.log.Size():
		return fmt.Sprintf("Row %d names leaf %d, but the indexes in the transparency log end at %d: the row was inserted, or the end of the log was removed.", e.ID, e.TlogIndex, next-1)
	default:
		return fmt.Sprintf("Row %d names leaf %d, but the transparency log has only %d leaves: the row was inserted, or the end of the log was removed.", e.ID, e.TlogIndex, next)
	}
}

// addUnloggedFindings makes a finding of each run of events that name no leaf. Those from
// before there was a log do not, either.
func (r *Reconciler) addUnloggedFindings(events []translator.Event) {
	verified := r.state.Baselined
	for i := 0; i < len(events); {
		verified = verified || events[i].TlogStatus == translator.TlogStatusVerified
		end := i
		for end < len(events) && !hasIndex(&events[end]) {
			end++
		}
		if end > i && verified {
			r.rowFindings = append(r.rowFindings, r.unloggedFinding(events[i:end]))
		}
		i = max(end, i+1)
	}
}

func (r *Reconciler) unloggedFinding(events []translator.Event) translator.Integrity {
	first, last := &events[0], &events[len(events)-1]
	f := r.finding(translator.IntegrityRowUnlogged)
	f.EventID, f.TlogStatus = first.ID, translator.TlogStatusMissing
	if len(events) == 1 {
		f.RowUID, f.TlogIndex, f.HasTlogIndex = first.UID, first.TlogIndex, first.HasTlogIndex
		f.Message = fmt.Sprintf("Row %d names no leaf of the transparency log: the registry could not write to its log, or somebody inserted the row.", first.ID)
	} else {
		f.LastEventID, f.Count = last.ID, int64(len(events))
		f.Message = fmt.Sprintf("%d rows from %d to %d name no leaf of the transparency log: the registry could not write to its log, or somebody inserted the rows.", f.Count, first.ID, last.ID)
	}
	f.SetUID()
	return f
}

func messageWithoutRow(first, last int64) string {
	if first == last {
		return fmt.Sprintf("Leaf %d of the transparency log has no row that agrees with it: the row was deleted or changed, or the registry stopped before it wrote one.", first)
	}
	return fmt.Sprintf("Leaves %d to %d of the transparency log have no rows that agree with them: the rows were deleted or changed, or the registry stopped before it wrote them.", first, last)
}

func messageOfOneWithoutRow(index int64, kind, token string) string {
	return fmt.Sprintf("Leaf %d of the transparency log, a %s beacon with token %s, has no row that agrees with it: the row was deleted or changed, or the registry stopped before it wrote one.", index, kind, token)
}

// Replaced makes a finding of a database that is not the one that was read before:
// the row with that id and uid should be in it. With once, the same finding is
// made once only, even after a restart.
func (r *Reconciler) Replaced(id int64, uid, reason string, once bool) {
	f := r.finding(translator.IntegrityDatabaseReplaced)
	f.EventID, f.RowUID = id, uid
	f.Message = ReplacedMessage(id, reason)
	if once {
		r.addOnce(f)
		return
	}
	r.add(f)
}

// ReplacedMessage is the sentence of the finding that a database was replaced, which had
// been read up to the row with that id.
func ReplacedMessage(id int64, reason string) string {
	return fmt.Sprintf("The database was replaced since it was read up to row %d: %s.", id, reason)
}

// addLogFindings adds the findings of the log about itself.
func (r *Reconciler) addLogFindings(ctx context.Context) {
	for _, found := range r.log.Findings() {
		f := r.finding(found.Kind)
		r.loseRegisters(found.Kind == translator.IntegrityLeafIndexJumped)
		switch found.Kind {
		case translator.IntegrityLeafCorrupt:
			f.TlogIndex, f.HasTlogIndex, f.TlogLastIndex = found.First, true, found.Last
			f.Message = messageCorrupt(found)
		case translator.IntegrityLeafIndexJumped:
			f.TlogIndex, f.HasTlogIndex, f.TlogLastIndex = found.First, true, found.Last
			f.Message = messageJumped(found)
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
			r.forget(ctx, &found)
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

func messageJumped(found tlog.Finding) string {
	if found.First != found.Last {
		return fmt.Sprintf("The indexes of the transparency log's lines jump between leaf %d and leaf %d: %s.", found.First, found.Last, found.Reason)
	}
	return fmt.Sprintf("The indexes of the transparency log's lines jump at leaf %d: %s. A registry whose disk was full writes such lines, and lines that were removed or moved look the same.", found.First, found.Reason)
}

// forget forgets what is known of the leaves of a rewritten log that may be others now,
// or gone. All rows are compared again, since some of these leaves may be there after all.
func (r *Reconciler) forget(ctx context.Context, found *tlog.Finding) {
	first, end := found.First, int64(math.MaxInt64)
	switch {
	case found.NewSize < found.Size: // only the roots of whole chunks were compared
		first -= first % tlog.ChunkSize
	case found.RangeKnown:
		end = found.Last + 1
	}
	r.forks++
	r.samples = nil
	r.dropLook()
	if err := r.pages.forget(ctx, first, end); err != nil {
		_ = r.recordErr(err)
	}
	r.state.ResolvedUpTo = min(r.state.ResolvedUpTo, first)
	if r.settings.Rows == nil {
		return
	}
	if !r.reviews.hasRescan() || first < r.state.RescanFrom {
		r.state.RescanFrom = first
	}
	r.reviews.rescan(r.state.LastID)
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
