// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// lengthSample is how many leaves the log had at a time.
type lengthSample struct {
	size int64
	at   time.Time
}

// sampleInterval is the time between two samples, which bounds their number.
const sampleInterval = time.Second

func (r *Reconciler) sampleLength() {
	now, size := r.settings.Now(), r.log.Size()
	if n := len(r.samples); n > 0 && (r.samples[n-1].size >= size || now.Sub(r.samples[n-1].at) < sampleInterval) {
		return
	}
	r.samples = append(r.samples, lengthSample{size, now})
}

// reportOverdue reports the unclaimed leaves that have been there for the grace
// period.
func (r *Reconciler) reportOverdue(ctx context.Context) {
	limit := r.settings.Now().Add(-r.settings.Grace)
	old := int64(0)
	for len(r.samples) > 0 && !r.samples[0].at.After(limit) {
		old = r.samples[0].size
		r.samples = r.samples[1:]
	}
	if old > 0 {
		r.ReportUnclaimed(ctx, old)
	}
}

// maxRuns bounds how many findings one call of ReportUnclaimed makes.
const maxRuns = 1000

// ReportUnclaimed makes a finding of every run of leaves below size that no row has
// claimed, and reports whether that is all of them: it stops at a thousand. All
// rows must be checked and committed.
func (r *Reconciler) ReportUnclaimed(ctx context.Context, size int64) (all bool) {
	if !r.state.Baselined {
		return true
	}
	size = min(size, r.log.Size())
	r.firstLookup = -1
	if r.wakeReviews(ctx, size) {
		r.continueAtOnce(size)
		return false
	}
	for runs := 0; r.state.ResolvedUpTo < size; {
		if runs == maxRuns {
			r.continueAtOnce(size)
			return false
		}
		first, last, err := r.nextRun(ctx, size)
		if first <= last {
			r.addLeavesWithoutRow(ctx, first, last)
			runs++
		}
		if err == nil || first <= last {
			r.state.ResolvedUpTo = last + 1
			r.dirty = true
		}
		if err != nil {
			// There was no time to verify it again, or Err says why.
			if !errors.Is(err, tlog.ErrUnknown) {
				_ = r.recordErr(err)
			}
			r.continueAtOnce(size)
			return false
		}
	}
	return true
}

// wakeReviews makes rows be compared again if leaves have no row and were not there at
// the last comparison. It reports whether there are such rows.
func (r *Reconciler) wakeReviews(ctx context.Context, size int64) bool {
	if len(r.reviews.list) == 0 {
		return false
	}
	first, err := r.nextUnclaimed(ctx, r.state.ResolvedUpTo, size)
	return err == nil && first < size && r.reviews.wake(size)
}

// continueAtOnce makes the next call of reportOverdue continue with the leaves below
// size: it adds a sample whose grace period is over.
func (r *Reconciler) continueAtOnce(size int64) {
	overdue := lengthSample{size, r.settings.Now().Add(-r.settings.Grace)}
	r.samples = append([]lengthSample{overdue}, r.samples...)
}

// HasUnclaimed reports whether any of the leaves from first on, and below size, is
// without a row. All rows must be checked and committed.
func (r *Reconciler) HasUnclaimed(ctx context.Context, first, size int64) (bool, error) {
	size = min(size, r.log.Size())
	next, err := r.nextUnclaimed(ctx, first, size)
	return next < size, err
}

// nextRun finds and resolves the next run of leaves without a row. There is none
// below size if first is above last.
func (r *Reconciler) nextRun(ctx context.Context, size int64) (first, last int64, err error) {
	first, err = r.nextUnclaimed(ctx, r.state.ResolvedUpTo, size)
	if err != nil {
		return 0, -1, err
	}
	for last = first; last < size; last++ {
		next, err := r.nextUnclaimed(ctx, last, last+1)
		if err == nil && next != last {
			break
		}
		if err == nil {
			err = r.resolve(ctx, last)
		}
		if err != nil {
			return first, last - 1, err
		}
	}
	return first, last - 1, nil
}

func (r *Reconciler) resolve(ctx context.Context, index int64) error {
	p, err := r.pages.page(ctx, index)
	if err == nil {
		p.resolve(index)
	}
	return err
}

// nextUnclaimed is the next beacon leaf that no row has claimed; size if there is
// none below.
func (r *Reconciler) nextUnclaimed(ctx context.Context, index, size int64) (int64, error) {
	for index < size {
		p, err := r.pages.page(ctx, index)
		if err != nil {
			return 0, err
		}
		next := p.firstUnresolved(index)
		if next/checkpoint.PageLeaves != index/checkpoint.PageLeaves || next >= size {
			index = next
			continue
		}
		isBeacon, err := r.isBeacon(ctx, next)
		if err != nil || isBeacon {
			return next, err
		}
		p.resolve(next)
		index = next + 1
	}
	return size, nil
}

// isBeacon looks up a leaf that no row has claimed. It nearly always is a beacon
// leaf: onLeaf has resolved the others, unless that was not saved.
func (r *Reconciler) isBeacon(ctx context.Context, index int64) (bool, error) {
	var leaf tlog.Entry
	err := r.withReverification(ctx, func() (err error) {
		leaf, err = r.lookUp(ctx, index)
		return err
	})
	return err == nil && leaf.IsBeacon, err
}

// lookUp looks up a leaf. The first one in a call of ReportUnclaimed is read even if that
// takes long, so that each call proceeds.
func (r *Reconciler) lookUp(ctx context.Context, index int64) (tlog.Entry, error) {
	if r.firstLookup < 0 {
		r.firstLookup = index
	}
	if r.firstLookup == index {
		ctx = context.WithoutCancel(ctx)
	}
	return r.log.Lookup(ctx, index)
}

func (r *Reconciler) addLeavesWithoutRow(ctx context.Context, first, last int64) {
	f := r.finding(translator.IntegrityLeafWithoutRow)
	f.TlogIndex, f.HasTlogIndex, f.TlogLastIndex = first, true, last
	f.Message = messageWithoutRow(first, last)
	if first == last { // looking up a leaf may take reading the file
		if leaf, err := r.lookUp(ctx, first); err == nil && leaf.IsBeacon {
			f.Message = messageOfOneWithoutRow(first, leaf.Beacon.Kind, leaf.Beacon.TokenID)
		}
		if index := r.log.IndexOf(first); index != first {
			f.Message += fmt.Sprintf(" Its line claims the index %d.", index)
		}
	}
	r.add(f)
}
