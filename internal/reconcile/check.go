// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// claim is that of a row which agrees with a leaf, until it is committed.
type claim struct {
	page  *page
	index int64
}

// Check sets TlogStatus and TlogMismatch of events, which come in the order of
// their ids and follow those that were committed last. It waits for leaves at
// most as long as the settings say. Each call drops the claims and findings of
// the events before, unless they were committed.
//
// If ctx is done, an event whose leaf is not there yet is unavailable: nobody has waited
// for it.
func (r *Reconciler) Check(ctx context.Context, events []translator.Event) {
	within := ctx
	if !r.settings.Audit {
		var cancel context.CancelFunc
		within, cancel = context.WithTimeout(ctx, max(r.settings.Wait, minReadTime))
		defer cancel()
	}
	forks := r.forks
	r.checkAll(ctx, within, events)
	if r.forks != forks { // the first ones may have been compared with the log before
		r.checkAll(ctx, within, events)
	}
}

func (r *Reconciler) checkAll(ctx, within context.Context, events []translator.Event) {
	r.Unstage()
	r.lastSettled, r.unlogged = r.committedSettled, false
	// In parts, so that their leaves are still in memory when they are compared.
	for part := range slices.Chunk(events, maxCheckedTogether) {
		r.waitForLeaf(within, highest(part))
		for i := range part {
			r.check(ctx, within, &part[i])
		}
		r.checkBindings(ctx, part)
	}
	if r.unlogged {
		r.addUnloggedFindings(events)
	}
	r.addLogFindings(ctx)
	if len(events) > 0 {
		r.firstChecked = events[0].ID
	}
}

// maxCheckedTogether is how many rows are checked after reading their leaves, which
// the log keeps at least as many of.
const maxCheckedTogether = 1024

func highest(events []translator.Event) int64 {
	highest := int64(-1)
	for i := range events {
		if events[i].HasTlogIndex {
			highest = max(highest, events[i].TlogIndex)
		}
	}
	return highest
}

const (
	// pollInterval is the time between two reads of a log that is not long enough.
	pollInterval = 20 * time.Millisecond
	// minReadTime is how long the log is read in any case: enough for some ten
	// thousand leaves.
	minReadTime = 50 * time.Millisecond
)

// waitForLeaf reads the log up to a leaf. It retries where the log is too short or
// cannot be read, until the context is done; it does not wait for a log that could
// not be read for as long as that, and does not wait twice in a row for nothing: rows that
// come meanwhile would wait twice as long. It reads even if the leaf is known already: the
// file may have been replaced.
func (r *Reconciler) waitForLeaf(ctx context.Context, index int64) {
	for {
		err := r.recordErr(r.log.AdvanceToIndex(ctx, index))
		switch {
		case err == nil && (index < 0 || r.log.Covers(index)), r.settings.Wait == 0 && r.log.AtEnd():
			return
		case err != nil && r.settings.Now().Sub(r.failingSince) >= r.settings.Wait:
			return
		case err == nil && r.log.AtEnd() && r.settings.Now().Sub(r.waitedInVain) < r.settings.Wait:
			return
		}
		timer := time.NewTimer(pollInterval)
		select {
		case <-ctx.Done():
			timer.Stop()
			r.waitedInVain = r.settings.Now()
			return
		case <-timer.C:
		}
	}
}

// check compares an event with its leaf, within that context; ctx is done when nobody
// waits for anything any more.
func (r *Reconciler) check(ctx, within context.Context, e *translator.Event) {
	var leaf int64
	var lost bool
	leaf, e.TlogStatus, e.TlogMismatch, lost = r.statusOf(ctx, within, e)
	if leaf >= 0 && (lost || e.TlogStatus == translator.TlogStatusVerified) {
		r.claim(within, e, leaf, lost)
	}
	switch e.TlogStatus {
	case translator.TlogStatusUnavailable:
		wakeAt := int64(0)
		if lost {
			wakeAt = never
		}
		r.stageReview(e, checkpoint.ReviewUnavailable, wakeAt)
	case translator.TlogStatusMissing:
		if !hasIndex(e) {
			r.unlogged = true
			return
		}
		if r.settings.Rows != nil && r.isPlausible(e.TlogIndex) { // it may come
			r.stageReview(e, checkpoint.ReviewUnavailable, e.TlogIndex+1)
			return
		}
		r.rowFindings = append(r.rowFindings, r.rowFinding(e))
	case translator.TlogStatusVerified:
		r.lastSettled = e.ID
	default:
		r.lastSettled = e.ID
		r.rowFindings = append(r.rowFindings, r.rowFinding(e))
	}
}

