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
	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap/zapcore"
)

var storageID = component.MustNewID("memory_storage")

// withStorage gives the connector a storage.
func (s *setup) withStorage(storage *memoryStorage) *setup {
	s.config.StorageID = &storageID
	s.host.extensions[storageID] = storage
	return s
}

func newStorage() *memoryStorage { return &memoryStorage{values: map[string][]byte{}} }

// read delivers messages with those offsets of partition 0.
func (s *setup) read(ctx context.Context, offsets ...int64) {
	s.t.Helper()
	for _, offset := range offsets {
		require.NoError(s.t, s.connector.ConsumeLogs(kafkaContext(ctx, "t", 0, offset), logsOf(strconv.FormatInt(offset, 10))))
	}
}

// Offsets that were never read are counted, logged once with their range, and shown by
// the status for an hour.
func TestExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(t).start()
		defer s.shutdown()
		s.read(t.Context(), 5, 6, 7, 100, 101)
		assert.Equal(t, int64(92), s.counter("otelcol_connector_dead_letter_expired_records"))
		lines := s.log.FilterLevelExact(zapcore.WarnLevel).All()
		require.Len(t, lines, 1)
		assert.Equal(t, map[string]any{
			"topic": "t", "partition": "0", "first": int64(8), "last": int64(99), "count": int64(92), "more_possible": false,
		}, lines[0].ContextMap())
		status, text := s.host.status()
		assert.Equal(t, componentstatus.StatusRecoverableError, status)
		assert.Contains(t, text, "topic t, partition 0: offsets 8 to 99, 92 messages")

		time.Sleep(59 * time.Minute)
		synctest.Wait()
		status, _ = s.host.status()
		assert.Equal(t, componentstatus.StatusRecoverableError, status)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		status, _ = s.host.status()
		assert.Equal(t, componentstatus.StatusOK, status)
		assert.Zero(t, s.counter("otelcol_connector_dead_letter_offset_resets"))
	})
}

// Messages that are read again, and other partitions and topics, are no gaps. Without
// the metadata of Kafka nothing is followed.
func TestNothingExpired(t *testing.T) {
	s := newSetup(t).start()
	defer s.shutdown()
	s.read(t.Context(), 5, 6, 7, 5, 6, 7, 7, 8, 3, 9)
	for _, ctx := range []context.Context{
		kafkaContext(t.Context(), "t", 1, 70), kafkaContext(t.Context(), "u", 0, 80), t.Context(),
		client.NewContext(t.Context(), client.Info{Metadata: client.NewMetadata(map[string][]string{
			"kafka.topic": {"t"}, "kafka.partition": {"0"}, "kafka.offset": {"many"},
		})}),
	} {
		require.NoError(t, s.connector.ConsumeLogs(ctx, logsOf("1")))
	}
	assert.Zero(t, s.counter("otelcol_connector_dead_letter_expired_records"))
	assert.Empty(t, s.lines(zapcore.InfoLevel))
	assert.Empty(t, s.host.statuses)
}

// A message without records has an offset, too.
func TestOffsetsOfEmptyMessages(t *testing.T) {
	s := newSetup(t).start()
	defer s.shutdown()
	s.read(t.Context(), 1)
	require.NoError(t, s.connector.ConsumeLogs(kafkaContext(t.Context(), "t", 0, 2), logsOf()))
	s.read(t.Context(), 3)
	assert.Zero(t, s.counter("otelcol_connector_dead_letter_expired_records"))
}

// A partition that begins anew is no gap, and a warning of its own.
func TestPartitionBeginsAnew(t *testing.T) {
	storage := newStorage()
	s := newSetup(t).withStorage(storage).start()
	defer s.shutdown()
	s.read(t.Context(), 5, 6, 7, 0, 1, 2)
	assert.JSONEq(t, `{"last":0,"reserved":100}`, string(storage.values["kafka/t/0"]), "a crash is not taken for a gap")
	assert.Equal(t, int64(1), s.counter("otelcol_connector_dead_letter_offset_resets"))
	assert.Zero(t, s.counter("otelcol_connector_dead_letter_expired_records"))
	lines := s.log.FilterLevelExact(zapcore.WarnLevel).All()
	require.Len(t, lines, 1)
	assert.Equal(t, map[string]any{"topic": "t", "partition": "0", "last": int64(7)}, lines[0].ContextMap())
	s.read(t.Context(), 5)
	assert.Equal(t, int64(2), s.counter("otelcol_connector_dead_letter_expired_records"), "as before")
}

