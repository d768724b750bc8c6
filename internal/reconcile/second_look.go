// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// Rows is where rows are read again.
type Rows interface {
	// After returns the rows with ids above after, at most maxRows, in the order of
	// their ids and appended to into[:0]; more reports whether there may be others.
	After(ctx context.Context, after int64, maxRows int, into []translator.Event) (rows []translator.Event, more bool, err error)
	// Unreplaced returns an error if the table is not the one whose rows were delivered,
	// or not any more: its database went back, or is another one. It also returns one if
	// that cannot be found out.
	Unreplaced(ctx context.Context) error
}

// rowsAtOnce is how many rows are read at once to be compared again.
const rowsAtOnce = 256

// secondLook is a comparison of all rows of a range, which takes several calls. Its claims
// are not final before the end: after a restart it begins anew.
type secondLook struct {
	review review
	next   int64 // the rows up to this id were compared
	// overdueAt is when rows are findings whose leaves the log lacks; the zero value: now.
	overdueAt time.Time
	// indexed sums up the rows that name a leaf, and waiting those without the ones
	// that agree with a leaf which was claimed before: by a row that was settled then,
	// this one or another.
	indexed, waiting checkpoint.Digest
	verified         int64
	refuted          int64 // do not agree, in a rescan
	lowestLeaf       int64 // that one of the rows agrees with
	left             review
	found            []translator.Integrity // findings about rows
	claimed          []translator.Integrity // findings, if these rows are duplicates
	claimedRows      int64
}

// maxClaimed bounds the findings that are prepared, those about duplicates and others.
const maxClaimed = 1000

// WaitingRows is how many rows wait for another comparison with the log.
func (r *Reconciler) WaitingRows() int64 { return r.reviews.rows() }

// MayLookAgain reports whether rows can be compared again at once.
func (r *Reconciler) MayLookAgain() bool { return !r.lookStalled && r.mayLook() }

func (r *Reconciler) mayLook() bool {
	return r.settings.Rows != nil && r.lastErr == nil && !r.rereading() && r.reviews.due(r.log.Size(), r.settings.Now()) != nil
}

// LookAgain compares rows again that the log has not confirmed, for about that long and
// some 256 rows in any case. It must not be called between Check and Commit.
func (r *Reconciler) LookAgain(ctx context.Context, slice time.Duration) {
	end := time.Now().Add(slice)
	within, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	for r.lookStalled = false; r.mayLook() && !r.lookStalled; {
		r.lookStalled = !r.lookAtRows(ctx, within)
		if within.Err() != nil || len(r.findings) >= maxRuns {
			return
		}
	}
}

// lookAtRows compares the next rows, and reads the log for it as long as within is not
// done. It reports false if it cannot continue now.
func (r *Reconciler) lookAtRows(ctx, within context.Context) bool {
	if r.look == nil || !r.reviews.has(&r.look.review) {
		r.dropLook()
		r.startLook(*r.reviews.due(r.log.Size(), r.settings.Now()))
	}
	c := r.look
	rows, more, err := r.settings.Rows.After(ctx, c.next, rowsAtOnce, r.rows)
	if err != nil {
		return false
	}
	r.rows = rows
	for i := range rows {
		e := &rows[i]
		if e.ID > c.review.Last {
			more = false
			break
		}
		compare := within
		if i == 0 { // one in any case
			compare = ctx
		}
		if !r.lookAtRow(compare, within, c, e) || r.look != c {
			return r.look != c // the log was rewritten meanwhile
		}
		c.next = e.ID
	}
	clear(rows)
	if len(c.found) >= maxClaimed && !r.addFound(ctx, c) {
		return false
	}
	if more && c.next < c.review.Last {
		return true
	}
	return r.finishLook(ctx, c)
}

// startLook begins to compare the rows of a range.
func (r *Reconciler) startLook(due review) {
	now := r.settings.Now()
	r.look = &secondLook{review: due, next: due.First - 1, lowestLeaf: math.MaxInt64, overdueAt: due.overdueAt}
	switch {
	case due.Status == checkpoint.ReviewMissing, due.isRescan(), due.isOverdue(now):
		r.look.overdueAt = time.Time{}
	case due.overdueAt.IsZero(): // the log was away, and may be a copy that is behind
		r.look.overdueAt = r.overdueAt()
	}
}

