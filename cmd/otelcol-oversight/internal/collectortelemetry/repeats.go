// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package collectortelemetry

import (
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

const (
	// repeatInterval is the time between two lines of one series of repeats.
	repeatInterval = time.Hour

	// newSeriesAfter is the silence after which a line begins a new series. It is
	// longer than any back-off between two attempts, which is 30 s at most by
	// default.
	newSeriesAfter = 10 * time.Minute
)

// repeatedTexts are in the lines that receivers log at each attempt to read, and in
// those that exporters log at each attempt to send, and whose error they also return.
// The sender of the events (such as the receiver oversight) logs that error, and what
// becomes of the events: some of these lines say that data is dropped or rejected,
// while it is sent again. Lines about data that is really dropped are not among them:
// the queue of an exporter logs "Exporting failed. Dropping data.", which nobody else
// reports.
var repeatedTexts = []string{
	// exporterhelper v0.152.0, internal/base_exporter.go, BaseExporter.Send
	"Exporting failed. Rejecting data.",
	// elasticsearchexporter v0.152.0, bulkindexer.go, flushBulkIndexer
	"bulk indexer flush error",
	// splunkhecexporter v0.152.0, hec_worker.go, defaultHecWorker.send
	"Splunk is unable to receive data.",
	// kafkaexporter v0.152.0, kafka_exporter.go, exportData
	"kafka records export failed",
	// scraperhelper v0.152.0, obs_metrics.go, and kafkametricsreceiver v0.152.0,
	// topic_scraper_franz.go, at each scrape of a broker that does not answer
	"Error scraping metrics",
	"franz-go: ListTopics failed",
	// grpc v1.81.0, clientconn.go, addrConn.tryAllAddrs, at each attempt to connect
	"grpc: addrConn.createTransport failed to connect to",
}

// kafkaClientLogger is the name of the logger of the exporter's and receiver's
// Kafka client. It logs several lines at each attempt to connect, which the
// callers see as a failed request.
const kafkaClientLogger = "franz"

// fetchError is in the lines that kafkareceiver v0.152.0 logs at each answer of the
// broker to a fetch (consumer_franz.go, franzConsumer.consume): thousands a second while
// it may not read a topic, or asks for one that was made again by its old id. Nothing
// else logs the error, so each of Kafka's errors is a series.
const fetchError = "consumer fetch error"

// repeatCore passes lines on to another core. Of lines that are repeated at each
// attempt, it passes on the first of a series and one an hour, for each component
// and text. It is safe for concurrent use.
type repeatCore struct {
	zapcore.Core
	component string // attributes of the component that logs, as text
	series    *seriesTable
}

func newRepeatCore(core zapcore.Core, now func() time.Time) zapcore.Core {
	return &repeatCore{Core: core, series: &seriesTable{now: now, last: map[seriesKey]series{}}}
}

// With returns a core that adds fields to every line.
func (c *repeatCore) With(fields []zapcore.Field) zapcore.Core {
	return &repeatCore{Core: c.Core.With(fields), component: c.component + componentOf(fields), series: c.series}
}

// Check adds the core to the entry, unless the entry is a repeat.
func (c *repeatCore) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if !c.Enabled(entry.Level) {
		return checked
	}
	if entry.Message == fetchError {
		return checked.AddCore(entry, c) // Write sees the error
	}
	text, ok := repeatedText(entry)
	if !ok {
		return c.Core.Check(entry, checked)
	}
	omitted, pass := c.series.next(seriesKey{component: c.component, text: text})
	if !pass {
		return checked
	}
	if omitted > 0 {
		return c.Core.With([]zapcore.Field{zap.Int("repeats_omitted", omitted)}).Check(entry, checked)
	}
	return c.Core.Check(entry, checked)
}

// Write writes an entry for which the error decides whether it is a repeat.
func (c *repeatCore) Write(entry zapcore.Entry, fields []zapcore.Field) error {
	omitted, pass := c.series.next(seriesKey{component: c.component, text: fetchError + kafkaError(fields)})
	if !pass {
		return nil
	}
	if omitted > 0 {
		fields = append(slices.Clip(fields), zap.Int("repeats_omitted", omitted))
	}
	return c.Core.Write(entry, fields)
}

// kafkaError returns the name of Kafka's error in the field "error", such as
// UNKNOWN_TOPIC_ID, or nothing for other errors: those of connections, with ports.
// There are about 130 names (kerr of franz-go).
func kafkaError(fields []zapcore.Field) string {
	for _, field := range fields {
		if field.Key != "error" {
			continue
		}
		encoder := zapcore.NewMapObjectEncoder()
		field.AddTo(encoder)
		text, _ := encoder.Fields["error"].(string)
		name, _, found := strings.Cut(text, ":")
		if found && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == "" {
			return name
		}
	}
	return ""
}

// repeatedText returns what identifies the series of a line, if it is one that is
// repeated at each attempt.
func repeatedText(entry zapcore.Entry) (string, bool) {
	if entry.LoggerName == kafkaClientLogger {
		return entry.Message, true
	}
	for _, text := range repeatedTexts {
		if strings.Contains(entry.Message, text) {
			return text, true
		}
	}
	return "", false
}

// componentOf returns the attributes with which the collector marks the logger of
// a component, as text: otelcol.component.id and its like. Other fields, which can
// be different on every line, are left out.
func componentOf(fields []zapcore.Field) string {
	encoder := zapcore.NewMapObjectEncoder()
	for _, field := range fields {
		field.AddTo(encoder)
	}
	var text strings.Builder
	for _, key := range []string{"otelcol.component.kind", "otelcol.component.id", "otelcol.pipeline.id", "otelcol.signal"} {
		if value, ok := encoder.Fields[key].(string); ok {
			text.WriteString(key + "=" + value + " ")
		}
	}
	return text.String()
}

type seriesKey struct{ component, text string }

// series is lines with one text of one component.
type series struct {
	seen    time.Time // the last line
	passed  time.Time // the last line that was passed on
	omitted int       // lines since then
}

// seriesTable has an entry for each component and text: a few dozen at most, since
// the texts are constants and names of Kafka's errors.
type seriesTable struct {
	now  func() time.Time
	mu   sync.Mutex
	last map[seriesKey]series // guarded by mu
}

// next reports whether a line is passed on, and how many were not since the last
// one that was.
func (t *seriesTable) next(key seriesKey) (omitted int, pass bool) {
	now := t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	last, ok := t.last[key]
	if !ok || now.Sub(last.seen) >= newSeriesAfter || now.Sub(last.passed) >= repeatInterval {
		t.last[key] = series{seen: now, passed: now}
		return last.omitted, true
	}
	last.seen = now
	last.omitted++
	t.last[key] = last
	return 0, false
}
