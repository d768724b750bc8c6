// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"context"
	"errors"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// mark says that the log had so many leaves at some time.
type mark struct {
	size int64
	at   time.Time
}

// markInterval is how far marks are apart at least, which bounds their number.
const markInterval = time.Second

func (w *Reconciler) mark() {
	now, size := w.settings.Now(), w.log.Size()
	if n := len(w.marks); n > 0 && (w.marks[n-1].size >= size || now.Sub(w.marks[n-1].at) < markInterval) {
		return
	}
	w.marks = append(w.marks, mark{size, now})
}

// settleOld makes findings of the leaves that have been there for the grace
// period, when all rows have been read.
func (w *Reconciler) settleOld(ctx context.Context) {
	limit := w.settings.Now().Add(-w.settings.Grace)
	old := int64(0)
	for len(w.marks) > 0 && !w.marks[0].at.After(limit) {
		old = w.marks[0].size
		w.marks = w.marks[1:]
	}
	if old > 0 {
		w.ReportUnclaimed(ctx, old)
	}
}

// maxRuns bounds how many findings one call of ReportUnclaimed makes.
const maxRuns = 1000

// ReportUnclaimed makes a finding of every run of leaves below size that no row has
// claimed, and reports whether that is all of them: it stops at a thousand. All
// rows have to be checked and committed.
func (w *Reconciler) ReportUnclaimed(ctx context.Context, size int64) (all bool) {
	if !w.state.Baselined {
		return true
	}
	size = min(size, w.log.Size())
	for runs := 0; w.state.ResolvedUpTo < size; {
		if runs == maxRuns {
			w.marks = append([]mark{{size, w.settings.Now().Add(-w.settings.Grace)}}, w.marks...) // go on at once
			return false
		}
		first, last, err := w.nextRun(ctx, size)
		if first <= last {
			w.leavesWithoutRow(first, last)
			runs++
		}
		if err == nil || first <= last {
			w.state.ResolvedUpTo = last + 1
			w.changed = true
		}
		if err != nil {
			// There was no time to verify it again, or Err tells.
			if !errors.Is(err, tlog.ErrUnknown) {
				_ = w.note(err)
			}
			w.marks = append([]mark{{size, w.settings.Now().Add(-w.settings.Grace)}}, w.marks...)
			return false
		}
	}
	return true
}

// HasUnclaimed reports whether any of the leaves from first on, and below size, is
// without a row. All rows have to be checked and committed.
func (w *Reconciler) HasUnclaimed(ctx context.Context, first, size int64) (bool, error) {
	size = min(size, w.log.Size())
	open, err := w.nextOpen(ctx, first, size)
	return open < size, err
}

// nextRun finds and settles the next leaves without a row, which follow each
// other. There are none below size if first is above last.
func (w *Reconciler) nextRun(ctx context.Context, size int64) (first, last int64, err error) {
	first, err = w.nextOpen(ctx, w.state.ResolvedUpTo, size)
	if err != nil {
		return 0, -1, err
	}
	for last = first; last < size; last++ {
		next, err := w.nextOpen(ctx, last, last+1)
		if err == nil && next != last {
			break
		}
		if err == nil {
			err = w.settleOne(ctx, last)
		}
		if err != nil {
			return first, last - 1, err
		}
	}
	return first, last - 1, nil
}

func (w *Reconciler) settleOne(ctx context.Context, index int64) error {
	p, err := w.pages.at(ctx, index)
	if err == nil {
		p.settle(index)
	}
	return err
}

// nextOpen is the next beacon's leaf that no row has claimed; size if there is
// none below.
func (w *Reconciler) nextOpen(ctx context.Context, index, size int64) (int64, error) {
	for index < size {
		p, err := w.pages.at(ctx, index)
		if err != nil {
			return 0, err
		}
		next := p.firstOpen(index)
		if next/pageLeaves != index/pageLeaves || next >= size {
			index = next
			continue
		}
		isBeacon, err := w.isBeacon(ctx, next)
		if err != nil || isBeacon {
			return next, err
		}
		p.settle(next)
		index = next + 1
	}
	return size, nil
}

// isBeacon looks at a leaf that no row has claimed. Nearly always it is one: of
// others onLeaf was told, unless what it noted was lost. A leaf that was rotated
// away counts as none, since nothing can be said about it.
func (w *Reconciler) isBeacon(ctx context.Context, index int64) (bool, error) {
	var leaf tlog.Entry
	err := w.known(ctx, func() (err error) {
		leaf, err = w.log.Lookup(index)
		return err
	})
	if errors.Is(err, tlog.ErrUnknown) {
		if _, active := w.log.Reverification(); active {
			return false, err
		}
		return false, nil
	}
	return err == nil && leaf.IsBeacon, err
}

func (w *Reconciler) leavesWithoutRow(first, last int64) {
	f := w.finding(translator.IntegrityLeafWithoutRow)
	f.TlogIndex, f.HasTlogIndex, f.TlogLastIndex = first, true, last
	f.Message = messageWithoutRow(first, last)
	if first == last { // looking up a leaf may take reading the file
		if leaf, err := w.log.Lookup(first); err == nil && leaf.IsBeacon {
			f.Message = messageOfOneWithoutRow(first, leaf.Beacon.Kind, leaf.Beacon.TokenID)
		}
	}
	w.add(f)
}
