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
	"go.uber.org/zap/zapcore"
)

// A record that is never accepted, beside others that are, is not a page of the log an
// hour. A hold that lasts is logged all the same.
func TestLogOfARecordThatIsNeverAccepted(t *testing.T) {
	for name, answer := range map[string]error{"busy": errBusy, "retryable": errRetryable, "destination": errDestination} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSetup(t).start()
				defer s.shutdown()
				s.pipes["a"].setAnswer(refuses(answer, "bad"))
				ctx, cancel := context.WithCancel(t.Context())
				bad := s.consume(ctx, logsOf("bad"))
				for range 4 * 360 {
					time.Sleep(10 * time.Second)
					require.NoError(t, s.connector.ConsumeLogs(t.Context(), logsOf("good")))
				}
				synctest.Wait()
				assert.LessOrEqual(t, len(s.lines(zapcore.InfoLevel)), 10)
				before := s.log.FilterMessage(messageHold).Len()
				s.pipes["a"].setAnswer(always(errDestination))
				held := s.consume(ctx, logsOf("held"))
				time.Sleep(2 * time.Minute)
				synctest.Wait()
				assert.Equal(t, before+1, s.log.FilterMessage(messageHold).Len())
				cancel()
				<-bad.done
				<-held.done
			})
		})
	}
}
