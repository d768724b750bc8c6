// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// metricsOnDemand are metrics of alerting rules that exist only after their first
// increment, and which no test here increments.
var metricsOnDemand = []string{
	"otelcol_azure_logs_ingestion_exporter_rows_dropped",
	"otelcol_exporter_enqueue_failed_log_records",
}

// Every metric of the alerting rules and of the dashboard is one that the collector
// has. The rules themselves are tested by `make test-alerts`.
func TestAlertingRulesNameMetrics(t *testing.T) {
	var text string
	for _, name := range []string{filepath.Join("alerts", "rules.yml"), filepath.Join("grafana", "collector.json")} {
		content, err := os.ReadFile(filepath.Join("..", "deploy", name))
		require.NoError(t, err)
		text += string(content)
	}
	named := regexp.MustCompile(`otelcol_\w+`).FindAllString(text, -1)
	for i, name := range named {
		named[i] = strings.TrimSuffix(name, "_bucket") // of a histogram
	}
	slices.Sort(named)
	named = slices.Compact(named)
	require.NotEmpty(t, named)

	s := newSite(t, "registry.sqlite")
	exported := metricNames(t, s.run(nil, "all.yaml", s.azure.trust()), "otelcol_elasticsearch_docs_processed")
	exported += metricNames(t, newSite(t, "registry.sqlite").run(nil, "verified.yaml"), "otelcol_oversight_receiver_tlog_events")
	for _, name := range named {
		if !slices.Contains(metricsOnDemand, name) {
			assert.True(t, strings.Contains(exported, "# TYPE "+name+" "), "the collector does not export %s", name) //nolint:testifylint // the text is too long to print
		}
	}
}

// Every metric of the rules about gateways is one that a gateway has, on one of its
// two pages.
func TestGatewayAlertingRulesNameMetrics(t *testing.T) {
	t.Parallel()
	rules, err := os.ReadFile(filepath.Join("..", "deploy", "alerts", "gateway.yml"))
	require.NoError(t, err)
	named := regexp.MustCompile(`\b(otelcol_|kafka_(?:consumer_group|partition|topic)_)\w+`).FindAllString(string(rules), -1)
	slices.Sort(named)
	named = slices.Compact(named)
	require.NotEmpty(t, named)

	s := newGatewaySite(t, ordinaryRegistry(t))
	s.broker.putEverywhere(t, "oversight", 1, []byte("no OTLP"))
	gateway := s.startGateway()
	gateway.requireMetric("otelcol_kafka_receiver_unmarshal_failed_log_records", "", func(n float64) bool { return n > 0 })
	gateway.requireKafkaMetric("kafka_consumer_group_members{", true)
	exported, err := gateway.metrics()
	require.NoError(t, err)
	_, ofKafka, err := get("http://" + gateway.variable("KAFKA_METRICS_ENDPOINT") + "/metrics")
	require.NoError(t, err)
	exported += ofKafka
	gateway.interrupt()
	for _, name := range named {
		name = strings.TrimSuffix(name, "_count")                                                            // of a histogram
		assert.True(t, strings.Contains(exported, "# TYPE "+name+" "), "a gateway does not export %s", name) //nolint:testifylint // the text is too long to print
	}
}

// metricNames returns what a collector exports once it has a metric, and ends it.
func metricNames(t *testing.T, collector *process, metric string) string {
	t.Helper()
	collector.waitForOutput("Reading events")
	var text string
	eventually(t, func() (err error) {
		text, err = collector.metrics()
		if err == nil && !strings.Contains(text, metric) {
			err = fmt.Errorf("the collector does not export %s yet", metric)
		}
		return err
	})
	collector.interrupt()
	return text
}
