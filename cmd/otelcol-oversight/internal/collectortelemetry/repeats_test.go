// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package collectortelemetry

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

const rejected = "Exporting failed. Rejecting data. Try enabling sending_queue to survive temporary failures."

// clock is the time of a test.
type clock struct{ now time.Time }

func newClock() *clock { return &clock{now: time.Unix(1_767_225_600, 0)} }

func (c *clock) sleep(d time.Duration) { c.now = c.now.Add(d) }

// newTestLogger returns a logger with limited repeats, and what it wrote.
func newTestLogger(c *clock) (*zap.Logger, *observer.ObservedLogs) {
	core, written := observer.New(zapcore.InfoLevel)
	return zap.New(newRepeatCore(core, func() time.Time { return c.now })), written
}

func loggerOf(logger *zap.Logger, kind, id string) *zap.Logger {
	return logger.With(zap.String("otelcol.component.kind", kind), zap.String("otelcol.component.id", id))
}

// An exporter that fails every 30 seconds for a day logs a line an hour, which
// says how many are missing.
func TestRepeatsOfADay(t *testing.T) {
	c := newClock()
	logger, written := newTestLogger(c)
	exporter := loggerOf(logger, "exporter", "splunk_hec")
	attempts := 0
	for end := c.now.Add(24 * time.Hour); c.now.Before(end); c.sleep(30 * time.Second) {
		exporter.Error(rejected, zap.Int("rejected_items", attempts))
		attempts++
	}
	require.Equal(t, 2880, attempts)
	require.Equal(t, 24, written.Len())
	require.NotContains(t, written.All()[0].ContextMap(), "repeats_omitted")
	require.EqualValues(t, 119, written.All()[1].ContextMap()["repeats_omitted"])
	require.EqualValues(t, 120, written.All()[1].ContextMap()["rejected_items"], "the line's own fields")
	require.Equal(t, "splunk_hec", written.All()[1].ContextMap()["otelcol.component.id"])
}

// A receiver that the broker refuses at once, as often as it asks, does not fill the
// disk. Another error is logged.
func TestRepeatsOfFetches(t *testing.T) {
	c := newClock()
	logger, written := newTestLogger(c)
	receiver := loggerOf(logger, "receiver", "kafka")
	fetch := func(words string) { receiver.Error("consumer fetch error", zap.Error(errors.New(words))) }
	for i := range 100_000 {
		fetch("UNKNOWN_TOPIC_ID: This server does not host this topic ID.")
		fetch(fmt.Sprintf("unable to join group session: read tcp 127.0.0.1:%d->127.0.0.1:9092: i/o timeout", i))
		c.sleep(time.Millisecond)
	}
	require.Equal(t, 2, written.Len())
	fetch("TOPIC_AUTHORIZATION_FAILED: Not authorized to access topics: [Topic authorization failed].")
	require.Equal(t, 3, written.Len())
	c.sleep(2 * time.Hour)
	fetch("UNKNOWN_TOPIC_ID: This server does not host this topic ID.")
	require.Equal(t, 4, written.Len())
	require.EqualValues(t, 99_999, written.All()[3].ContextMap()["repeats_omitted"])
	require.Contains(t, written.All()[3].ContextMap()["error"], "UNKNOWN_TOPIC_ID")
}

// A failure after a time without one is a new series, and logged.
func TestNewSeries(t *testing.T) {
	c := newClock()
	logger, written := newTestLogger(c)
	for range 3 {
		logger.Error(rejected)
		logger.Error(rejected)
		c.sleep(newSeriesAfter)
	}
	require.Equal(t, 3, written.Len())
}

// Components, and texts of one component, are series of their own.
func TestSeriesOfEachComponentAndText(t *testing.T) {
	logger, written := newTestLogger(newClock())
	for range 2 {
		for _, id := range []string{"splunk_hec/a", "splunk_hec/b"} {
			loggerOf(logger, "exporter", id).Error(rejected)
			loggerOf(logger, "exporter", id).Error("bulk indexer flush error")
		}
		logger.Named("franz").Info("metadata update triggered")
		logger.Named("franz").Warn("unable to open connection to broker")
		// The numbers differ from one connection to the next.
		logger.Warn(`[core] [Channel #1 SubChannel #2] grpc: addrConn.createTransport failed to connect to {Addr: "a"}`)
		logger.Warn(`[core] [Channel #1 SubChannel #3] grpc: addrConn.createTransport failed to connect to {Addr: "a"}`)
	}
	require.Equal(t, 7, written.Len())
}

// Every other line is written, however often: above all those that name events,
// and those about data that an exporter's queue drops.
func TestOtherLinesAreWritten(t *testing.T) {
	logger, written := newTestLogger(newClock())
	for range 1000 {
		logger.Error("Exporting failed. Dropping data.")
		logger.Warn("Quarantined an event")
	}
	require.Equal(t, 2000, written.Len())
	logger.Debug("Exporting failed. Rejecting data.")
	require.Equal(t, 2000, written.Len(), "the level still decides")
}
