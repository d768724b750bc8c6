// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package deadletterconnector

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap/zapcore"
)

const keptRecordsMetric = "otelcol_connector_dead_letter_kept_records"

// A record that is refused, with nothing else on its way, is kept: what comes next is
// evidence, and then it goes to the refused pipelines.
func TestKeepsARecordThatIsRefusedAlone(t *testing.T) {
	for name, answer := range map[string]error{
		"content": errContent, "unknown": errUnknown, "size": refusal{class: "size"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				storage := newStorage()
				s := newSetup(t).withStorage(storage).start()
				defer s.shutdown()
				s.pipes["a"].setAnswer(refuses(answer, "bad"))
				bad := s.consume(kafkaContext(t.Context(), "t", 0, 1), logsOf("bad"))
				<-bad.done
				require.NoError(t, bad.err)
				if name == "unknown" { // it may be the target
					assert.GreaterOrEqual(t, bad.took, time.Minute)
					assert.Less(t, bad.took, 2*time.Minute)
				} else {
					assert.GreaterOrEqual(t, bad.took, 5*time.Second)
					assert.Less(t, bad.took, 30*time.Second)
				}
				assert.Empty(t, s.pipes["r"].acceptedUIDs(), "nothing shows yet that it is the record")
				assert.Len(t, storage.kept(), 1)
				assert.Equal(t, int64(1), s.gauge(keptRecordsMetric))
				status, _ := s.host.status()
				assert.Equal(t, componentstatus.StatusRecoverableError, status)

				time.Sleep(time.Hour + time.Second) // not at the time of an attempt
				start := time.Now()
				require.NoError(t, s.connector.ConsumeLogs(kafkaContext(t.Context(), "t", 0, 2), logsOf("good")))
				assert.Zero(t, time.Since(start), "it is sent at once")
				synctest.Wait()
				assert.Equal(t, map[string]int{"bad": 1}, s.pipes["r"].acceptedUIDs())
				require.Len(t, s.pipes["r"].logs, 1)
				refused := s.pipes["r"].logs[0].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
				assert.Equal(t, "body of bad", refused.Body().Str())
				offset, _ := refused.Attributes().Get(attributeOffset)
				assert.Equal(t, int64(1), offset.Int())
				assert.Empty(t, storage.kept())
				assert.Zero(t, s.gauge(keptRecordsMetric))
				status, _ = s.host.status()
				assert.Equal(t, componentstatus.StatusOK, status)
				assert.LessOrEqual(t, len(s.lines(zapcore.WarnLevel)), 3)
			})
		})
	}
}

// A message of which every record is refused, or all but one, does not take longer than one
// of one record. One acceptance is evidence for all that were refused before it.
func TestKeepsAMessageThatIsRefused(t *testing.T) {
	for _, size := range []int{2, 11, 100, 640} {
		t.Run(strconv.Itoa(size), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				storage := newStorage()
				s := newSetup(t).withStorage(storage).start()
				defer s.shutdown()
				bad := numbered("bad", size)
				s.pipes["a"].setAnswer(refuses(errContent, bad...))
				c := s.consume(kafkaContext(t.Context(), "t", 0, 1), logsOf(bad...))
				<-c.done
				require.NoError(t, c.err)
				assert.Less(t, c.took, 3*time.Minute)
				assert.Len(t, storage.kept(), size)
				assert.Empty(t, s.pipes["r"].acceptedUIDs())

				for i := range 8 * 60 { // a quiet registry: one in a minute
					time.Sleep(time.Minute)
					begin := time.Now()
					require.NoError(t, s.connector.ConsumeLogs(kafkaContext(t.Context(), "t", 0, int64(2+i)), logsOf("good"+strconv.Itoa(i))))
					assert.Zero(t, time.Since(begin), "it is sent at once")
				}
				synctest.Wait()
				want := map[string]int{}
				for _, uid := range bad {
					want[uid] = 1
				}
				assert.Equal(t, want, s.pipes["r"].acceptedUIDs())
				assert.Empty(t, storage.kept())
			})
		})
	}
}