// With a storage a gap over a restart is noticed.
func TestExpiredOverRestart(t *testing.T) {
	storage := newStorage()
	s := newSetup(t).withStorage(storage).start()
	s.read(t.Context(), 5, 6, 7)
	s.shutdown()
	assert.JSONEq(t, `{"last":7,"reserved":7}`, string(storage.values["kafka/t/0"]))

	s = newSetup(t).withStorage(storage).start()
	s.read(t.Context(), 8)
	assert.Zero(t, s.counter("otelcol_connector_dead_letter_expired_records"))
	s.shutdown()

	s = newSetup(t).withStorage(storage).start()
	defer s.shutdown()
	s.read(t.Context(), 100)
	assert.Equal(t, int64(91), s.counter("otelcol_connector_dead_letter_expired_records"))
}

// After a crash it is not known which of the last messages were read: none of them is
// reported by mistake, and what is missing behind them is.
func TestExpiredOverCrash(t *testing.T) {
	storage := newStorage()
	crashed := newSetup(t).withStorage(storage).start()
	for offset := range int64(1000) {
		crashed.read(t.Context(), offset)
	}
	writes := storage.writes
	assert.LessOrEqual(t, writes, 11, "one for 100 messages")
	values := map[string][]byte{"kafka/t/0": storage.values["kafka/t/0"]}
	defer crashed.shutdown() // of the test only

	s := newSetup(t).withStorage(&memoryStorage{values: values}).start()
	s.read(t.Context(), 1000)
	assert.Zero(t, s.counter("otelcol_connector_dead_letter_expired_records"))
	s.shutdown()

	values = map[string][]byte{"kafka/t/0": []byte(`{"last":909,"reserved":1009}`)}
	s = newSetup(t).withStorage(&memoryStorage{values: values}).start()
	defer s.shutdown()
	s.read(t.Context(), 2000, 2001)
	assert.Equal(t, int64(990), s.counter("otelcol_connector_dead_letter_expired_records"))
	assert.Equal(t, true, s.log.FilterLevelExact(zapcore.WarnLevel).All()[0].ContextMap()["more_possible"])
}

// A partition that another member of the group had for a while has offsets that it has
// read: these did not expire.
func TestPartitionComesBack(t *testing.T) {
	for _, name := range []string{"without storage", "with storage"} {
		t.Run(name, func(t *testing.T) {
			s := newSetup(t)
			if name == "with storage" {
				s.withStorage(newStorage())
			}
			s.start()
			defer s.shutdown()
			session, lose := context.WithCancel(t.Context())
			s.read(session, 7, 8, 9)
			lose()
			s.read(t.Context(), 100, 101)
			assert.Zero(t, s.counter("otelcol_connector_dead_letter_expired_records"))
			s.read(t.Context(), 200)
			assert.Equal(t, int64(98), s.counter("otelcol_connector_dead_letter_expired_records"), "in one session it is sure")
		})
	}
}

// A partition that was lost before a restart has offsets that others have read. One that
// was lost by the restart has not.
func TestPartitionIsLostBeforeARestart(t *testing.T) {
	for name, test := range map[string]struct {
		wait time.Duration
		want int64
	}{"before": {time.Minute, 0}, "by the restart": {time.Second, 90}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				storage := newStorage()
				s := newSetup(t).withStorage(storage).start()
				session, lose := context.WithCancel(t.Context())
				s.read(session, 7, 8, 9)
				lose()
				time.Sleep(test.wait)
				s.shutdown()
				time.Sleep(time.Hour)
				s = newSetup(t).withStorage(storage).start()
				s.read(t.Context(), 100)
				assert.Equal(t, test.want, s.counter("otelcol_connector_dead_letter_expired_records"))
				s.shutdown()
			})
		})
	}
}

