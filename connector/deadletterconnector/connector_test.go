// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package deadletterconnector

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.uber.org/zap/zapcore"
)

// Each target gets each record, as a copy of its own, and nothing else happens.
func TestDeliversToEachTarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(t, "a", "b").start()
		defer s.shutdown()
		logs := logsOf("1", "2", "3")
		logs.MarkReadOnly()
		require.NoError(t, s.connector.ConsumeLogs(t.Context(), logs))
		for _, name := range []string{"a", "b"} {
			assert.Equal(t, [][]string{{"1", "2", "3"}}, s.pipes[name].requests)
			assert.Equal(t, 3, s.pipes[name].logs[0].LogRecordCount(), "whole, though the targets remove what they get")
		}
		assert.Equal(t, 3, logs.LogRecordCount())
		assert.Zero(t, s.pipes["r"].count())
		assert.Empty(t, s.host.statuses)
		assert.Empty(t, s.lines(zapcore.InfoLevel))
		assert.False(t, s.connector.Capabilities().MutatesData)
	})
}

// Logs without records reach nobody.
func TestEmptyLogs(t *testing.T) {
	s := newSetup(t).start()
	defer s.shutdown()
	require.NoError(t, s.connector.ConsumeLogs(t.Context(), logsOf()))
	assert.Zero(t, s.pipes["a"].count())
}

// A slow target does not delay what another gets of the same message.
func TestTargetsApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(t, "a", "b").start()
		defer s.shutdown()
		s.pipes["a"].answer = always(errDestination)
		ctx, cancel := context.WithCancel(t.Context())
		c := s.consume(ctx, logsOf("1"))
		synctest.Wait()
		assert.Equal(t, map[string]int{"1": 1}, s.pipes["b"].acceptedUIDs())
		time.Sleep(time.Hour)
		assert.False(t, c.returned())
		assert.Equal(t, 1, s.pipes["b"].count(), "b has it")
		s.pipes["a"].setAnswer(nil)
		<-c.done
		require.NoError(t, c.err)
		cancel()
	})
}

// One record that is refused for good, of many: it alone goes to the refused pipeline,
// with the reason, and nothing is sent twice.
func TestOneRecordRefused(t *testing.T) {
	for name, answer := range map[string]error{"unknown": errUnknown, "content": errContent} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSetup(t).start()
				defer s.shutdown()
				s.pipes["a"].answer = refuses(answer, "u300")
				start := time.Now()
				require.NoError(t, s.connector.ConsumeLogs(kafkaContext(t.Context(), "t", 7, 42), logsOf(numbered("u", 640)...)))
				assert.Zero(t, time.Since(start), "without a wait")
				accepted := s.pipes["a"].acceptedUIDs()
				assert.Len(t, accepted, 639)
				for uid, n := range accepted {
					assert.Equal(t, 1, n, uid)
				}
				assert.LessOrEqual(t, s.pipes["a"].count(), 26)
				require.Equal(t, [][]string{{"u300"}}, s.pipes["r"].requests)
				r := s.pipes["r"].logs[0].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
				assert.Equal(t, "body of u300", r.Body().Str())
				assert.Equal(t, map[string]any{
					attributeUID:                         "u300",
					"dead_letter.pipeline":               "logs/a",
					"dead_letter.class":                  name,
					"dead_letter.reason":                 answer.Error(),
					"messaging.destination.name":         "t",
					"messaging.destination.partition.id": "7",
					"messaging.kafka.offset":             int64(42),
				}, r.Attributes().AsRaw())
				assert.Len(t, s.lines(zapcore.WarnLevel), 1)
				assert.Empty(t, s.host.statuses)
			})
		})
	}
}

// 503 for one record that lasts: it is blamed with evidence, the others wait for some
// back-offs.
func TestOneRecordAnsweredWithRetryableErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(t).start()
		defer s.shutdown()
		s.pipes["a"].answer = refuses(errRetryable, "u7")
		start := time.Now()
		require.NoError(t, s.connector.ConsumeLogs(t.Context(), logsOf(numbered("u", 100)...)))
		assert.Less(t, time.Since(start), 3*time.Minute)
		assert.Len(t, s.pipes["a"].acceptedUIDs(), 99)
		assert.Equal(t, map[string]int{"u7": 1}, s.pipes["r"].acceptedUIDs())
	})
}

