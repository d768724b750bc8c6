// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/test/internal/collectortest"
)

// quick makes the receiver of a shipped configuration poll and retry at once, and
// its exporter too, where that retries.
var quick = map[string]string{
	"splunk.yaml":        quickly("oversight/splunk") + "exporters: {splunk_hec: {" + quickRetry + "}}",
	"elastic.yaml":       quickly("oversight/elastic") + "exporters: {elasticsearch: {timeout: 5s, retry: {initial_interval: 50ms, max_interval: 200ms}}}",
	"sentinel.yaml":      quickly("oversight/sentinel") + "exporters: {azure_logs_ingestion: {" + quickRetry + "}}",
	"azuremonitor.yaml":  quickly("oversight/azuremonitor"),
	"otlp.yaml":          quickly("oversight") + "exporters: {otlp_grpc: {" + quickRetry + "}}",
	"gateway/agent.yaml": quickly("oversight/kafka") + "exporters: {kafka: {" + quickRetry + "}}",
	"files.yaml":         quickly("oversight/splunk", "oversight/ecs", "oversight/sentinel"),
	"verified.yaml":      quickly("oversight"),
}

const quickRetry = "retry_on_failure: {initial_interval: 50ms, max_interval: 200ms}"

func quickly(receivers ...string) string {
	var text strings.Builder
	text.WriteString("receivers:\n")
	for _, name := range receivers {
		fmt.Fprintf(&text, "  %s: {poll_interval: 20ms, %s}\n", name, quickRetry)
	}
	return text.String()
}

// newFaultSite returns a site for a registry that the test has written.
func newFaultSite(t testing.TB, database string) *site {
	t.Helper()
	s := newSite(t)
	s.databases = []string{database}
	return s
}

// run starts the collector with a shipped configuration, made quick. Variables of
// the environment are set as NAME=value.
func (s *site) run(variables []string, name string, changes ...string) *process {
	s.t.Helper()
	cmd := s.command(nil, name, append([]string{quick[name]}, changes...)...)
	cmd.Env = append(cmd.Env, variables...)
	return startCollector(s.t, cmd)
}

// variable returns a variable of the process's environment.
func (p *process) variable(name string) string {
	for _, v := range slices.Backward(p.Cmd.Env) {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// metrics returns the collector's own metrics.
func (p *process) metrics() (string, error) { return collectortest.Metrics(p.variable("METRICS_PORT")) }

// metric returns the sum of the series of a metric whose labels contain a text, and
// how many those are.
func (p *process) metric(name, labels string) (sum float64, series int) {
	text, err := p.metrics()
	if err != nil {
		return 0, 0
	}
	sum, series, err = collectortest.Sum(text, name, labels)
	require.NoError(p.T, err)
	return sum, series
}

// requireMetric waits until a metric has a value.
func (p *process) requireMetric(name, labels string, ok func(sum float64) bool) {
	p.T.Helper()
	eventuallyWithin(p.T, faultTimeout, func() error {
		sum, series := p.metric(name, labels)
		if series == 0 || !ok(sum) {
			return fmt.Errorf("%s{%s} is %v, of %d series", name, labels, sum, series)
		}
		return nil
	})
}

// requireLogged waits until the process has printed a text.
func (p *process) requireLogged(texts ...string) {
	p.T.Helper()
	eventuallyWithin(p.T, faultTimeout, func() error {
		for _, text := range texts {
			if !strings.Contains(p.Output.String(), text) {
				return fmt.Errorf("the log has no %q", text)
			}
		}
		return nil
	})
}
