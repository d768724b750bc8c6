// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package deadletterconnector

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
)

// A failure that is reported before the lane holds is over when nobody waits any more
// and the target accepts what comes.
func TestReportedFailureOfNobodyEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(t)
		s.config.InitialInterval, s.config.MaxInterval = 40*time.Second, 40*time.Second
		s.start()
		defer s.shutdown()
		s.pipes["a"].setAnswer(always(errRetryable))
		ctx, cancel := context.WithCancel(t.Context())
		c := s.consume(ctx, logsOf("1"))
		time.Sleep(20 * time.Second)
		status, _ := s.host.status()
		require.Equal(t, componentstatus.StatusRecoverableError, status)
		cancel() // the partition is lost
		<-c.done
		require.Error(t, c.err)
		s.pipes["a"].setAnswer(nil)
		time.Sleep(5 * time.Second)
		for range 5 { // everything is accepted from here on
			require.NoError(t, s.connector.ConsumeLogs(t.Context(), logsOf("1", "2")))
			time.Sleep(time.Hour)
		}
		status, text := s.host.status()
		assert.Equal(t, componentstatus.StatusOK, status, text)
	})
}

// A single acceptance, and then an outage: no record is blamed for it.
func TestNothingIsBlamedForAnOutageAfterAnAcceptance(t *testing.T) {
	for name, answer := range map[string]error{"destination": errDestination, "retryable": errRetryable} {
		for _, records := range []int{1, 5} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newSetup(t).start()
					defer s.shutdown()
					s.pipes["a"].setAnswer(always(answer))
					c := s.consume(t.Context(), logsOf(numbered("a", records)...))
					time.Sleep(2 * time.Minute)
					other := s.consume(t.Context(), logsOf("other"))
					time.Sleep(2 * time.Minute)
					// The destination is back for one request that is not the first's.
					s.pipes["a"].setAnswer(func(_ context.Context, uids []string) error {
						if uids[0] == "other" {
							return nil
						}
						return answer
					})
					<-other.done
					s.pipes["a"].setAnswer(always(answer)) // and down again
					time.Sleep(30 * time.Minute)
					assert.Zero(t, s.pipes["r"].count(), "blamed")
					s.pipes["a"].setAnswer(nil)
					<-c.done
					assert.Len(t, s.pipes["a"].acceptedUIDs(), records+1)
				})
			})
		}
	}
}

// A target that takes some seconds to refuse is seen within a minute.
func TestSlowSearchIsSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(t).start()
		defer s.shutdown()
		s.pipes["a"].setAnswer(func(context.Context, []string) error {
			time.Sleep(9 * time.Second)
			return errUnknown
		})
		c := s.consume(t.Context(), logsOf(numbered("a", 1000)...))
		time.Sleep(time.Minute)
		status, _ := s.host.status()
		assert.Equal(t, componentstatus.StatusRecoverableError, status)
		s.pipes["a"].setAnswer(nil)
		<-c.done
	})
}
