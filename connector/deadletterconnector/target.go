// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package deadletterconnector

import (
	"context"
	"errors"
	"slices"
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
	// acceptances counts what was accepted.
	acceptances atomic.Uint64
	// evidences counts what was accepted of requests that were sent after the last step.
	evidences atomic.Uint64

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
	t.acceptances.Add(1)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.accepting = true
	if mark == t.steps {
		t.evidences.Add(1)
	}
	switch {
	case mark != t.steps:
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
	if r.lone.count == 0 || r.lone.evidence >= t.evidences.Load() {
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
		t.acceptances.Add(1)
		t.evidences.Add(1)
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
	open := step.Holding && !t.holding && (t.accepting || !mayPass(step.Class))
	t.closed = step.Holding && (t.closed || !open)
	t.holding = step.Holding
	return t.closed
}

// mayPass says that the target may accept the same records later.
func mayPass(class delivery.Class) bool {
	return class == delivery.ClassRetryable || class == delivery.ClassBusy || class == delivery.ClassDestination
}

// resumed says that the target accepts something.
func (t *target) resumed() {
	t.failing = time.Time{}
	t.resume()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.holding, t.closed = false, false
}