// What is kept survives a restart. Its message, which comes again, is known.
func TestKeptRecordsOverRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		storage := newStorage()
		s := newSetup(t).withStorage(storage).start()
		s.pipes["a"].setAnswer(refuses(errContent, "bad1", "bad2"))
		message := func() (context.Context, plog.Logs) {
			return kafkaContext(t.Context(), "t", 0, 1), logsOf("bad1", "bad2")
		}
		require.NoError(t, s.connector.ConsumeLogs(message()))
		assert.Len(t, storage.kept(), 2)
		s.shutdown()
		assert.Len(t, storage.kept(), 2)

		s = newSetup(t).withStorage(storage)
		s.pipes["a"].setAnswer(refuses(errContent, "bad1", "bad2"))
		s.start()
		defer s.shutdown()
		assert.Equal(t, int64(2), s.gauge(keptRecordsMetric))
		start := time.Now()
		require.NoError(t, s.connector.ConsumeLogs(message()))
		require.NoError(t, s.connector.ConsumeLogs(message()))
		assert.Zero(t, time.Since(start))
		assert.Len(t, storage.kept(), 2)
		for _, uid := range []string{"good1", "good2", "good3"} {
			require.NoError(t, s.connector.ConsumeLogs(kafkaContext(t.Context(), "t", 0, 2), logsOf(uid)))
			synctest.Wait()
		}
		assert.Equal(t, map[string]int{"bad1": 1, "bad2": 1}, s.pipes["r"].acceptedUIDs())
		assert.Equal(t, map[string]int{"good1": 1, "good2": 1, "good3": 1}, s.pipes["a"].acceptedUIDs())
		assert.Empty(t, storage.kept())
	})
}

// A topic that was made anew has other records at the same offsets.
func TestKeptRecordOfAnotherTopic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(t).withStorage(newStorage()).start()
		defer s.shutdown()
		s.pipes["a"].setAnswer(refuses(errContent, "bad"))
		require.NoError(t, s.connector.ConsumeLogs(kafkaContext(t.Context(), "t", 0, 1), logsOf("bad")))
		require.NoError(t, s.connector.ConsumeLogs(kafkaContext(t.Context(), "t", 0, 1), logsOf("other")))
		assert.Equal(t, 1, s.pipes["a"].acceptedUIDs()["other"])
	})
}

// A target that refuses everything fills the storage and then holds. When it accepts
// again, it gets everything, and nothing was blamed.
func TestKeptRecordsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		storage := newStorage()
		s := newSetup(t).withStorage(storage).start()
		defer s.shutdown()
		s.pipes["a"].setAnswer(always(errUnknown))
		for i := range maxKept {
			require.NoError(t, s.connector.ConsumeLogs(kafkaContext(t.Context(), "t", 0, int64(i)), logsOf(strconv.Itoa(i))))
		}
		last := s.consume(kafkaContext(t.Context(), "t", 0, maxKept), logsOf("last"))
		time.Sleep(24 * time.Hour)
		assert.False(t, last.returned())
		assert.Len(t, storage.kept(), maxKept)
		status, _ := s.host.status()
		assert.Equal(t, componentstatus.StatusRecoverableError, status)
		s.pipes["a"].setAnswer(nil)
		<-last.done
		require.NoError(t, last.err)
		time.Sleep(time.Minute)
		synctest.Wait()
		accepted := s.pipes["a"].acceptedUIDs()
		assert.Len(t, accepted, maxKept+1)
		for uid, n := range accepted {
			assert.Equal(t, 1, n, uid)
		}
		assert.Zero(t, s.pipes["r"].count())
		assert.Empty(t, storage.kept())
		assert.LessOrEqual(t, len(s.lines(zapcore.WarnLevel)), 1500)
	})
}