// What an error names as accepted is not sent again, and an answer that accepts others
// shows which record is to blame.
func TestPartialAcceptance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(t).start()
		defer s.shutdown()
		s.pipes["a"].answer = func(_ context.Context, uids []string) error {
			r := refusal{class: "content"}
			for _, uid := range uids {
				if uid != "u7" {
					r.accepted = append(r.accepted, uid)
				}
			}
			if len(r.accepted) == len(uids) {
				return nil
			}
			return consumererror.NewPermanent(r)
		}
		require.NoError(t, s.connector.ConsumeLogs(t.Context(), logsOf(numbered("u", 640)...)))
		assert.Len(t, s.pipes["a"].requests, 2)
		assert.Len(t, s.pipes["a"].acceptedUIDs(), 639)
		assert.Equal(t, map[string]int{"u7": 1}, s.pipes["r"].acceptedUIDs())
	})
}

// A uid that several records of a message have says nothing of which one was accepted.
func TestPartialAcceptanceOfRepeatedUIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(t).start()
		defer s.shutdown()
		first := true
		s.pipes["a"].answer = func(_ context.Context, uids []string) error {
			if !first {
				return nil
			}
			first = false
			return refusal{class: "retryable", accepted: []string{"same", "other"}}
		}
		require.NoError(t, s.connector.ConsumeLogs(t.Context(), logsOf("same", "other", "same")))
		assert.Equal(t, [][]string{{"same", "other", "same"}, {"same"}, {"same"}}, s.pipes["a"].requests, "the other is not sent again")
	})
}

// A message of one record has no neighbours. Refused for good, it holds without any
// evidence that the target accepts anything, whatever the error blames.
func TestHoldsWithoutEvidence(t *testing.T) {
	for name, answer := range map[string]error{
		"unknown": errUnknown, "content": errContent, "destination": errDestination, "retryable": errRetryable, "busy": errBusy,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSetup(t).start()
				defer s.shutdown()
				s.pipes["a"].answer = always(answer)
				c := s.consume(t.Context(), logsOf("1"))
				time.Sleep(time.Minute)
				synctest.Wait()
				status, text := s.host.status()
				assert.Equal(t, componentstatus.StatusRecoverableError, status, "seen within a minute")
				assert.Contains(t, text, "logs/a")
				assert.Contains(t, text, answer.Error())
				time.Sleep(24 * time.Hour)
				synctest.Wait()
				assert.False(t, c.returned())
				assert.Zero(t, s.pipes["r"].count())
				assert.InDelta(t, 24*3600/30, s.pipes["a"].count(), 60, "one for each back-off")
				assert.Len(t, s.lines(zapcore.WarnLevel), 1)

				s.pipes["a"].setAnswer(nil)
				<-c.done
				require.NoError(t, c.err)
				synctest.Wait()
				status, _ = s.host.status()
				assert.Equal(t, componentstatus.StatusOK, status)
				assert.Equal(t, "Recovered", s.lines(zapcore.InfoLevel)[1])
				assert.Len(t, s.lines(zapcore.InfoLevel), 2)
				assert.Len(t, s.host.statuses, 2)
			})
		})
	}
}

// What the target accepts of another call meanwhile is the evidence.
func TestEvidenceFromOtherCalls(t *testing.T) {
	for name, answer := range map[string]error{"unknown": errUnknown, "content": errContent} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSetup(t).start()
				defer s.shutdown()
				s.pipes["a"].answer = refuses(answer, "bad")
				c := s.consume(t.Context(), logsOf("bad"))
				synctest.Wait()
				require.False(t, c.returned())
				start := time.Now()
				require.NoError(t, s.connector.ConsumeLogs(t.Context(), logsOf("good")))
				<-c.done
				require.NoError(t, c.err)
				assert.Zero(t, time.Since(start), "at once")
				assert.Equal(t, map[string]int{"bad": 1}, s.pipes["r"].acceptedUIDs())
				assert.Equal(t, map[string]int{"good": 1}, s.pipes["a"].acceptedUIDs())
			})
		})
	}
}

// An answer to a request of before the refusal is no evidence: the target may have
// changed since.
func TestNoEvidenceFromBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(t).start()
		defer s.shutdown()
		slow := make(chan struct{})
		s.pipes["a"].answer = func(_ context.Context, uids []string) error {
			if uids[0] == "slow" {
				<-slow
				return nil
			}
			return errUnknown
		}
		other := s.consume(t.Context(), logsOf("slow"))
		synctest.Wait()
		c := s.consume(t.Context(), logsOf("1"))
		synctest.Wait()
		close(slow)
		<-other.done
		require.NoError(t, other.err)
		time.Sleep(time.Hour)
		assert.False(t, c.returned())
		assert.Zero(t, s.pipes["r"].count())
	})
}

