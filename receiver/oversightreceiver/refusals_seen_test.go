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
	assert.Equal(t, 2, seenAfter, "requests until it was seen")
	assert.Zero(t, s.logs.FilterMessage("Recovered").Len())
}

// Quick refusals are no failure yet: one row may be to blame.
func TestQuickRefusalsAreNotReported(t *testing.T) {
	s := newRefusalSetup(t, 300)
	s.dest.answer = refuseTokens(true, "t150")
	stop := s.run()
	s.waitForWhole(without(idRange(1, 300), 150))
	stop()
	assert.Zero(t, s.logs.FilterMessage(string(failureDeliver)).Len())
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
