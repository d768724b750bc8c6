// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package deadletterconnector

import (
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/delivery"
)

// Attributes of records that go to the refused pipelines. Those of messaging are the
// semantic conventions'
// (https://opentelemetry.io/docs/specs/semconv/registry/attributes/messaging/).
const (
	// attributePipeline is the target that refused the record.
	attributePipeline = "dead_letter.pipeline"
	// attributeClass is what its error blames, as in the metrics.
	attributeClass = "dead_letter.class"
	// attributeReason is its error.
	attributeReason = "dead_letter.reason"

	attributeTopic     = "messaging.destination.name"
	attributePartition = "messaging.destination.partition.id"
	attributeOffset    = "messaging.kafka.offset"
)

// refusals delivers records that a target refuses for good to the refused pipelines. It
// is safe for concurrent use.
type refusals struct {
	sinks []*sink
	lines *lines
}

// deliver returns true when each pipeline has accepted the record, once. Until then it
// waits, and false says that the call has ended.
func (r *refusals) deliver(target *output, blamed *delivery.Blamed[*record]) bool {
	m := blamed.Row.job.message
	class := delivery.Classify(blamed.Reason)
	reason := delivery.ReasonText(blamed.Reason, maxReason)
	build := func() (plog.Logs, bool) {
		logs, ok := m.copyRecords([]*record{blamed.Row})
		if ok {
			attributes := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes()
			attributes.PutStr(attributePipeline, target.id)
			attributes.PutStr(attributeClass, classNames[class])
			attributes.PutStr(attributeReason, reason)
			putPosition(attributes, m)
		}
		return logs, ok
	}
	for _, s := range r.sinks {
		if !s.deliver(blamed.Row, build) {
			return false
		}
	}
	target.metrics.refused(m.sendCtx, class, 1)
	r.log(target, blamed.Row, classNames[class], reason)
	return true
}

// putPosition says where in Kafka the record came from, if that is known.
func putPosition(attributes pcommon.Map, m *message) {
	if p, ok := positionOf(m.sendCtx); ok {
		attributes.PutStr(attributeTopic, p.topic)
		attributes.PutStr(attributePartition, p.partition)
		attributes.PutInt(attributeOffset, p.offset)
	}
}

// log says that a record was refused.
func (r *refusals) log(target *output, refused *record, class, reason string) {
	fields := []zap.Field{
		zap.String("pipeline", target.id), zap.String("class", class), zap.String("reason", reason),
	}
	r.lines.warn("A pipeline refuses a record for good while it accepts others; the record went to the refused pipelines",
		append(fields, refused.fields()...)...)
}

// sink is a refused pipeline. All targets and calls together send it one record at a
// time, and after a failure one for each back-off. It is safe for concurrent use.
type sink struct {
	*output
	turn     chan struct{} // holds a token while somebody sends or waits to send
	interval func(failures int) time.Duration

	// Whoever has the turn.
	failures int
	due      time.Time

	mu      sync.Mutex
	waiters int
	idle    *time.Timer // ends a hold
}

func newSink(out *output, backOff delivery.BackOff) *sink {
	return &sink{output: out, turn: make(chan struct{}, 1), interval: backOff.NewIntervals()}
}

// deliver sends a record until it is accepted, and returns true. It returns false if the
// call has ended.
func (s *sink) deliver(r *record, build func() (plog.Logs, bool)) bool {
	m := r.job.message
	s.wait(1)
	defer s.wait(-1)
	for {
		select {
		case s.turn <- struct{}{}:
		case <-m.ctx.Done():
			return false
		}
		accepted := s.try(r, build)
		<-s.turn
		if accepted || m.ctx.Err() != nil {
			return accepted
		}
	}
}

// try waits until a request is due, and sends one.
func (s *sink) try(r *record, build func() (plog.Logs, bool)) bool {
	m := r.job.message
	if wait := time.Until(s.due); wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-m.ctx.Done():
			return false
		}
	}
	logs, ok := build()
	if !ok || m.ctx.Err() != nil {
		return false
	}
	err := s.send(m.sendCtx, logs)
	switch {
	case err == nil || acceptsRecord(err, r.uid):
		s.failures, s.due = 0, time.Time{}
		s.metrics.accepted(m.sendCtx, 1)
		s.resume()
		return true
	case m.sendCtx.Err() != nil:
		return false
	}
	s.failures++
	s.due = time.Now().Add(s.interval(s.failures))
	s.hold("A pipeline for refused records does not accept one; nothing is dropped: the connector keeps it and retries", err, r)
	return false
}

// acceptsRecord says whether an error names the record as accepted.
func acceptsRecord(err error, uid string) bool {
	for _, accepted := range delivery.AcceptedRecords(err) {
		if accepted == uid {
			return true
		}
	}
	return false
}

// wait counts who waits. A hold for which nobody waits ends after a while.
func (s *sink) wait(change int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiters += change
	switch {
	case s.waiters == 0 && s.isHolding():
		s.idle = time.AfterFunc(idleHold, s.endIdleHold)
	case s.idle != nil:
		s.idle.Stop()
	}
}

func (s *sink) endIdleHold() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiters == 0 {
		s.resume()
	}
}

// shutdown stops the timer.
func (s *sink) shutdown() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.idle != nil {
		s.idle.Stop()
	}
}
