// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package deadletterconnector

import (
	"slices"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/delivery"
)

// join adds a message to the queue. It returns false if its call has returned.
func (t *target) join(j *job) (ok bool) {
	if j.records == nil {
		if j.records, ok = j.message.records(j); !ok {
			return false
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if j.answer != nil && len(j.records) == 1 {
		t.refusedAlone(j.records[0], j.answer)
	}
	if len(t.queue) > 0 || t.closed {
		t.removeAccepted(j)
	}
	if len(j.records) == 0 {
		close(j.done)
		return true
	}
	t.enqueue(j)
	return true
}

// enqueue adds a job and starts the goroutine.
func (t *target) enqueue(j *job) {
	if j.kept != nil {
		t.queue = slices.Insert(t.queue, 0, j) // the last one is tried first
	} else {
		t.queue = append(t.queue, j)
	}
	if t.idle != nil {
		t.idle.Stop()
	}
	if !t.running {
		t.running = true
		t.ended = make(chan struct{})
		go t.run(t.ended)
		return
	}
	t.wakeUp() // it may be about kept records only
}

// removeAccepted removes the records that the answer names as accepted, and forgets it.
func (t *target) removeAccepted(j *job) {
	if j.answer == nil {
		return
	}
	accepted := map[string]bool{}
	for _, uid := range delivery.AcceptedRecords(j.answer) {
		accepted[uid] = true
	}
	j.answer = nil
	if len(accepted) == 0 {
		return
	}
	before := len(j.records)
	j.records = slices.DeleteFunc(j.records, func(r *record) bool { return accepted[r.uid] })
	t.metrics.accepted(j.message.sendCtx, before-len(j.records))
}

// leave takes a message out of the queue, and waits for its request if there is one. It
// returns nil if that was the last one that it needed.
func (t *target) leave(j *job) error {
	t.mu.Lock()
	j.left = true
	sending, stepped := t.sending == j, t.stepped
	t.wakeUp()
	t.mu.Unlock()
	if sending {
		select {
		case <-stepped:
		case <-j.message.abandoned:
		}
	}
	select {
	case <-j.done:
		return nil
	default:
		return errEnded
	}
}

// waiting returns the messages that are waited for, or else the kept records. If there
// is none, the goroutine ends.
func (t *target) waiting() []*job {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.queue = slices.DeleteFunc(t.queue, func(j *job) bool {
		ended := j.left || j.message.ctx.Err() != nil
		if ended && j.kept != nil {
			j.message.end()
		}
		return ended || len(j.records) == 0
	})
	var messages []*job
	for _, j := range t.queue {
		if j.kept == nil {
			messages = append(messages, j)
		}
	}
	switch {
	case len(messages) > 0:
		return messages
	case len(t.queue) > 0:
		return slices.Clone(t.queue)
	}
	t.running, t.current = false, nil
	if !t.failing.IsZero() {
		t.idle = time.AfterFunc(idleHold, t.endIdleHold)
	}
	return nil
}

// endIdleHold ends a hold of which nothing is known any more, since nothing waits.
func (t *target) endIdleHold() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.running {
		t.forget()
	}
}

// forget ends a hold while the goroutine does not run.
func (t *target) forget() {
	t.lane, t.due, t.failing = t.newLane(), time.Time{}, time.Time{}
	t.holding, t.closed = false, false
	t.resume()
}

// shutdown stops the timer.
func (t *target) shutdown() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.idle != nil {
		t.idle.Stop()
	}
}

// stopped is closed when the goroutine does not run any more, after the shutdown of the
// connector has begun.
func (t *target) stopped() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.running {
		t.wakeUp()
		return t.ended
	}
	closed := make(chan struct{})
	close(closed)
	return closed
}
