// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer/consumererror"
)

// A destination that refuses everything, and takes its time for it, is seen before the
// receiver knows who is to blame: a Kafka client looks for a topic that it may not write
// to once in 10 seconds.
func TestSlowRefusalsAreSeen(t *testing.T) {
	s := newRefusalSetup(t, 300)
	seenAfter := 0
	s.dest.answer = func(r request) error {
		s.clock.advance(6 * time.Second)
		if s.host.last().Status() == componentstatus.StatusRecoverableError && seenAfter == 0 {
			seenAfter = r.number - 1
		}
		return errUnauthorized
	}
	stop := s.run()
	s.eventually(func(c *assert.CollectT) { assert.Greater(c, s.dest.count(), 10) })
	s.host.waitFor(t, componentstatus.StatusRecoverableError, "401 Unauthorized")
	stop()
	assert.Positive(t, seenAfter, "requests until it was seen")
	assert.LessOrEqual(t, seenAfter, 2, "requests until it was seen")
	assert.Zero(t, s.logs.FilterMessage("Recovered").Len())
}

// Quick refusals are no failure yet: one row may be to blame. What is accepted in between
// shows that it is.
func TestRefusalsThatLast(t *testing.T) {
	var r refusals
	second := func(n int) time.Time { return time.Unix(1_767_225_600, 0).Add(time.Duration(n) * time.Second) }
	answered := func(sent, now int, refused bool) bool {
		r.sent = second(sent)
		return r.answered(second(now), refused)
	}
	assert.False(t, answered(0, 1, true))
	assert.False(t, answered(1, 9, true))
	assert.True(t, answered(9, 10, true), "all were refused for 10 s")
	assert.True(t, answered(11, 12, true))
	assert.False(t, answered(13, 30, false), "accepted")
	assert.False(t, answered(31, 40, true), "from then on")
	assert.True(t, answered(41, 42, true))
	assert.False(t, answered(43, 44, false))
	assert.True(t, answered(50, 60, true), "a request that took 10 s")
}

// A failure is over when something is accepted, not when it is followed by another one:
// a Kafka client answers that it may not write to a topic, and that this took too long,
// in turns.
func TestRefusalsAreNoRecovery(t *testing.T) {
	s := newRefusalSetup(t, 300)
	s.dest.answer = func(r request) error {
		if r.number%2 == 0 {
			return context.DeadlineExceeded
		}
		return consumererror.NewPermanent(errUnauthorized)
	}
	stop := s.run()
	s.host.waitFor(t, componentstatus.StatusRecoverableError, "")
	s.eventually(func(c *assert.CollectT) { assert.Greater(c, s.dest.count(), 40) })
	assert.Zero(t, s.logs.FilterMessage("Recovered").Len())
	s.host.mu.Lock()
	assert.Len(t, s.host.statuses, 1, "statuses")
	s.host.mu.Unlock()
	s.dest.set(nil)
	s.waitForWhole(idRange(1, 300))
	s.host.waitFor(t, componentstatus.StatusOK, "")
	assert.Equal(t, 1, s.logs.FilterMessage("Recovered").Len())
	stop()
}