// Many calls on a dead target send one request for each back-off in all, with one record,
// and when it is back, all go on.
func TestCallsShareAHold(t *testing.T) {
	for name, answer := range map[string]error{"unknown": errUnknown, "destination": errDestination, "retryable": errRetryable} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSetup(t).start()
				defer s.shutdown()
				s.pipes["a"].answer = always(answer)
				var calls []*call
				for i := range 50 {
					calls = append(calls, s.consume(t.Context(), logsOf(numbered(string(rune('A'+i)), 20)...)))
				}
				time.Sleep(5 * time.Minute)
				synctest.Wait()
				before := s.pipes["a"].count()
				calls = append(calls, s.consume(t.Context(), logsOf("new")))
				time.Sleep(time.Hour)
				synctest.Wait()
				assert.InDelta(t, 3600/30, s.pipes["a"].count()-before, 3)
				probed := map[string]bool{}
				for _, request := range s.pipes["a"].requests[before:] {
					require.Len(t, request, 1)
					probed[request[0]] = true
				}
				assert.True(t, probed["new"], "records of all calls in turn")
				assert.Zero(t, s.pipes["r"].count())
				assert.Len(t, s.lines(zapcore.WarnLevel), 1)

				s.pipes["a"].setAnswer(nil)
				start := time.Now()
				for _, c := range calls {
					<-c.done
					require.NoError(t, c.err)
				}
				assert.LessOrEqual(t, time.Since(start), 31*time.Second)
				assert.Len(t, s.pipes["a"].acceptedUIDs(), 1001)
				for uid, n := range s.pipes["a"].acceptedUIDs() {
					require.Equal(t, 1, n, uid)
				}
				assert.Zero(t, s.pipes["r"].count())
			})
		})
	}
}

// A destination that works again: the evidence of one call does not blame what the
// others were refused for while it was down.
func TestNothingIsBlamedForAnOutage(t *testing.T) {
	for name, answer := range map[string]error{"unknown": errUnknown, "content": errContent, "destination": errDestination, "retryable": errRetryable} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSetup(t).start()
				defer s.shutdown()
				s.pipes["a"].answer = always(answer)
				var calls []*call
				for i := range 5 {
					calls = append(calls, s.consume(t.Context(), logsOf(numbered(string(rune('A'+i)), 1)...)))
				}
				time.Sleep(3 * time.Minute)
				s.pipes["a"].setAnswer(nil)
				for _, c := range calls {
					<-c.done
					require.NoError(t, c.err)
				}
				assert.Zero(t, s.pipes["r"].count())
				assert.Len(t, s.pipes["a"].acceptedUIDs(), 5)
			})
		})
	}
}

// What is given up goes to each refused pipeline, once. Until all have it, the call
// waits, and status, log and metric name the pipeline.
func TestRefusedPipelineHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(t)
		s.addRefused("q")
		s.start()
		defer s.shutdown()
		s.pipes["a"].answer = refuses(errContent, "u1")
		s.pipes["q"].answer = always(errUnknown)
		c := s.consume(t.Context(), logsOf(numbered("u", 3)...))
		time.Sleep(time.Hour)
		synctest.Wait()
		assert.False(t, c.returned())
		assert.Equal(t, map[string]int{"u1": 1}, s.pipes["r"].acceptedUIDs())
		assert.InDelta(t, 3600/30, s.pipes["q"].count(), 6)
		status, text := s.host.status()
		assert.Equal(t, componentstatus.StatusRecoverableError, status)
		assert.Contains(t, text, "logs/q")
		s.pipes["q"].setAnswer(nil)
		<-c.done
		require.NoError(t, c.err)
		assert.Equal(t, map[string]int{"u1": 1}, s.pipes["q"].acceptedUIDs())
		assert.Equal(t, 1, s.pipes["r"].count(), "not again")
		assert.Len(t, s.pipes["a"].acceptedUIDs(), 2)
		synctest.Wait()
		status, _ = s.host.status()
		assert.Equal(t, componentstatus.StatusOK, status)
	})
}

