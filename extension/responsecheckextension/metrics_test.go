// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package responsecheckextension

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// value returns the value of the data point with exactly these attributes, -1 if
// there is none.
func value(m metricdata.Metrics, attributes map[string]string) int64 {
	var points []metricdata.DataPoint[int64]
	switch data := m.Data.(type) {
	case metricdata.Sum[int64]:
		points = data.DataPoints
	case metricdata.Gauge[int64]:
		points = data.DataPoints
	}
	var want []attribute.KeyValue
	for name, value := range attributes {
		want = append(want, attribute.String(name, value))
	}
	set := attribute.NewSet(want...)
	for _, point := range points {
		if point.Attributes.Equals(&set) {
			return point.Value
		}
	}
	return -1
}

func TestCountersExistFromTheStart(t *testing.T) {
	f := newFixture(t, nil)
	assert.Zero(t, f.counter(t, "responsecheck_configuration_warnings", nil))
	assert.Zero(t, f.counter(t, "responsecheck_failure_store_documents", nil))
	assert.Zero(t, f.counter(t, "responsecheck_redirects_refused", nil))
	for _, protocol := range []string{"splunk_hec", "elasticsearch", "otlp", "azuremonitor", "other"} {
		assert.Zero(t, f.counter(t, "responsecheck_requests", map[string]string{"protocol": protocol, "outcome": "accepted"}))
		for _, class := range []string{"destination", "content", "size", "unknown", "busy", "retryable"} {
			assert.Zero(t, f.counter(t, "responsecheck_requests", map[string]string{"protocol": protocol, "outcome": class}))
			assert.Zero(t, f.counter(t, "responsecheck_refused_documents", map[string]string{"protocol": protocol, "class": class}))
		}
	}
}
