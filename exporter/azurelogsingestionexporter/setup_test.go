// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/oversight-protocol/oversight-otelcol/exporter/azurelogsingestionexporter/internal/metadatatest"
)

const (
	testRule   = "dcr-0123456789abcdef0123456789abcdef"
	testStream = "Custom-Test"
)

// patience is how long a condition may take to come true on a busy machine.
const patience = 30 * time.Second

const pollInterval = time.Millisecond

// host has extensions and records what components report.
type host struct {
	component.Host
	extensions map[component.ID]component.Component

	mu       sync.Mutex
	statuses []*componentstatus.Event
}

func (h *host) GetExtensions() map[component.ID]component.Component { return h.extensions }

func (h *host) Report(e *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.statuses = append(h.statuses, e)
}

func (h *host) reported() []componentstatus.Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	statuses := []componentstatus.Status{}
	for _, e := range h.statuses {
		statuses = append(statuses, e.Status())
	}
	return statuses
}

func (h *host) last() *componentstatus.Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.statuses) == 0 {
		return componentstatus.NewEvent(componentstatus.StatusNone)
	}
	return h.statuses[len(h.statuses)-1]
}

// setup is an exporter with its surroundings.
type setup struct {
	config    *Config
	host      *host
	entra     *entra
	service   *service
	logs      *observer.ObservedLogs
	telemetry *componenttest.Telemetry
	settings  exporter.Settings
}

// newSetup has no queue, so that a caller gets the result for its rows, and
// retries after milliseconds.
func newSetup(t testing.TB, answer func(*call) answer) *setup {
	t.Helper()
	s := &setup{
		config:    createDefaultConfig().(*Config),
		host:      &host{Host: componenttest.NewNopHost(), extensions: map[component.ID]component.Component{}},
		entra:     newEntra(t),
		service:   newService(t, answer),
		telemetry: componenttest.NewTelemetry(),
	}
	t.Cleanup(func() { assert.NoError(t, s.telemetry.Shutdown(context.WithoutCancel(t.Context()))) })
	s.config.ClientConfig.Endpoint = s.service.URL
	s.config.RuleID = testRule
	s.config.StreamName = testStream
	s.config.QueueConfig = configoptional.None[exporterhelper.QueueBatchConfig]()
	s.config.BackOffConfig.InitialInterval = time.Millisecond
	s.config.BackOffConfig.MaxInterval = 5 * time.Millisecond
	s.entra.configure(s.config)
	core, logs := observer.New(zap.DebugLevel)
	s.logs = logs
	s.settings = metadatatest.NewSettings(s.telemetry)
	s.settings.Logger = zap.New(core)
	return s
}

// start starts an exporter, and the cleanup stops it.
func (s *setup) start(t testing.TB) exporter.Logs {
	t.Helper()
	e, _ := s.startAndStop(t)
	return e
}

// startAndStop also lets the test stop it.
func (s *setup) startAndStop(t testing.TB) (e exporter.Logs, stop func()) {
	t.Helper()
	require.NoError(t, s.config.Validate())
	e, err := NewFactory().CreateLogs(t.Context(), s.settings, s.config)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), s.host))
	stop = sync.OnceFunc(func() { assert.NoError(t, e.Shutdown(context.WithoutCancel(t.Context()))) })
	t.Cleanup(stop)
	return e, stop
}

// startWithoutHelper starts what the exporter helper calls.
func (s *setup) startWithoutHelper(t testing.TB) *logsExporter {
	t.Helper()
	e, err := newLogsExporter(s.settings, s.config)
	require.NoError(t, err)
	require.NoError(t, e.start(t.Context(), s.host))
	t.Cleanup(func() { assert.NoError(t, e.shutdown(context.WithoutCancel(t.Context()))) })
	return e
}

// messages is the log without the helper's messages about each attempt.
func (s *setup) messages() []string {
	messages := []string{}
	for _, entry := range s.logs.All() {
		if !strings.HasPrefix(entry.Message, "Exporting failed") {
			messages = append(messages, entry.Message)
		}
	}
	return messages
}

// everything is all text that the exporter emitted: log lines and statuses.
func (s *setup) everything() string {
	var b strings.Builder
	for _, entry := range s.logs.All() {
		fmt.Fprintln(&b, entry.Message, entry.ContextMap())
	}
	s.host.mu.Lock()
	defer s.host.mu.Unlock()
	for _, e := range s.host.statuses {
		fmt.Fprintln(&b, e.Err())
	}
	return b.String()
}

// counted is a counter's sum over all attributes, or over those with a value.
func (s *setup) counted(t testing.TB, name string, values ...string) (sum int64) {
	t.Helper()
	m, err := s.telemetry.GetMetric("otelcol_azure_logs_ingestion_exporter_" + name)
	require.NoError(t, err)
points:
	for _, point := range m.Data.(metricdata.Sum[int64]).DataPoints {
		for _, value := range values {
			found := false
			for _, a := range point.Attributes.ToSlice() {
				found = found || a.Value.Emit() == value
			}
			if !found {
				continue points
			}
		}
		sum += point.Value
	}
	return sum
}

// textRow is a row that a test identifies by its name.
func textRow(name, text string) map[string]any { return map[string]any{"EventUid": name, "Text": text} }

// logsOf is one resource with a record for each row.
func logsOf(t testing.TB, rows ...map[string]any) plog.Logs {
	t.Helper()
	logs := plog.NewLogs()
	addRows(t, logs, nil, rows...)
	return logs
}

func addRows(t testing.TB, logs plog.Logs, resource map[string]any, rows ...map[string]any) {
	t.Helper()
	r := logs.ResourceLogs().AppendEmpty()
	require.NoError(t, r.Resource().Attributes().FromRaw(resource))
	records := r.ScopeLogs().AppendEmpty().LogRecords()
	for _, row := range rows {
		setRow(t, records.AppendEmpty(), row)
	}
}

// setRow sets the columns in the order of their names.
func setRow(t testing.TB, record plog.LogRecord, row map[string]any) {
	t.Helper()
	columns := record.Body().SetEmptyMap()
	for _, name := range slices.Sorted(maps.Keys(row)) {
		require.NoError(t, columns.PutEmpty(name).FromRaw(row[name]))
	}
}

// named returns rows with different names, and their JSON.
func named(from, to int) (rows []map[string]any, json []string) {
	for i := from; i < to; i++ {
		rows = append(rows, textRow(fmt.Sprintf("row%d", i), "x"))
		json = append(json, fmt.Sprintf(`{"EventUid":"row%d","Text":"x"}`, i))
	}
	return rows, json
}

// fakeCredential issues a new token each time.
type fakeCredential struct {
	lifetime time.Duration
	times    int
}

func (f *fakeCredential) GetToken(_ context.Context, options policy.TokenRequestOptions) (azcore.AccessToken, error) {
	f.times++
	token := fmt.Sprintf("%s %d", tokenFor(options.Scopes[0]), f.times)
	return azcore.AccessToken{Token: token, ExpiresOn: time.Now().Add(f.lifetime)}, nil
}

// assertText compares JSON byte for byte, including the order of columns.
func assertText(t *testing.T, want, got string) {
	t.Helper()
	assert.Equal(t, want, got)
}
