// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package deadletterconnector

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// points are the data points of a metric, by their attributes but the connector's.
func (s *setup) points(name string) map[string]int64 {
	s.t.Helper()
	metric, err := s.telemetry.GetMetric(name)
	require.NoError(s.t, err)
	var points []metricdata.DataPoint[int64]
	switch data := metric.Data.(type) {
	case metricdata.Sum[int64]:
		points = data.DataPoints
	case metricdata.Gauge[int64]:
		points = data.DataPoints
	}
	values := map[string]int64{}
	for _, point := range points {
		id, _ := point.Attributes.Value("connector")
		assert.Equal(s.t, "dead_letter/test", id.AsString())
		key := ""
		for _, name := range []attribute.Key{"pipeline", "class"} {
			if value, ok := point.Attributes.Value(name); ok {
				key += " " + value.AsString()
			}
		}
		values[key] = point.Value
	}
	return values
}

// counter is the value of a metric without further attributes.
func (s *setup) counter(name string) int64 {
	s.t.Helper()
	value, ok := s.points(name)[""]
	require.True(s.t, ok, name)
	return value
}

// gauge is the value of a metric of the target a.
func (s *setup) gauge(name string) int64 {
	s.t.Helper()
	value, ok := s.points(name)[" logs/a"]
	require.True(s.t, ok, name)
	return value
}

// All metrics are there from the start, with 0.
func TestMetricsFromTheStart(t *testing.T) {
	s := newSetup(t, "a", "b").start()
	defer s.shutdown()
	for name, points := range map[string]int{
		"otelcol_connector_dead_letter_accepted_records": 3,
		"otelcol_connector_dead_letter_expired_records":  1,
		"otelcol_connector_dead_letter_failed_requests":  18,
		"otelcol_connector_dead_letter_holding":          3,
		"otelcol_connector_dead_letter_kept_records":     2,
		"otelcol_connector_dead_letter_offset_resets":    1,
		"otelcol_connector_dead_letter_refused_records":  10,
	} {
		values := s.points(name)
		assert.Len(t, values, points, name)
		for key, value := range values {
			assert.Zero(t, value, key)
		}
	}
}

func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(t).start()
		defer s.shutdown()
		s.pipes["a"].answer = refuses(errContent, "u7")
		require.NoError(t, s.connector.ConsumeLogs(t.Context(), logsOf(numbered("u", 10)...)))
		assert.Equal(t, map[string]int64{" logs/a": 9, " logs/r": 1}, s.points("otelcol_connector_dead_letter_accepted_records"))
		assert.Equal(t, int64(1), s.points("otelcol_connector_dead_letter_refused_records")[" logs/a content"])
		assert.Positive(t, s.points("otelcol_connector_dead_letter_failed_requests")[" logs/a content"])

		s.pipes["a"].setAnswer(always(errBusy))
		c := s.consume(t.Context(), logsOf("1"))
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Equal(t, map[string]int64{" logs/a": 1, " logs/r": 0}, s.points("otelcol_connector_dead_letter_holding"))
		assert.Positive(t, s.points("otelcol_connector_dead_letter_failed_requests")[" logs/a busy"])
		s.pipes["a"].setAnswer(nil)
		<-c.done
		synctest.Wait()
		assert.Equal(t, map[string]int64{" logs/a": 0, " logs/r": 0}, s.points("otelcol_connector_dead_letter_holding"))
	})
}