// A call whose context ends returns within a second, also when the target does not
// return, and with an error that is not permanent and wraps nothing.
func TestContextEnds(t *testing.T) {
	for name, answer := range map[string]func(context.Context, []string) error{
		"holding":     always(errDestination),
		"retrying":    always(errRetryable),
		"waits":       func(ctx context.Context, _ []string) error { <-ctx.Done(); return ctx.Err() },
		"never ends":  func(context.Context, []string) error { time.Sleep(time.Hour); return nil },
		"in the lane": refusesThenHangs(),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSetup(t).start()
				defer s.shutdown()
				s.pipes["a"].answer = answer
				ctx, cancel := context.WithCancel(t.Context())
				c := s.consume(ctx, logsOf("1", "2"))
				time.Sleep(time.Minute)
				require.False(t, c.returned())
				start := time.Now()
				cancel()
				<-c.done
				assert.Less(t, time.Since(start), time.Second)
				require.Error(t, c.err)
				assert.False(t, consumererror.IsPermanent(c.err))
				require.NoError(t, errors.Unwrap(c.err))
				time.Sleep(2 * time.Hour) // the target returns
			})
		})
	}
}

func refusesThenHangs() func(context.Context, []string) error {
	first := true
	return func(context.Context, []string) error {
		if first {
			first = false
			return errUnknown
		}
		time.Sleep(time.Hour)
		return nil
	}
}

// Nothing is sent for a call whose context has ended before.
func TestContextHasEnded(t *testing.T) {
	s := newSetup(t).start()
	defer s.shutdown()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Error(t, s.connector.ConsumeLogs(ctx, logsOf("1")))
	assert.Zero(t, s.pipes["a"].count())
}

// A request that is answered shortly after the context has ended counts: what the target
// has need not come again.
func TestGraceForRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(t).start()
		defer s.shutdown()
		s.pipes["a"].answer = func(ctx context.Context, _ []string) error {
			time.Sleep(time.Minute + 300*time.Millisecond)
			return ctx.Err()
		}
		ctx, cancel := context.WithCancel(t.Context())
		c := s.consume(ctx, logsOf("1"))
		time.Sleep(time.Minute)
		cancel()
		<-c.done
		require.NoError(t, c.err)
	})
}

// Shutdown ends calls that wait, and no call begins after it.
func TestShutdown(t *testing.T) {
	for name, answer := range map[string]func(context.Context, []string) error{
		"holding":    always(errDestination),
		"never ends": func(context.Context, []string) error { time.Sleep(time.Hour); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSetup(t, "a", "b").start()
				s.pipes["a"].answer = answer
				c := s.consume(t.Context(), logsOf("1"))
				time.Sleep(time.Minute)
				start := time.Now()
				s.shutdown()
				assert.Less(t, time.Since(start), time.Second)
				<-c.done
				require.ErrorIs(t, c.err, errShuttingDown)
				require.ErrorIs(t, s.connector.ConsumeLogs(t.Context(), logsOf("2")), errShuttingDown)
				time.Sleep(2 * time.Hour)
			})
		})
	}
}

// When nobody waits for a target that holds any more, as after a rebalance, the status is
// OK again.
func TestHoldOfNobodyEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(t).start()
		defer s.shutdown()
		s.pipes["a"].answer = always(errDestination)
		ctx, cancel := context.WithCancel(t.Context())
		c := s.consume(ctx, logsOf("1"))
		time.Sleep(time.Minute)
		cancel()
		<-c.done
		synctest.Wait()
		status, _ := s.host.status()
		assert.Equal(t, componentstatus.StatusRecoverableError, status)
		before := s.pipes["a"].count()

		ctx, cancel = context.WithTimeout(t.Context(), time.Second) // the hold is remembered
		c = s.consume(ctx, logsOf("2"))
		<-c.done
		cancel()
		assert.Equal(t, before, s.pipes["a"].count())

		time.Sleep(2 * idleHold)
		synctest.Wait()
		status, _ = s.host.status()
		assert.Equal(t, componentstatus.StatusOK, status)
	})
}

// A target that does not return is seen, though nothing has failed.
func TestStuckTarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(t).start()
		defer s.shutdown()
		s.pipes["a"].answer = func(context.Context, []string) error { time.Sleep(time.Minute); return nil }
		c := s.consume(t.Context(), logsOf("1"))
		time.Sleep(stuckAfter + time.Second)
		synctest.Wait()
		status, text := s.host.status()
		assert.Equal(t, componentstatus.StatusRecoverableError, status)
		assert.Contains(t, text, "logs/a does not return")
		<-c.done
		require.NoError(t, c.err)
		synctest.Wait()
		status, _ = s.host.status()
		assert.Equal(t, componentstatus.StatusOK, status)
		assert.Len(t, s.lines(zapcore.InfoLevel), 2)
	})
}

