// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package deadletterconnector

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/internal/delivery"
)

var (
	errEnded        = errors.New("the call ended before every pipeline had accepted its records; they have to be sent again")
	errShuttingDown = errors.New("the connector is being shut down; the records have to be sent again")
)

// idleHold is how long a hold stays when nothing waits for the target any more.
const idleHold = time.Minute

// target is a pipeline that gets every record. A message is sent whole, at once, beside
// those of other calls. If the target does not accept it, it joins a queue, which one
// goroutine works through with a [delivery.Lane]: so all calls together send one request
// for each back-off while the target accepts nothing, and what is accepted of one is
// evidence for the others. It is safe for concurrent use.
type target struct {
	*output
	refusals *refusals
	kept     *keptRecords
	backOff  delivery.BackOff
	closing  context.Context
	newLane  func() *delivery.Lane[*record]
	// accepted counts what was accepted of requests that were sent after the last step:
	// what was refused before is compared with it.
	accepted atomic.Uint64

	mu sync.Mutex
	// queue are the messages that were not accepted, in the order of their arrival, and
	// kept records. These are sent only while no message waits.
	queue   []*job
	running bool          // the goroutine
	ended   chan struct{} // is closed when it ends
	// closed says that nothing is sent beside the queue while messages wait.
	closed bool
	// steps counts those of the lane, and evidence says that something was accepted
	// beside the queue that was sent after the last one.
	steps    uint64
	evidence bool
	// accepting says that something was accepted beside the queue since the first
	// failure.
	accepting bool
	// sending is the job of the request of the current step; stepped is closed after it.
	sending *job
	stepped chan struct{}
	idle    *time.Timer // ends a hold

	wake chan struct{} // for the goroutine: the queue, or evidence, has changed

	// For the goroutine.
	lane    *delivery.Lane[*record]
	current *job      // whose rows come first
	due     time.Time // of the next step; zero: at once
	failing time.Time // since when nothing is accepted; zero: it is
	holding bool
	// tested says that the next step is due to evidence.
	tested bool
}

// job is a message that a target has not accepted yet.
type job struct {
	message *message
	// answer is that to the whole message, until the lane knows it.
	answer  error
	records []*record
	done    chan struct{}
	left    bool       // nobody waits for it
	kept    *keptValue // of a record that is kept; nil: a call waits
}

func newTarget(closing context.Context, out *output, refusals *refusals, kept *keptRecords, backOff delivery.BackOff) *target {
	t := &target{
		output: out, refusals: refusals, kept: kept, closing: closing, backOff: backOff,
		wake: make(chan struct{}, 1), stepped: make(chan struct{}),
	}
	t.newLane = func() *delivery.Lane[*record] {
		return delivery.NewLane(delivery.Settings{
			MaxRows: maxRecords, NextInterval: backOff.NewIntervals(), NoReducedForm: true,
		}, func(r *record) string { return r.uid })
	}
	t.lane = t.newLane()
	return t
}

// maxRecords is more than any message has.
const maxRecords = 1 << 30

// deliver returns nil when the target has accepted each record of a message, or the
// refused pipelines have. Otherwise the call has ended.
func (t *target) deliver(m *message) error {
	j := &job{message: m, done: make(chan struct{})}
	if t.kept.ofMessage(m.ctx, t.id) {
		if !t.withoutKept(j) {
			return errEnded
		}
		if len(j.records) == 0 {
			return nil
		}
	}
	if mark, ok := t.beside(); ok {
		logs, ok := j.copyAll()
		if !ok {
			return errEnded
		}
		records := logs.LogRecordCount() // the target may change them
		if j.answer = t.send(m.sendCtx, logs); j.answer == nil {
			t.acceptedBeside(mark)
			t.metrics.accepted(m.sendCtx, records)
			return nil
		}
	}
	if m.ctx.Err() != nil || !t.join(j) {
		return errEnded
	}
	select {
	case <-j.done:
		return nil
	case <-m.ctx.Done():
		return t.leave(j)
	}
}

// copyAll returns a copy of what is to be sent. ok is false if the call has returned.
func (j *job) copyAll() (logs plog.Logs, ok bool) {
	if j.records == nil {
		return j.message.copyAll()
	}
	return j.message.copyRecords(j.records)
}

// beside reports whether a message may be sent beside the queue.
func (t *target) beside() (mark uint64, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.steps, !t.closed || len(t.queue) > 0 && t.countCalls() == 0 && t.queue[0].kept != nil
}

func (t *target) acceptedBeside(mark uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.accepting = true
	if mark != t.steps {
		return
	}
	t.accepted.Add(1)
	switch {
	case t.running:
		t.evidence = true
		t.wakeUp()
	case !t.failing.IsZero():
		t.forget()
	}
}

func (t *target) wakeUp() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}
