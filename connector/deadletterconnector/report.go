// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package deadletterconnector

import (
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/delivery"
)

const (
	messageHold = "A pipeline does not accept records; nothing is dropped: the connector keeps them and retries"
	// failingAfter is when what is not accepted is reported, though the lane does not
	// hold: it may retry for a while.
	failingAfter = 10 * time.Second
	// maxUnreported is when it is reported at once, since the next attempt comes later.
	maxUnreported = 30 * time.Second
)

// report takes over what a step says of the target. row was the first one.
func (t *target) report(step *delivery.Step[*record], row *record) {
	now := time.Now()
	t.due = time.Time{}
	if step.Wait > 0 {
		t.due = now.Add(step.Wait)
	}
	if step.Err == nil || step.Passed > 0 || len(step.Ahead) > 0 || step.HoldEnded {
		t.resumed()
		return
	}
	closed := t.failed(step, now)
	lasts := now.Sub(t.failing) >= failingAfter || step.Wait > 0 && t.due.Sub(t.failing) >= maxUnreported
	if closed || lasts {
		t.hold(messageHold, step.Err, row)
	}
}

// failed follows a step of which nothing was accepted. It returns whether nothing is
// sent beside the queue.
func (t *target) failed(step *delivery.Step[*record], now time.Time) (closed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failing.IsZero() {
		t.failing, t.accepting = now, t.tested
	}
	t.tested = false
	// In the first wait of a hold other calls may show that the target accepts what they
	// have, if it has just done so, or if nothing says that it is down.
	open := step.Holding && !t.holding && (t.accepting || !step.Class.MayPass())
	t.closed = step.Holding && (t.closed || !open)
	t.holding = step.Holding
	return t.closed
}

// resumed says that the target accepts something.
func (t *target) resumed() {
	t.failing = time.Time{}
	t.resume()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.holding, t.closed = false, false
}