// All of a message is refused, one record after the other, once the target is seen to
// accept something.
func TestAllOfAMessageRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(t).start()
		defer s.shutdown()
		bad := numbered("bad", 40)
		s.pipes["a"].answer = refuses(errContent, bad...)
		c := s.consume(t.Context(), logsOf(bad...))
		for i := range 100 {
			time.Sleep(time.Second)
			require.NoError(t, s.connector.ConsumeLogs(t.Context(), logsOf(numbered("good", i+1)[i])))
			if c.returned() {
				break
			}
		}
		<-c.done
		require.NoError(t, c.err)
		assert.Len(t, s.pipes["r"].acceptedUIDs(), 40)
	})
}

// A record that is found to be to blame by what other calls show is no failure of the
// target: nothing is reported but the record.
func TestBlamedAtOnceIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(t).start()
		defer s.shutdown()
		s.pipes["a"].answer = refuses(errContent, "bad")
		c := s.consume(t.Context(), logsOf("bad"))
		time.Sleep(time.Second)
		require.NoError(t, s.connector.ConsumeLogs(t.Context(), logsOf("good")))
		<-c.done
		require.NoError(t, c.err)
		assert.Empty(t, s.host.statuses)
		assert.Len(t, s.lines(zapcore.InfoLevel), 1)
	})
}

// With long pauses, too, a target that accepts nothing is seen within a minute.
func TestSeenWithLongIntervals(t *testing.T) {
	for name, answer := range map[string]error{"unknown": errUnknown, "destination": errDestination, "retryable": errRetryable} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSetup(t)
				s.config.InitialInterval, s.config.MaxInterval = 10*time.Minute, 10*time.Minute
				s.start()
				defer s.shutdown()
				s.pipes["a"].answer = always(answer)
				ctx, cancel := context.WithCancel(t.Context())
				c := s.consume(ctx, logsOf("1"))
				time.Sleep(time.Minute)
				synctest.Wait()
				status, _ := s.host.status()
				assert.Equal(t, componentstatus.StatusRecoverableError, status)
				cancel()
				<-c.done
			})
		})
	}
}

// A record that is answered with 503 for good does not hold up the others: these are
// delivered beside it, and show that the target is not down. An error that blames the
// target is believed: they wait for a pause, three times.
func TestErrorsOfOneMessageStopNoOther(t *testing.T) {
	for name, test := range map[string]struct {
		answer  error
		maxWait time.Duration
	}{"retryable": {errRetryable, 0}, "destination": {errDestination, 3 * 20 * time.Second}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSetup(t).start()
				defer s.shutdown()
				s.pipes["a"].answer = refuses(test.answer, "bad")
				bad := s.consume(t.Context(), logsOf("bad"))
				waited := time.Duration(0)
				for i := range 120 {
					time.Sleep(time.Second)
					if bad.returned() {
						break
					}
					start := time.Now()
					require.NoError(t, s.connector.ConsumeLogs(t.Context(), logsOf(numbered("good", i+1)[i])))
					waited += time.Since(start)
				}
				require.True(t, bad.returned(), "within two minutes")
				require.NoError(t, bad.err)
				assert.LessOrEqual(t, waited, test.maxWait)
				assert.Equal(t, map[string]int{"bad": 1}, s.pipes["r"].acceptedUIDs())
			})
		})
	}
}

// The line about a hold names the record, so that an operator can look at it and skip it.
func TestHoldNamesRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(t).start()
		defer s.shutdown()
		s.pipes["a"].answer = always(errContent)
		ctx, cancel := context.WithCancel(kafkaContext(t.Context(), "t", 7, 42))
		c := s.consume(ctx, logsOf("1"))
		time.Sleep(time.Minute)
		synctest.Wait()
		lines := s.log.FilterLevelExact(zapcore.WarnLevel).All()
		require.Len(t, lines, 1)
		assert.Equal(t, map[string]any{
			"pipeline": "logs/a", "class": "content", "error": errContent.Error(), "uid": "1",
			"topic": "t", "partition": "7", "offset": int64(42),
		}, lines[0].ContextMap())
		cancel()
		<-c.done
	})
}
