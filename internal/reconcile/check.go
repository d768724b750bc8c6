// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// claim is a row's on a leaf, until it is committed.
type claim struct {
	page   *page
	index  int64
	agrees bool
}

// Check sets TlogStatus and TlogMismatch of events, which come in the order of
// their ids and follow those that were committed last. It waits for leaves at
// most as long as the settings say. Each call drops the claims and findings of
// the events before, unless they were committed.
func (r *Reconciler) Check(ctx context.Context, events []translator.Event) {
	r.Unstage()
	within := ctx
	if !r.settings.Audit {
		var cancel context.CancelFunc
		within, cancel = context.WithTimeout(ctx, max(r.settings.Wait, minReadTime))
		defer cancel()
	}
	// In parts, so that their leaves are still in memory when they are compared.
	for part := range slices.Chunk(events, maxCheckedTogether) {
		r.waitForLeaf(within, highest(part))
		for i := range part {
			r.check(within, &part[i])
		}
		r.checkBindings(ctx, part)
	}
	r.addLogFindings(ctx)
	r.noteVerified(events)
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
// not be read for as long as that. It reads even if the leaf is known already: the
// file may have been replaced.
func (r *Reconciler) waitForLeaf(ctx context.Context, index int64) {
	for {
		err := r.recordErr(r.log.Advance(ctx, min(index, math.MaxInt64-1)+1))
		switch {
		case err == nil && index < r.log.Size(), r.settings.Wait == 0 && r.log.AtEnd():
			return
		case err != nil && r.settings.Now().Sub(r.failingSince) >= r.settings.Wait:
			return
		}
		timer := time.NewTimer(pollInterval)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

func (r *Reconciler) check(ctx context.Context, e *translator.Event) {
	e.TlogStatus, e.TlogMismatch = r.statusOf(ctx, e)
	if hasIndex(e) && r.isPlausible(e.TlogIndex) {
		r.claim(ctx, e)
	}
	switch e.TlogStatus {
	case translator.TlogStatusMismatch, translator.TlogStatusDuplicate:
		r.addRowFinding(e)
	case translator.TlogStatusMissing:
		// Rows from before there was a log have no index.
		if hasIndex(e) || r.state.Baselined || r.verified {
			r.addRowFinding(e)
		}
	}
}

// claim stages the row's claim on its leaf, even if the leaf is not known yet. The
// event is a duplicate if another row had claimed the leaf.
func (r *Reconciler) claim(ctx context.Context, e *translator.Event) {
	leaves, err := r.pages.page(ctx, e.TlogIndex)
	switch {
	case err != nil: // Err returns it
		e.TlogStatus, e.TlogMismatch = translator.TlogStatusUnavailable, ""
	case r.isDuplicate(e, leaves):
		e.TlogStatus, e.TlogMismatch = translator.TlogStatusDuplicate, ""
	case e.TlogStatus == translator.TlogStatusVerified:
		r.verified = true
		leaves.stage(e.TlogIndex)
		r.staged = append(r.staged, claim{leaves, e.TlogIndex, true})
	default:
		r.staged = append(r.staged, claim{leaves, e.TlogIndex, false})
	}
}

// Unstage drops the claims and findings of the rows that were checked last: they were
// not delivered.
func (r *Reconciler) Unstage() {
	for _, c := range r.staged {
		c.page.unstage(c.index)
	}
	r.staged, r.rowFindings, r.verified = r.staged[:0], nil, false
	r.verifiedRows = r.verifiedRows[:0]
}

// maxAhead is how far beyond the end of the log a row may claim a leaf: the log may
// be late, or not be readable.
const maxAhead = 1 << 20

func (r *Reconciler) isPlausible(index int64) bool {
	return index >= 0 && index < r.log.Size()+maxAhead
}

// isDuplicate reports whether another row has claimed the leaf. A row that differs
// from its leaf stays a mismatch. A leaf that cannot be read any more was verified
// when it was claimed.
func (r *Reconciler) isDuplicate(e *translator.Event, leaves *page) bool {
	if e.TlogStatus != translator.TlogStatusVerified && e.TlogStatus != translator.TlogStatusUnavailable {
		return false
	}
	return leaves.isClaimed(e.TlogIndex)
}

// hasIndex reports whether the row names a leaf: -1 is for none.
func hasIndex(e *translator.Event) bool { return e.HasTlogIndex && e.TlogIndex != -1 }

// statusOf compares the row with its leaf, whether or not another row claimed it.
func (r *Reconciler) statusOf(ctx context.Context, e *translator.Event) (status, mismatch string) {
	if !hasIndex(e) || e.TlogIndex < 0 {
		return translator.TlogStatusMissing, ""
	}
	err := r.withReverification(ctx, func() (err error) {
		mismatch, err = r.log.Compare(e)
		return err
	})
	switch {
	case errors.Is(err, tlog.ErrBeyond) && r.lastErr == nil && r.log.AtEnd():
		return translator.TlogStatusMissing, ""
	case err != nil:
		return translator.TlogStatusUnavailable, ""
	case mismatch != "":
		return translator.TlogStatusMismatch, mismatch
	}
	return translator.TlogStatusVerified, ""
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

// noteVerified notes the verified rows for setBaseline, as long as it needs them.
func (r *Reconciler) noteVerified(events []translator.Event) {
	if r.state.Baselined || len(events) == 0 {
		return
	}
	r.firstChecked = events[0].ID
	for i := range events {
		if e := &events[i]; e.TlogStatus == translator.TlogStatusVerified {
			r.verifiedRows = append(r.verifiedRows, verifiedRow{e.ID, e.TlogIndex})
		}
	}
}

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
