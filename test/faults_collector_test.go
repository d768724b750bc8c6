// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
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
	for _, v := range slices.Backward(p.cmd.Env) {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// get returns the status and the body of a response of the collector, or an error
// after two seconds.
func get(url string) (status int, body string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, "", err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

// metrics returns the collector's own metrics.
func (p *process) metrics() (string, error) {
	status, text, err := get("http://127.0.0.1:" + p.variable("METRICS_PORT") + "/metrics")
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("/metrics: status %d", status)
	}
	return text, err
}

// metric returns the sum of the series of a metric whose labels contain a text, and
// how many those are.
func (p *process) metric(name, labels string) (sum float64, series int) {
	text, err := p.metrics()
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, name); ok && (rest[0] == '{' || rest[0] == ' ') && strings.Contains(rest, labels) {
			fields := strings.Fields(rest)
			value, err := strconv.ParseFloat(fields[len(fields)-1], 64)
			require.NoError(p.t, err, line)
			sum, series = sum+value, series+1
		}
	}
	return sum, series
}

// requireMetric waits until a metric has a value.
func (p *process) requireMetric(name, labels string, ok func(sum float64) bool) {
	p.t.Helper()
	eventuallyWithin(p.t, faultTimeout, func() error {
		sum, series := p.metric(name, labels)
		if series == 0 || !ok(sum) {
			return fmt.Errorf("%s{%s} is %v, of %d series", name, labels, sum, series)
		}
		return nil
	})
}

// terminate sends SIGTERM and returns how long the process took to end.
func (p *process) terminate(limit time.Duration) time.Duration {
	p.t.Helper()
	begin := time.Now()
	require.NoError(p.t, p.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-p.ended:
		return time.Since(begin)
	case <-time.After(limit):
		require.Fail(p.t, "still running", "%v after SIGTERM", limit)
		return limit
	}
}

// requireLogged waits until the process has printed a text.
func (p *process) requireLogged(texts ...string) {
	p.t.Helper()
	eventuallyWithin(p.t, faultTimeout, func() error {
		for _, text := range texts {
			if !strings.Contains(p.output.String(), text) {
				return fmt.Errorf("the log has no %q", text)
			}
		}
		return nil
	})
}