// overdueAt is when rows are findings whose leaves the log lacks now: after the grace
// period, and up to an eighth of it later, so that rows share a range.
func (r *Reconciler) overdueAt() time.Time {
	step := max(r.settings.Grace/8, 1)
	return r.settings.Now().Add(r.settings.Grace + step).Truncate(step)
}

// dropLook drops the claims of rows that were compared again.
func (r *Reconciler) dropLook() {
	if r.look != nil {
		r.pages.dropLook()
		r.look = nil
	}
}

// lookAtRow compares a row, if ctx is not done, and reads the log for it as long as within
// is not. It reports false if that cannot be done now.
func (r *Reconciler) lookAtRow(ctx, within context.Context, c *secondLook, e *translator.Event) bool {
	rescan := c.review.isRescan()
	if !hasIndex(e) || e.TlogIndex < 0 {
		return true // the log says nothing of it
	}
	leaf, mismatch, err := r.compareAgain(ctx, within, e)
	if err == nil && rescan && leaf < r.state.RescanFrom { // its leaf has not changed
		c.lowestLeaf = min(c.lowestLeaf, leaf)
		return true
	}
	e.TlogStatus, e.TlogMismatch = "", mismatch
	switch {
	case err == nil && mismatch == "":
		return r.lookAtAgreeing(ctx, c, e, leaf)
	case err == nil && mismatch == tlog.MismatchLeaf, errors.Is(err, tlog.ErrLost):
		r.keepWaiting(c, e, checkpoint.ReviewUnavailable, never)
	case err == nil:
		e.TlogStatus = translator.TlogStatusMismatch
		r.refute(c, e)
	case errors.Is(err, tlog.ErrBeyond) && r.log.AtEnd():
		r.lookAtMissing(c, e)
	default:
		return false
	}
	h := r.rowHash().Of(e.UID)
	c.indexed.Add(e.ID, h)
	c.waiting.Add(e.ID, h)
	return true
}

// lookAtMissing is for a row whose leaf the log lacks.
func (r *Reconciler) lookAtMissing(c *secondLook, e *translator.Event) {
	e.TlogStatus = translator.TlogStatusMissing
	plausible := r.isPlausible(e.TlogIndex)
	if plausible && !c.overdueAt.IsZero() { // it may come
		r.keepWaiting(c, e, checkpoint.ReviewUnavailable, e.TlogIndex+1)
		return
	}
	switch {
	case c.review.isRescan():
		r.keepWaiting(c, e, checkpoint.ReviewMissing, never) // until a leaf has no row
	case plausible:
		r.keepWaiting(c, e, checkpoint.ReviewMissing, e.TlogIndex+1)
	}
	if c.review.Status != checkpoint.ReviewMissing { // it was told before
		r.refute(c, e)
	}
}

// compareAgain compares a row with its leaf, and reads the log up to it if that is new.
func (r *Reconciler) compareAgain(ctx, within context.Context, e *translator.Event) (leaf int64, mismatch string, err error) {
	leaf, mismatch, err = r.log.CompareLeaf(ctx, e, r.isLeafClaimed)
	if errors.Is(err, tlog.ErrBeyond) {
		if err := r.recordErr(r.log.AdvanceToIndex(within, e.TlogIndex)); err != nil {
			return -1, "", err
		}
		r.addLogFindings(ctx)
		leaf, mismatch, err = r.log.CompareLeaf(ctx, e, r.isLeafClaimed)
	}
	return leaf, mismatch, err
}

// lookAtAgreeing is for a row that agrees with its leaf.
func (r *Reconciler) lookAtAgreeing(ctx context.Context, c *secondLook, e *translator.Event, leaf int64) bool {
	leaves, err := r.pages.page(ctx, leaf)
	if err != nil { // Err returns it
		return false
	}
	h := r.rowHash().Of(e.UID)
	c.indexed.Add(e.ID, h)
	c.lowestLeaf = min(c.lowestLeaf, leaf)
	e.TlogStatus = translator.TlogStatusDuplicate
	if leaves.wasClaimed(leaf) {
		if c.claimedRows++; len(c.claimed) < maxClaimed {
			c.claimed = append(c.claimed, r.rowFinding(e))
		}
		return true
	}
	c.waiting.Add(e.ID, h)
	if leaves.isClaimed(leaf) {
		c.found = append(c.found, r.rowFinding(e))
		return true
	}
	leaves.claimInLook(leaf)
	c.verified++
	return true
}

