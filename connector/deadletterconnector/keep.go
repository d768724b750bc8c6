// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package deadletterconnector

import (
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/delivery"
)

// A receiver such as `kafka` gives nothing more until its calls have returned. A record
// that is refused, with nothing else on its way, would never see evidence. It is moved
// from its call into the storage, so that what comes next is evidence.

// minRefusals is how many single records must be refused, or how often one, while nothing
// is accepted, before any is kept.
const minRefusals = 3

// loneRefusals are those of a record alone since something was accepted.
type loneRefusals struct {
	count int
	since time.Time
	last  error
	// accepted is the target's when it was refused last.
	accepted uint64
}

// refusedAlone follows the answer to a request with one record.
func (t *target) refusedAlone(r *record, err error) {
	if delivery.Classify(err).MayPass() {
		r.lone = loneRefusals{} // that says nothing of the record
		return
	}
	if acceptsRecord(err, r.uid) {
		return
	}
	if accepted := t.accepted.Load(); r.lone.count == 0 || r.lone.accepted != accepted {
		r.lone = loneRefusals{since: time.Now(), accepted: accepted}
	}
	r.lone.count++
	r.lone.last = err
}

// keepRefused keeps a record, and all that were sent with it, if no other is accepted:
// each that was tried was refused alone since the target accepted anything. Those that
// were not tried are, as what comes next is accepted. Where the target does not say what
// it refuses, all must be tried, and one is kept.
func (t *target) keepRefused(jobs []*job) {
	if t.kept.storage == nil || jobs[0].kept != nil || t.waitingCalls() != len(jobs) {
		return
	}
	accepted := t.accepted.Load()
	var candidate *record
	tried, refusals, all := 0, 0, 0
	for _, j := range jobs {
		all += len(j.records)
		for _, r := range j.records {
			if r.lone.count == 0 || r.lone.accepted != accepted {
				continue
			}
			tried++
			refusals += r.lone.count
			if candidate == nil && time.Since(r.lone.since) >= t.keepAfter(r.lone.last) {
				candidate = r
			}
		}
	}
	switch {
	case candidate == nil || refusals < minRefusals || tried < min(all, delivery.MaxOthers):
		return
	case delivery.Classify(candidate.lone.last) == delivery.ClassUnknown:
		// It is rather the target: what is kept here, no other gateway can deliver.
		if tried == all && candidate.lone.count >= minRefusals {
			t.keep(candidate, candidate.lone.last)
		}
		return
	}
	for _, r := range slices.Clone(candidate.job.records) {
		if !t.keep(r, candidate.lone.last) {
			return
		}
	}
}

// keepAfter is how long nothing must be accepted before a record is kept. An answer that does
// not say what it refuses may be of a target that is down for a while.
func (t *target) keepAfter(err error) time.Duration {
	if delivery.Classify(err) == delivery.ClassUnknown {
		return 2 * t.backOff.MaxInterval
	}
	return t.backOff.InitialInterval
}

// keep moves a record from its call into the storage, with the reason. It returns false if
// that fails: the call waits as before.
func (t *target) keep(r *record, reason error) bool {
	logs, ok := r.job.message.copyRecords([]*record{r})
	if !ok {
		return false
	}
	v, ok := newKeptValue(t.id, r, logs)
	if !ok {
		return false
	}
	v.Class, v.Reason = classNames[delivery.Classify(reason)], delivery.ReasonText(reason, maxReason)
	r.keptID = v.ID
	if !t.kept.save(v) {
		return false
	}
	r.done = true
	r.job.records = slices.DeleteFunc(r.job.records, func(r *record) bool { return r.done })
	j := t.addKept(v, logs)
	j.records[0].uid, j.records[0].lone = r.uid, r.lone
	t.current = nil // the lane must not take what follows for what it knows
	fields := []zap.Field{zap.String("pipeline", t.id), zap.String("class", v.Class), zap.String("reason", v.Reason)}
	t.refusals.lines.warn("A pipeline refuses a record, and nothing shows that it accepts others; the record is kept in the storage until something does, and what follows it is delivered",
		append(fields, r.fields()...)...)
	return true
}

// addKept adds a record that is saved to the queue, as a message of its own.
func (t *target) addKept(v *keptValue, logs plog.Logs) *job {
	m := newMessage(v.context(t.closing), t.closing, logs)
	j := &job{message: m, kept: v, done: make(chan struct{})}
	j.records, _ = m.records(j)
	j.records[0].keptID = v.ID
	t.mu.Lock()
	defer t.mu.Unlock()
	t.enqueue(j)
	return j
}

// withoutKept makes the records of a message that are not kept those of its job: it
// comes again after a crash. It returns false if its call has returned.
func (t *target) withoutKept(j *job) (ok bool) {
	if j.records, ok = j.message.records(j); !ok {
		return false
	}
	var rest []*record
	for _, r := range j.records {
		logs, ok := j.message.copyRecords([]*record{r})
		if !ok {
			return false
		}
		if v, ok := newKeptValue(t.id, r, logs); !ok || !t.kept.has(v.ID) {
			rest = append(rest, r)
		}
	}
	j.records = rest
	return true
}

// waitingCalls is how many calls wait. The mutex must not be held.
func (t *target) waitingCalls() (calls int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.countCalls()
}

func (t *target) countCalls() (calls int) {
	for _, j := range t.queue {
		if j.kept == nil && !j.left && j.message.ctx.Err() == nil {
			calls++
		}
	}
	return calls
}
