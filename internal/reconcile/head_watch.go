// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"fmt"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// headWatch is what is needed to notice that tree heads go back or stay away.
type headWatch struct {
	opened   time.Time // when heads began to be expected
	unsigned time.Time // when an unsigned head last came
	invalid  time.Time // when one with an invalid signature did, which is a finding of its own
	back     int       // heads in a row that were smaller than one before
	newest   int64     // size of the last valid head

	// logSize is how long the log was when heads last grew or covered it, and
	// behindSince is when it was longer first; the zero time if it is not.
	logSize     int64
	behindSince time.Time
}

const (
	// maxHeadsBack is how many heads in a row may be smaller than one before. A cache,
	// or a replica that is behind, sends one now and then.
	maxHeadsBack = 3
	// headsDue and minHeadsDue are how long heads may stay away or not grow, in
	// intervals, and at least.
	headsDue    = 24
	minHeadsDue = time.Hour
)

// Reasons why heads are missing, in the checkpoint.
const (
	missingNone   = "none"
	missingBehind = "behind"
)

// watchSize notes the size of a valid head.
func (r *Reconciler) watchSize(h *tlog.Head) {
	if r.settings.Audit { // heads may come in any order
		return
	}
	w := &r.heads.watch
	r.state.HeadTime, r.dirty = r.settings.Now().UTC().Truncate(time.Second), true
	r.endHeadState(translator.IntegrityHeadMissing, missingNone)
	if h.Size >= r.log.Size() || h.Size > w.newest {
		w.logSize, w.behindSince = r.log.Size(), time.Time{}
		r.endHeadState(translator.IntegrityHeadMissing, missingBehind)
	}
	w.newest = h.Size
	if h.Size >= r.state.HeadSize {
		r.state.HeadSize, w.back = h.Size, 0
		r.headsWithout(translator.IntegrityHeadWentBack, "")
		return
	}
	if w.back++; w.back >= maxHeadsBack {
		r.headWentBack(h)
	}
}

// headWentBack reports heads that stay smaller than one before. From here on they are
// compared with the smaller size.
func (r *Reconciler) headWentBack(h *tlog.Head) {
	f := r.headFinding(translator.IntegrityHeadWentBack, h)
	f.Message = fmt.Sprintf("The registry signed a tree head of size %d before, and the last %d heads were smaller, now of size %d: a cache or a replica answers that is behind, the registry was restored from a backup or restarted after its disk was full, or somebody replays old heads. Which one is not proven.", r.state.HeadSize, maxHeadsBack, h.Size)
	r.reportHeads("", f)
	r.state.HeadSize, r.heads.watch.back = h.Size, 0
}

// WatchHeads compares a head that waits for the log, and reports that heads stay away.
// It is called now and then.
func (r *Reconciler) WatchHeads() {
	r.comparePendingHead()
	if r.settings.HeadInterval <= 0 || r.settings.Audit {
		return
	}
	w := &r.heads.watch
	now, due := r.settings.Now(), max(headsDue*r.settings.HeadInterval, minHeadsDue)
	if w.opened.IsZero() {
		w.opened, w.logSize = now, r.log.Size()
	}
	size := r.log.Size()
	switch w.logSize = min(w.logSize, size); {
	case size == w.logSize:
		w.behindSince = time.Time{}
	case w.behindSince.IsZero():
		w.behindSince = now
	}
	switch {
	case r.noHeadFor(now) >= due:
		r.headMissing()
	case !w.behindSince.IsZero() && now.Sub(w.behindSince) >= due && now.Sub(r.state.HeadTime) < due:
		r.headBehind()
	}
}

// noHeadFor is for how long no valid head came. A receiver that was stopped meanwhile
// gets time for some requests first.
func (r *Reconciler) noHeadFor(now time.Time) time.Duration {
	w := &r.heads.watch
	switch {
	case r.onlyUnsigned(), now.Sub(w.opened) < minRequests*r.settings.HeadInterval:
		return 0
	case r.state.HeadTime.IsZero(), r.state.HeadTime.After(now): // the clock was set back
		return min(now.Sub(w.opened), now.Sub(w.invalid))
	default:
		return min(now.Sub(r.state.HeadTime), now.Sub(w.invalid))
	}
}

// minRequests is how many intervals a receiver has after a start until heads can be
// missing.
const minRequests = 3

// onlyUnsigned reports whether the registry never signed a head and sends unsigned ones.
func (r *Reconciler) onlyUnsigned() bool {
	return r.state.HeadTime.IsZero() && len(r.state.Heads) == 0 && !r.heads.watch.unsigned.IsZero()
}

func (r *Reconciler) headMissing() {
	since := r.heads.watch.opened.UTC()
	if !r.state.HeadTime.IsZero() {
		since = r.state.HeadTime
	}
	f := r.finding(translator.IntegrityHeadMissing)
	f.TlogSize = r.log.Size()
	f.Message = fmt.Sprintf("No valid tree head has come from the registry since %s: the transparency log, of %d leaves now, is not compared with what the registry signs. The registry cannot be reached or does not sign, or somebody withholds its heads.", since.Format(time.RFC3339), r.log.Size())
	r.reportHeads(missingNone, f)
}

func (r *Reconciler) headBehind() {
	w := &r.heads.watch
	f := r.finding(translator.IntegrityHeadMissing)
	f.TlogSize = w.newest
	f.Message = fmt.Sprintf("The registry's tree heads have not grown since %s and are of size %d, while the transparency log has %d leaves: an old head is served, or leaves were appended that the registry does not know. The leaves behind the head are not compared with what the registry signs.", w.behindSince.UTC().Format(time.RFC3339), w.newest, r.log.Size())
	r.reportHeads(missingBehind, f)
}