// Large records fill it with fewer.
func TestKeptRecordsAreBoundedInBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		storage := newStorage()
		s := newSetup(t).withStorage(storage).start()
		defer s.shutdown()
		s.pipes["a"].setAnswer(always(errContent))
		large := func() plog.Logs {
			logs := logsOf("large")
			logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body().SetEmptyBytes().Append(make([]byte, 5<<20)...)
			return logs
		}
		var calls []*call
		for i := range 3 {
			calls = append(calls, s.consume(kafkaContext(t.Context(), "t", int64(i), 1), large()))
		}
		time.Sleep(time.Hour)
		assert.Len(t, storage.kept(), 2, "6.7 MiB each")
		s.pipes["a"].setAnswer(nil)
		for _, c := range calls {
			<-c.done
			require.NoError(t, c.err)
		}
	})
}

// Without a storage, with one that fails, or if nothing tells the record from others,
// the call holds. So it does for errors that say nothing of a record.
func TestNotKept(t *testing.T) {
	type test struct {
		answer  error
		logs    plog.Logs
		without bool
		fails   error
	}
	for name, test := range map[string]test{
		"no storage":    {answer: errContent, logs: logsOf("bad"), without: true},
		"storage fails": {answer: errContent, logs: logsOf("bad"), fails: errors.New("disk full")},
		"no name":       {answer: errContent, logs: logsOf("")},
		"busy":          {answer: errBusy, logs: logsOf("bad")},
		"retryable":     {answer: errRetryable, logs: logsOf("bad")},
		"destination":   {answer: errDestination, logs: logsOf("bad")},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				storage := newStorage()
				storage.err = test.fails
				s := newSetup(t)
				if !test.without {
					s.withStorage(storage)
				}
				s.start()
				s.pipes["a"].setAnswer(always(test.answer))
				c := s.consume(t.Context(), test.logs)
				time.Sleep(time.Hour)
				assert.False(t, c.returned())
				assert.Empty(t, storage.kept())
				s.pipes["a"].setAnswer(nil)
				<-c.done
				require.NoError(t, c.err)
				assert.Zero(t, s.pipes["r"].count())
				storage.fail(nil)
				s.shutdown()
			})
		})
	}
}

// A record that the storage has written too late is not delivered twice.
func TestStorageIsSlowToKeep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		storage := newStorage()
		s := newSetup(t).withStorage(storage).start()
		defer s.shutdown()
		s.pipes["a"].setAnswer(refuses(errContent, "bad"))
		block := make(chan struct{})
		storage.mu.Lock()
		storage.block = block
		storage.mu.Unlock()
		bad := s.consume(t.Context(), logsOf("bad"))
		time.Sleep(10 * time.Minute)
		assert.False(t, bad.returned(), "it is not known whether it is written")
		status, text := s.host.status()
		assert.Equal(t, componentstatus.StatusRecoverableError, status)
		assert.Contains(t, text, "storage")
		require.NoError(t, s.connector.ConsumeLogs(t.Context(), logsOf("good1")))
		close(block) // the write succeeds
		for i := 0; !bad.returned(); i++ {
			require.NoError(t, s.connector.ConsumeLogs(t.Context(), logsOf("more"+strconv.Itoa(i))))
			time.Sleep(time.Second)
		}
		require.NoError(t, bad.err)
		synctest.Wait()
		assert.Equal(t, map[string]int{"bad": 1}, s.pipes["r"].acceptedUIDs())
		assert.Empty(t, storage.kept())
	})
}