// refute is for a row that does not agree with the log. In a rescan that is counted
// only: the log is what changed.
func (r *Reconciler) refute(c *secondLook, e *translator.Event) {
	if c.review.isRescan() {
		c.refuted++
		return
	}
	c.found = append(c.found, r.rowFinding(e))
}

// keepWaiting keeps a row that cannot be confirmed yet.
func (r *Reconciler) keepWaiting(c *secondLook, e *translator.Event, status checkpoint.ReviewStatus, wakeAt int64) {
	row := r.reviewOf(e, status, wakeAt)
	if e.TlogStatus == translator.TlogStatusMissing && status == checkpoint.ReviewUnavailable {
		row.overdueAt = c.overdueAt
	}
	switch {
	case c.review.isRescan():
		row.Digest = checkpoint.Digest{}
	case !c.review.hasDigest():
		row.Digest = checkpoint.Digest{Rows: 1}
	}
	if c.left.Last > 0 {
		row = c.left.merge(row)
	}
	c.left = row
}

// reviewOf is the range with one row.
func (r *Reconciler) reviewOf(e *translator.Event, status checkpoint.ReviewStatus, wakeAt int64) review {
	row := review{Review: checkpoint.Review{First: e.ID, Last: e.ID, Status: status}, wakeAt: wakeAt, comparedAt: r.log.Size()}
	row.Digest.Add(e.ID, r.rowHash().Of(e.UID))
	return row
}

// addFound adds the findings about rows so far, if these are still the rows that were
// delivered. Otherwise it drops the comparison: the next read of rows says why.
func (r *Reconciler) addFound(ctx context.Context, c *secondLook) bool {
	if r.settings.Rows.Unreplaced(ctx) != nil {
		r.dropLook()
		return false
	}
	for i := range c.found {
		r.add(c.found[i])
	}
	c.found = c.found[:0]
	return true
}

// finishLook makes the claims of a range final, and reports what was found: of the
// rows that were delivered, and of no others that have their ids since.
func (r *Reconciler) finishLook(ctx context.Context, c *secondLook) bool {
	if !r.addFound(ctx, c) {
		return false
	}
	if !r.reportChangedRows(ctx, c) {
		return false
	}
	if !r.rebase(ctx, c) {
		return false
	}
	r.pages.commitLook()
	r.look = nil
	r.lowerBaseline(c)
	r.reviews.replace(c.review, c.left)
	if !r.reviews.hasRescan() {
		r.state.RescanFrom = 0
	}
	r.addRechecked(c, translator.TlogStatusVerified, c.verified)
	r.addRechecked(c, translator.TlogStatusMismatch, c.refuted)
	r.dirty = true
	return true
}

// rebase gives up leaves whose rows may have been pruned before they were compared.
func (r *Reconciler) rebase(ctx context.Context, c *secondLook) bool {
	first, _, err := r.settings.Rows.After(ctx, 0, 1, nil)
	if err != nil {
		return false
	}
	if len(first) > 0 && first[0].ID <= c.review.First {
		return true
	}
	if c.lowestLeaf == math.MaxInt64 {
		r.state.Baselined = r.settings.Audit
		return true
	}
	r.state.ResolvedUpTo = max(r.state.ResolvedUpTo, c.lowestLeaf)
	return true
}

// lowerBaseline expects rows of earlier leaves, if the first rows of all could not be
// compared when they were delivered.
func (r *Reconciler) lowerBaseline(c *secondLook) {
	if c.verified == 0 || c.review.isRescan() {
		return
	}
	first := c.lowestLeaf
	if c.review.First == 1 {
		first = 0
	}
	if !r.state.Baselined || first < r.state.SkippedLeaves {
		r.state.Baselined, r.state.ResolvedUpTo, r.state.SkippedLeaves = true, first, first
	}
}

// rowHash is the hash for digests of rows.
func (r *Reconciler) rowHash() *checkpoint.RowHash {
	if r.hash == nil {
		r.hash = checkpoint.NewRowHash(r.reviewKey())
	}
	return r.hash
}
