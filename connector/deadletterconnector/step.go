// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package deadletterconnector

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/delivery"
)

// run works through the queue.
func (t *target) run(ended chan<- struct{}) {
	defer close(ended)
	for {
		jobs := t.waiting()
		if jobs == nil {
			return
		}
		if t.current != jobs[0] {
			t.current = jobs[0]
			t.lane.NextMessage()
			if t.recall() {
				t.due = time.Time{}
			}
		}
		if t.isDue() {
			t.step(jobs)
		}
	}
}

// recall tells the lane that the kept record that comes first was refused alone before, if
// the target has accepted something since: one acceptance is evidence for all of them.
func (t *target) recall() bool {
	j := t.current
	if j == nil || j.kept == nil || len(j.records) == 0 {
		return false
	}
	r := j.records[0]
	if r.lone.count == 0 || r.lone.accepted >= t.accepted.Load() {
		return false
	}
	t.lane = t.newLane() // what it knows is of before
	t.lane.Answered(context.Background(), j.records, r.lone.last)
	return t.lane.AcceptedElsewhere()
}

// isDue waits until the next step is due. It returns false if the queue may have
// changed.
func (t *target) isDue() bool {
	if t.takeEvidence() && (t.recall() || t.lane.AcceptedElsewhere()) {
		t.resumed()
		t.due, t.tested = time.Time{}, true
	}
	wait := time.Until(t.due)
	if t.due.IsZero() || wait <= 0 {
		return true
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-t.wake:
		return false
	}
}

func (t *target) takeEvidence() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	evidence := t.evidence
	t.evidence = false
	return evidence
}

// step sends once, and acts on the answer.
func (t *target) step(jobs []*job) {
	defer t.finish(jobs)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	send := func(_ context.Context, rows []*record, _ delivery.Form) error {
		if slices.ContainsFunc(rows, func(r *record) bool { return r.job != rows[0].job }) {
			// The first record is not the one that the lane knows: it sees no single one then.
			t.current = nil
			cancel()
			return errEnded
		}
		err := t.sendRecords(rows)
		if errors.Is(err, errEnded) {
			cancel() // that says nothing of the target
		}
		return err
	}
	first := jobs[0]
	rows := first.records
	var step delivery.Step[*record]
	switch {
	case t.lane.Searching():
		if t.removeAccepted(first); len(first.records) == 0 {
			return
		}
		rows = allRecords(jobs)
		step = t.lane.Step(ctx, rows, send)
	case first.answer != nil:
		step = t.lane.Answered(ctx, rows, first.answer)
		first.answer = nil
	default:
		step = t.lane.Step(ctx, rows, send)
	}
	if ctx.Err() == nil {
		row := rows[0]
		t.settle(&step, rows)
		t.report(&step, row)
		t.keepRefused(jobs)
	}
}

// sendRecords sends records of one message.
func (t *target) sendRecords(records []*record) error {
	m := records[0].job.message
	t.begin(records[0].job)
	logs, ok := m.copyRecords(records)
	if !ok || m.ctx.Err() != nil {
		return errEnded
	}
	err := t.send(m.sendCtx, logs)
	if err != nil && m.sendCtx.Err() != nil {
		return errEnded
	}
	if err != nil && len(records) == 1 {
		t.refusedAlone(records[0], err)
	}
	return err
}

// allRecords are those of all messages: single ones of the later are tried in place of
// the first.
func allRecords(jobs []*job) (records []*record) {
	for _, j := range jobs {
		records = append(records, j.records...)
	}
	return records
}

// begin says that a request of a job begins.
func (t *target) begin(j *job) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sending = j
}

// settle removes the records that a step is done with from their messages.
func (t *target) settle(step *delivery.Step[*record], rows []*record) {
	accepted := step.Passed + len(step.Ahead)
	if step.Blamed != nil {
		accepted--
		t.begin(step.Blamed.Row.job)
		if !t.refusals.deliver(t.output, step.Blamed) {
			return // its call has ended
		}
	}
	if accepted > 0 {
		t.accepted.Add(1)
		t.metrics.accepted(rows[0].job.message.sendCtx, accepted)
	}
	changed := map[*job]bool{}
	var kept []string
	settle := func(r *record) {
		r.done = true
		changed[r.job] = true
		if r.keptID != "" {
			kept = append(kept, r.keptID)
		}
	}
	for _, r := range rows[:step.Passed] {
		settle(r)
	}
	for _, i := range step.Ahead {
		settle(rows[i])
	}
	t.kept.remove(kept)
	for j := range changed {
		j.records = slices.DeleteFunc(j.records, func(r *record) bool { return r.done })
	}
}

// finish ends the step: messages of which nothing is left are done.
func (t *target) finish(jobs []*job) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, j := range jobs {
		if len(j.records) == 0 {
			close(j.done)
			if j.kept != nil {
				j.message.end()
			}
		}
	}
	t.queue = slices.DeleteFunc(t.queue, func(j *job) bool { return len(j.records) == 0 })
	t.steps++
	t.evidence, t.sending = false, nil
	close(t.stepped)
	t.stepped = make(chan struct{})
}