// A damaged entry is named, the others go on, and entries of pipelines that are gone are
// counted.
func TestKeptRecordsThatCannotBeDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		storage := newStorage()
		s := newSetup(t, "a", "b").withStorage(storage).start()
		for _, name := range []string{"a", "b"} {
			s.pipes[name].setAnswer(refuses(errContent, "bad1", "bad2"))
		}
		for i, uid := range []string{"bad1", "bad2"} {
			require.NoError(t, s.connector.ConsumeLogs(kafkaContext(t.Context(), "t", 0, int64(i)), logsOf(uid)))
		}
		s.shutdown()
		require.Len(t, storage.kept(), 4)
		damaged := ""
		for slot := range 4 {
			loaded, err := decodeKept(storage.values[keptKey(slot)])
			require.NoError(t, err)
			if loaded.value.Pipeline == "logs/a" && loaded.value.Offset == 0 {
				damaged = keptKey(slot)
			}
		}
		text := storage.values[damaged]
		text[len(text)-10] ^= 1

		s = newSetup(t, "a").withStorage(storage).start()
		defer s.shutdown()
		time.Sleep(time.Minute)
		assert.Equal(t, map[string]int{"bad2": 1}, s.pipes["a"].acceptedUIDs())
		assert.Len(t, storage.kept(), 3)
		errs := s.log.FilterLevelExact(zapcore.ErrorLevel).All()
		require.Len(t, errs, 1)
		assert.Equal(t, damaged, errs[0].ContextMap()["key"])
		warnings := s.log.FilterMessageSnippet("not in `pipelines`").All()
		require.Len(t, warnings, 1)
		assert.Equal(t, map[string]any{"pipeline": "logs/b", "records": int64(2)}, warnings[0].ContextMap())
	})
}

// A storage that cannot be read is an error of the start: what it has would be lost.
func TestKeptRecordsCannotBeRead(t *testing.T) {
	s := newSetup(t).withStorage(newStorage()).start()
	defer s.shutdown()
	kept := newKeptRecords(s.logger)
	kept.storage = &stateStorage{client: unreadable{newStorage()}}
	_, err := kept.load(t.Context())
	require.ErrorContains(t, err, "reading kept records")
}

// The shutdown is in time while a refused pipeline does not accept a kept record, or the
// target does not answer.
func TestShutdownWithKeptRecords(t *testing.T) {
	for _, name := range []string{"a", "r"} {
		for kind, answer := range map[string]func(context.Context, []string) error{
			"refuses":    always(errDestination),
			"waits":      func(ctx context.Context, _ []string) error { <-ctx.Done(); return ctx.Err() },
			"never ends": func(context.Context, []string) error { time.Sleep(time.Hour); return nil },
		} {
			t.Run(name+" "+kind, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					storage := newStorage()
					s := newSetup(t).withStorage(storage).start()
					s.pipes["a"].setAnswer(refuses(errContent, "bad"))
					require.NoError(t, s.connector.ConsumeLogs(t.Context(), logsOf("bad")))
					s.pipes[name].setAnswer(answer)
					good := s.consume(t.Context(), logsOf("good"))
					time.Sleep(time.Minute)
					start := time.Now()
					s.shutdown()
					assert.Less(t, time.Since(start), 2*time.Second)
					assert.Len(t, storage.kept(), 1)
					<-good.done
					time.Sleep(2 * time.Hour)
				})
			})
		}
	}
}

// unreadable is a storage that cannot be read.
type unreadable struct{ *memoryStorage }

func (unreadable) Batch(context.Context, ...*storage.Operation) error {
	return errors.New("page 7 is damaged")
}

// What cannot be deleted at once is deleted later: it would come again after a restart.
func TestKeptRecordThatCannotBeDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		storage := newStorage()
		s := newSetup(t).withStorage(storage).start()
		s.pipes["a"].setAnswer(refuses(errContent, "bad"))
		require.NoError(t, s.connector.ConsumeLogs(t.Context(), logsOf("bad")))
		storage.fail(errors.New("disk full"))
		require.NoError(t, s.connector.ConsumeLogs(t.Context(), logsOf("good1")))
		synctest.Wait()
		assert.Len(t, s.pipes["r"].acceptedUIDs(), 1)
		assert.Len(t, storage.kept(), 1)
		storage.fail(nil)
		s.shutdown()
		assert.Empty(t, storage.kept())
	})
}