// Where several collectors share a group, only what is missing between two messages of
// one assignment is reported, and where a processor drops messages, nothing is.
func TestReportExpired(t *testing.T) {
	for mode, want := range map[string][2]int64{"always": {10, 90}, "session": {10, 0}, "never": {0, 0}} {
		t.Run(mode, func(t *testing.T) {
			storage := newStorage()
			for i, offsets := range [][]int64{{7, 8, 19}, {110}} {
				s := newSetup(t).withStorage(storage)
				s.config.ReportExpired = mode
				s.start()
				s.read(t.Context(), offsets...)
				assert.Equal(t, want[i], s.counter("otelcol_connector_dead_letter_expired_records"))
				s.shutdown()
			}
		})
	}
}

// A storage that fails, panics or does not answer delays a message by a second at most,
// and is seen.
func TestStorageFails(t *testing.T) {
	for name, storage := range map[string]*memoryStorage{
		"fails":  {err: errors.New("disk full")},
		"panics": {panics: true},
		"blocks": {},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if name == "blocks" {
					storage.block = make(chan struct{})
				}
				s := newSetup(t).withStorage(storage).start()
				start := time.Now()
				s.read(t.Context(), 1, 2, 3)
				assert.LessOrEqual(t, time.Since(start), storageTimeout)
				status, text := s.host.status()
				assert.Equal(t, componentstatus.StatusRecoverableError, status)
				assert.Contains(t, text, "storage: ")
				assert.Len(t, s.lines(zapcore.WarnLevel), 1)
				if storage.block != nil {
					close(storage.block)
				}
				_ = s.connector.Shutdown(t.Context())
			})
		})
	}
}

func TestStorageMustBeOne(t *testing.T) {
	s := newSetup(t)
	s.start()
	s.shutdown()
	for name, extension := range map[string]component.Component{"listed under": nil, "must be a storage": &struct {
		component.StartFunc
		component.ShutdownFunc
	}{}} {
		h := &host{extensions: map[component.ID]component.Component{}}
		if extension != nil {
			h.extensions[storageID] = extension
		}
		_, err := openStorage(t.Context(), h, storageID, component.MustNewID("dead_letter"), nil)
		require.ErrorContains(t, err, name)
	}
}

// Headers of a message cannot take the place of what the receiver says, and their number
// bounds nothing but themselves.
func TestForgedHeaders(t *testing.T) {
	s := newSetup(t).start()
	defer s.shutdown()
	s.read(t.Context(), 1)
	forged := client.NewContext(t.Context(), client.Info{Metadata: client.NewMetadata(map[string][]string{
		"kafka.topic": {"t", "u"}, "kafka.partition": {"0", "9"}, "kafka.offset": {"2", "999"},
	})})
	require.NoError(t, s.connector.ConsumeLogs(forged, logsOf("1")))
	assert.Zero(t, s.counter("otelcol_connector_dead_letter_expired_records"))
}

// Whoever writes to many topics, or leaves many gaps, does not fill memory or log.
func TestOffsetsAreBounded(t *testing.T) {
	s := newSetup(t).start()
	defer s.shutdown()
	for i := range int64(maxPartitions + 100) {
		require.NoError(t, s.connector.ConsumeLogs(kafkaContext(t.Context(), "t"+strconv.FormatInt(i, 10), 0, 1), logsOf()))
	}
	assert.Len(t, s.connector.(*deadLetter).offsets.partitions, maxPartitions)
	for i := range int64(1000) {
		require.NoError(t, s.connector.ConsumeLogs(kafkaContext(t.Context(), "t0", 0, 1+2*i), logsOf()))
	}
	assert.Equal(t, int64(999), s.counter("otelcol_connector_dead_letter_expired_records"))
	assert.LessOrEqual(t, len(s.lines(zapcore.WarnLevel)), lineBurst+1)
}
