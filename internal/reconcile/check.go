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
// most as long as the settings say. Checking other events forgets about those
// that were not committed.
func (w *Reconciler) Check(ctx context.Context, events []translator.Event) {
	w.unstage()
	within := ctx
	if !w.settings.Audit {
		var cancel context.CancelFunc
		within, cancel = context.WithTimeout(ctx, max(w.settings.Wait, minRead))
		defer cancel()
	}
	// In parts, so that their leaves are still in memory when they are compared.
	for part := range slices.Chunk(events, checkedAtOnce) {
		w.await(within, highest(part))
		for i := range part {
			w.check(within, &part[i])
		}
	}
	w.takeLogFindings(ctx)
	w.begin(events)
}

// checkedAtOnce is how many rows are checked after reading their leaves, which
// the log keeps at least as many of.
const checkedAtOnce = 1024

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
	// lookInterval is the time between two looks at a log that is not long
	// enough.
	lookInterval = 20 * time.Millisecond
	// minRead is how long what is there is read in any case: some ten thousand
	// leaves.
	minRead = 50 * time.Millisecond
)

// await reads the log up to a leaf. If it is not as long, or cannot be read, it
// may be so in a moment. A log that has not been readable for longer than that is
// not waited for. Also where the leaf is there, the file may be another one.
func (w *Reconciler) await(ctx context.Context, index int64) {
	for {
		err := w.note(w.log.Advance(ctx, min(index, math.MaxInt64-1)+1))
		switch {
		case err == nil && index < w.log.Size(), w.settings.Wait == 0 && w.log.AtEnd():
			return
		case err != nil && w.settings.Now().Sub(w.since) >= w.settings.Wait:
			return
		}
		timer := time.NewTimer(lookInterval)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

func (w *Reconciler) check(ctx context.Context, e *translator.Event) {
	e.TlogStatus, e.TlogMismatch = w.statusOf(ctx, e)
	if hasIndex(e) && w.isPlausible(e.TlogIndex) {
		w.claim(ctx, e)
	}
	switch e.TlogStatus {
	case translator.TlogStatusMismatch, translator.TlogStatusDuplicate:
		w.row(e)
	case translator.TlogStatusMissing:
		// Rows from before there was a log have no index.
		if hasIndex(e) || w.state.Baselined || w.verified {
			w.row(e)
		}
	}
}

// claim stages the row's claim on its leaf, also where the leaf is not known yet:
// its row is there. It may turn out that another row had claimed the leaf.
func (w *Reconciler) claim(ctx context.Context, e *translator.Event) {
	at, err := w.pages.at(ctx, e.TlogIndex)
	switch {
	case err != nil:
		_ = w.note(err)
		e.TlogStatus, e.TlogMismatch = translator.TlogStatusUnavailable, ""
	case w.isDuplicate(e, at):
		e.TlogStatus, e.TlogMismatch = translator.TlogStatusDuplicate, ""
	case e.TlogStatus == translator.TlogStatusVerified:
		w.verified = true
		at.hold(e.TlogIndex)
		w.staged = append(w.staged, claim{at, e.TlogIndex, true})
	default:
		w.staged = append(w.staged, claim{at, e.TlogIndex, false})
	}
}

// unstage forgets about the rows that were checked last.
func (w *Reconciler) unstage() {
	for _, c := range w.staged {
		c.page.release(c.index)
	}
	w.staged, w.rows, w.verified = w.staged[:0], nil, false
}

// maxAhead is how far beyond the end of the log a row's leaf may come to be, when
// the log cannot be read or is late.
const maxAhead = 1 << 20

func (w *Reconciler) isPlausible(index int64) bool {
	return index >= 0 && index < w.log.Size()+maxAhead
}

// isDuplicate reports whether another row has claimed the leaf. A row that
// differs from it is a mismatch all the same. A leaf that cannot be read any more
// was verified when it was claimed.
func (w *Reconciler) isDuplicate(e *translator.Event, at *page) bool {
	if e.TlogStatus != translator.TlogStatusVerified && e.TlogStatus != translator.TlogStatusUnavailable {
		return false
	}
	return at.isClaimed(e.TlogIndex)
}

// hasIndex reports whether the row names a leaf: -1 is for none.
func hasIndex(e *translator.Event) bool { return e.HasTlogIndex && e.TlogIndex != -1 }

// statusOf leaves aside whether another row has claimed the leaf.
func (w *Reconciler) statusOf(ctx context.Context, e *translator.Event) (status, mismatch string) {
	if !hasIndex(e) || e.TlogIndex < 0 {
		return translator.TlogStatusMissing, ""
	}
	err := w.known(ctx, func() (err error) {
		mismatch, err = w.log.Compare(e)
		return err
	})
	switch {
	case errors.Is(err, tlog.ErrBeyond) && w.trouble == nil && w.log.AtEnd():
		return translator.TlogStatusMissing, ""
	case err != nil:
		return translator.TlogStatusUnavailable, ""
	case mismatch != "":
		return translator.TlogStatusMismatch, mismatch
	}
	return translator.TlogStatusVerified, ""
}

// known verifies again what it takes for fn to succeed, as long as there is time.
func (w *Reconciler) known(ctx context.Context, fn func() error) error {
	for done := false; ; {
		err := fn()
		if err == nil || !errors.Is(err, tlog.ErrUnknown) || done || ctx.Err() != nil {
			return err
		}
		var failed error
		if done, failed = w.log.Reverify(noTime); failed != nil {
			return err
		}
	}
}

// noTime is a context that is done: what works until its context is, and comes on
// all the same, does so by the least that it can.
var noTime = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// begin settles from which leaf on rows are awaited. If the first row of all is
// there, that is the first leaf; otherwise older rows were pruned, or passed over,
// and it is the first leaf of those that are there.
func (w *Reconciler) begin(events []translator.Event) {
	if w.state.Baselined {
		return
	}
	first := int64(-1)
	for i := range events {
		if e := &events[i]; e.TlogStatus == translator.TlogStatusVerified && (first < 0 || e.TlogIndex < first) {
			first = e.TlogIndex
		}
	}
	if first < 0 {
		return
	}
	if w.state.LastID == 0 && events[0].ID == 1 {
		first = 0
	}
	w.state.Baselined, w.state.ResolvedUpTo, w.state.SkippedLeaves = true, first, first
}