// claim stages the claim of a row that agrees with its leaf. The event is a duplicate if
// another row had claimed the leaf: also one whose leaf was verified then, and is lost
// now.
func (r *Reconciler) claim(ctx context.Context, e *translator.Event, leaf int64, lost bool) {
	leaves, err := r.pages.page(ctx, leaf)
	if err == nil && leaves.isClaimed(leaf) && r.rereading() {
		_ = r.Reverify(ctx) // Err returns the error
	}
	switch {
	case err != nil: // Err returns it
		e.TlogStatus = translator.TlogStatusUnavailable
	case leaves.isClaimed(leaf) && r.rereading():
		e.TlogStatus = translator.TlogStatusUnavailable // it may be another leaf by now
	case leaves.isClaimed(leaf):
		e.TlogStatus = translator.TlogStatusDuplicate
	case !lost:
		r.verified = true
		leaves.stage(leaf)
		r.staged = append(r.staged, claim{leaves, leaf})
		if !r.state.Baselined {
			r.verifiedRows = append(r.verifiedRows, verifiedRow{e.ID, leaf})
		}
	}
}

// rereading reports whether the log is read again: what is known of its leaves may not be
// true any more.
func (r *Reconciler) rereading() bool {
	current, active := r.log.Reverification()
	return active && current.From < current.To
}

// stagedReview is a row to be compared again, until it is committed.
type stagedReview struct {
	review
	lastSettled int64
}

func (r *Reconciler) stageReview(e *translator.Event, status checkpoint.ReviewStatus, wakeAt int64) {
	if r.settings.Rows == nil || e.ID < 1 {
		return
	}
	row := r.reviewOf(e, status, wakeAt)
	if e.TlogStatus == translator.TlogStatusMissing {
		row.overdueAt = r.overdueAt()
	}
	r.stagedReviews = append(r.stagedReviews, stagedReview{row, r.lastSettled})
}

// Unstage drops the claims and findings of the rows that were checked last: they were
// not delivered.
func (r *Reconciler) Unstage() {
	for _, c := range r.staged {
		c.page.unstage(c.index)
	}
	r.staged, r.rowFindings, r.verified = r.staged[:0], nil, false
	r.verifiedRows, r.stagedReviews = r.verifiedRows[:0], r.stagedReviews[:0]
}

// maxAhead is how far beyond the end of the log a row may claim a leaf: the log may
// be late, or not be readable.
const maxAhead = 1 << 20

func (r *Reconciler) isPlausible(index int64) bool {
	return index >= 0 && index < r.log.Size()+maxAhead
}

// hasIndex reports whether the row names a leaf: -1 is for none.
func hasIndex(e *translator.Event) bool { return e.HasTlogIndex && e.TlogIndex != -1 }

// statusOf compares the row with its leaf, whether or not another row claimed it. lost
// says that the log has the leaf, and that it cannot be read any more: that proves
// nothing about the row. The leaf is -1 if not even its line is known.
func (r *Reconciler) statusOf(ctx, within context.Context, e *translator.Event) (leaf int64, status, mismatch string, lost bool) {
	if !hasIndex(e) || e.TlogIndex < 0 {
		return -1, translator.TlogStatusMissing, "", false
	}
	compare := func() (err error) {
		leaf, mismatch, err = r.log.CompareLeaf(within, e, r.isLeafClaimed)
		return err
	}
	err := r.withReverification(within, compare)
	if errors.Is(err, tlog.ErrNoLine) && !r.log.AtEnd() { // a later line may use the index again
		r.waitForLeaf(within, e.TlogIndex)
		err = r.withReverification(within, compare)
	}
	switch {
	case errors.Is(err, tlog.ErrBeyond) && r.lastErr == nil && r.log.AtEnd() && ctx.Err() == nil:
		return -1, translator.TlogStatusMissing, "", false
	case err != nil:
		return -1, translator.TlogStatusUnavailable, "", errors.Is(err, tlog.ErrLost)
	case mismatch == tlog.MismatchLeaf:
		return leaf, translator.TlogStatusUnavailable, "", true
	case mismatch != "":
		return leaf, translator.TlogStatusMismatch, mismatch, false
	}
	return leaf, translator.TlogStatusVerified, "", false
}

// withReverification calls fn until it succeeds, and verifies more of the log again
// in between, while there is time.
func (r *Reconciler) withReverification(ctx context.Context, fn func() error) error {
	for done := false; ; {
		err := fn()
		if err == nil || !errors.Is(err, tlog.ErrUnknown) || done || ctx.Err() != nil {
			return err
		}
		var failed error
		if done, failed = r.log.Reverify(expiredContext); failed != nil {
			return err
		}
	}
}

// expiredContext is done: what works until its context is done, but always makes
// some progress, makes the least.
var expiredContext = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// verifiedRow is a row and the leaf that confirms it.
type verifiedRow struct{ id, leaf int64 }

// setBaseline decides from which leaf on rows are expected, when the rows up to lastID
// have been delivered: from the first leaf, if the row with id 1 is there; otherwise
// older rows were pruned or skipped, and it is the first leaf that a row names. Rows
// behind lastID, which were delivered ahead of others, say nothing of these.
func (r *Reconciler) setBaseline(lastID int64) {
	first := int64(-1)
	for _, row := range r.verifiedRows {
		if row.id <= lastID && (first < 0 || row.leaf < first) {
			first = row.leaf
		}
	}
	if first < 0 || r.state.Baselined {
		return
	}
	if r.state.LastID == 0 && r.firstChecked == 1 {
		first = 0
	}
	r.state.Baselined, r.state.ResolvedUpTo, r.state.SkippedLeaves = true, first, first
}
