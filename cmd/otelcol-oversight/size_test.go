// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/elasticsearchexporter"
	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/splunkhecexporter"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/extension/encoding/oversightsiemencodingextension"
	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/siem"
)

// requests records the bodies of the requests that an exporter sends, as they are
// before compression.
type requests struct {
	*httptest.Server

	mu    sync.Mutex
	sizes []int
}

// newRequests accepts everything as a product does: 200 with a result for each
// document of a _bulk request, which Elasticsearch requires
// (https://www.elastic.co/guide/en/elasticsearch/reference/8.17/docs-bulk.html), and
// HEC's success.
func newRequests(t testing.TB) *requests {
	r := &requests{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		text, _ := io.ReadAll(request.Body)
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		w.Header().Set("Content-Type", "application/json")
		if len(text) == 0 {
			return
		}
		r.mu.Lock()
		r.sizes = append(r.sizes, len(text))
		r.mu.Unlock()
		if !strings.HasSuffix(request.URL.Path, "/_bulk") {
			_, _ = io.WriteString(w, `{"text":"Success","code":0}`)
			return
		}
		items := make([]map[string]any, strings.Count(string(text), "\n")/2)
		for i := range items {
			items[i] = map[string]any{"create": map[string]any{"status": 201}}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"errors": false, "items": items})
	}))
	t.Cleanup(r.Close)
	return r
}

// take returns the size of the largest request since the last call.
func (r *requests) take() (largest int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, size := range r.sizes {
		largest = max(largest, size)
	}
	r.sizes = nil
	return largest
}

// encodings returns functions that encode events in each form in which they leave a
// collector, with the real exporters, and return the size of the largest request.
func encodings(t testing.TB) map[string]func(events []translator.Event) int {
	all := map[string]func([]translator.Event) int{}
	encode := func(name string, marshal func(plog.Logs) ([]byte, error), change func(plog.Logs)) {
		all[name] = func(events []translator.Event) int {
			logs := records(events)
			if change != nil {
				change(logs)
			}
			text, err := marshal(logs)
			require.NoError(t, err)
			return len(text)
		}
	}
	encode("OTLP protocol buffers", (&plog.ProtoMarshaler{}).MarshalLogs, nil)
	encode("OTLP JSON", (&plog.JSONMarshaler{}).MarshalLogs, nil)
	for _, format := range append(siem.Formats(), oversightsiemencodingextension.FormatOTel) {
		factory := oversightsiemencodingextension.NewFactory()
		config := factory.CreateDefaultConfig().(*oversightsiemencodingextension.Config)
		config.Shape.Format = format
		encoding, err := factory.Create(t.Context(), extensionSettings(factory.Type()), config)
		require.NoError(t, err)
		encode("lines, "+format, encoding.(plog.Marshaler).MarshalLogs, nil)
	}
	for _, format := range siem.Formats() {
		encode("OTLP protocol buffers, "+format, (&plog.ProtoMarshaler{}).MarshalLogs, func(logs plog.Logs) { translate(t, format, logs) })
		encode("OTLP JSON, "+format, (&plog.JSONMarshaler{}).MarshalLogs, func(logs plog.Logs) { translate(t, format, logs) })
	}
	server := newRequests(t)
	export := func(name, format string, factory exporter.Factory, config map[string]any) {
		push := newExporter(t, factory, config)
		all[name] = func(events []translator.Event) int {
			logs := records(events)
			translate(t, format, logs)
			require.NoError(t, push(t.Context(), logs))
			return server.take()
		}
	}
	export("splunk_hec", siem.FormatSplunk, splunkhecexporter.NewFactory(), map[string]any{
		"endpoint": server.URL + "/services/collector", "token": "t", "disable_compression": true,
		"sending_queue": map[string]any{"enabled": false}, "max_content_length_logs": 100_000_000, "max_event_size": 100_000_000,
	})
	export("elasticsearch", siem.FormatECS, elasticsearchexporter.NewFactory(), map[string]any{
		"endpoints": []any{server.URL}, "compression": "none", "logs_dynamic_id": map[string]any{"enabled": true},
		"sending_queue": map[string]any{"enabled": false}, "retry": map[string]any{"enabled": false},
	})
	return all
}

// records are the events as the receiver delivers them.
func records(events []translator.Event) plog.Logs {
	logs := plog.NewLogs()
	resource := logs.ResourceLogs().AppendEmpty()
	resource.SetSchemaUrl(translator.SchemaURL)
	translator.SetResource(resource.Resource(), events[0].RegistryID)
	scope := resource.ScopeLogs().AppendEmpty()
	scope.SetSchemaUrl(translator.SchemaURL)
	scope.Scope().SetName("github.com/oversight-protocol/oversight-otelcol/receiver/oversightreceiver")
	scope.Scope().SetVersion("0.1.0")
	for i := range events {
		events[i].ToLogRecord(scope.LogRecords().AppendEmpty())
	}
	return logs
}

// translate does what the processor does.
func translate(t testing.TB, format string, logs plog.Logs) {
	config := siem.NewDefaultConfig()
	config.Format = format
	shape, err := config.NewTranslator()
	require.NoError(t, err)
	resource := logs.ResourceLogs().At(0)
	scope := resource.ScopeLogs().At(0)
	var document translator.Document
	for _, record := range scope.LogRecords().All() {
		document.SetLogRecord(resource.Resource(), record)
		shape.TranslateRecord(resource.Resource(), scope.Scope(), record, &document)
	}
	shape.TranslateScope(scope.Scope())
	shape.TranslateResource(resource.Resource())
}

func newExporter(t testing.TB, factory exporter.Factory, values map[string]any) func(context.Context, plog.Logs) error {
	return startExporter(t, factory, values, componenttest.NewNopHost())
}

func startExporter(
	t testing.TB, factory exporter.Factory, values map[string]any, host component.Host,
) func(context.Context, plog.Logs) error {
	config := factory.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(values).Unmarshal(config))
	e, err := factory.CreateLogs(t.Context(), exporter.Settings{
		ID: component.NewID(factory.Type()), TelemetrySettings: componenttest.NewNopTelemetrySettings(),
	}, config)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), host))
	t.Cleanup(func() { require.NoError(t, e.Shutdown(context.Background())) })
	return e.ConsumeLogs
}

func extensionSettings(kind component.Type) extension.Settings {
	return extension.Settings{ID: component.NewID(kind), TelemetrySettings: componenttest.NewNopTelemetrySettings()}
}

func ordinary(n int) []translator.Event {
	events := make([]translator.Event, n)
	for i := range events {
		e := translator.Event{
			RegistryID: strings.Repeat("ab", 32), ID: int64(1_000_000 + i), UID: strings.Repeat("0f", 16), Kind: "http_img",
			TokenID: strings.Repeat("0a", 16), FileID: "0b6cdf7e-6b3c-4a55-bd21-1f13a9d6b111", RecipientID: "alice@example.com", IssuerID: "acme-legal",
			SourceIP: "203.0.113.77", UserAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
			Timestamp: time.Unix(1735000000+int64(i), 0), QualifiedTimestamp: "2024-12-24T00:26:40.123456Z", TlogIndex: int64(i + 100), HasTlogIndex: true,
			TlogStatus: "verified", Observed: time.Unix(1735000001, 123456789),
		}
		if i%2 == 0 {
			e.Kind, e.UserAgent = "dns", ""
			e.Extra, e.QuestionName = translator.NormalizeExtra(`{"qtype":"A","qname":"` + e.TokenID + `.t.oversightprotocol.dev"}`)
		}
		events[i] = e
	}
	return events
}

// Batches that fit the budget fit a request, in every form and whatever the events
// hold: below Kafka's 1,000,000 bytes, and below OTLP's 4 MiB where a pipeline has
// translated the events and sends them by OTLP.
func TestBatchesFitRequests(t *testing.T) {
	all := encodings(t)
	check := func(label string, one translator.Event) {
		batch := fill(one)
		for name, size := range all {
			limit := 1_000_000
			if name == "lines, otel" || strings.HasPrefix(name, "OTLP") && strings.Contains(name, ",") {
				limit = 4 << 20
			}
			require.Less(t, size(batch), limit, "%d events of %s: %s", len(batch), label, name)
		}
	}
	for i, e := range ordinary(2) {
		check(fmt.Sprintf("ordinary %d", i), e)
	}
	for _, character := range []string{
		"a", "<", "\x01", "\x7f", "\"", "\\", "é", "\u0085", "\u2028", "\u061c", "例", "\U0001f600", "[", ",", "{", "+", "::ffff:1", "\ufeff",
	} {
		for _, length := range []int{1, 100, 3000, 40_000} {
			check(fmt.Sprintf("%q x %d", character, length), hostile(strings.Repeat(character, length)))
		}
	}
	for _, item := range []string{
		"1", "1e+20", "1.5e-06", "null", `""`, "123456789012345678901234567890", "[[[]]]", `{"a":[{"a":[]}]}`,
	} {
		for _, count := range []int{0, 30, 700, 10_000} {
			e := ordinary(1)[0]
			e.Extra, e.QuestionName = translator.NormalizeExtra("[" + strings.Repeat(item+",", count) + item + "]")
			check(fmt.Sprintf("%d x %s", count, item), e)
		}
	}
	many := map[string]any{}
	for i := range 1000 {
		many[fmt.Sprint(i)] = nil
	}
	e := ordinary(1)[0]
	e.Extra, e.QuestionName = translator.NormalizeExtra(text(many))
	check("many keys", e)
}

// Batches of ordinary events are nearly as large as they can be.
func TestOrdinaryBatchesAreLarge(t *testing.T) {
	all := encodings(t)
	for i, e := range ordinary(2) {
		batch := fill(e)
		require.Greater(t, all["elasticsearch"](batch), translator.DefaultBatchBytes*85/100, "%d events, %d", len(batch), i)
	}
}

// fill returns a batch of one event that is as large as it may be.
func fill(e translator.Event) []translator.Event {
	size := e.EncodedSize(translator.DefaultMaxValueBytes)
	e.Truncate(translator.DefaultMaxValueBytes)
	return slices.Repeat([]translator.Event{e}, translator.DefaultBatchBytes/size)
}

// hostile has a text everywhere.
func hostile(x string) translator.Event {
	e := ordinary(1)[0]
	e.Kind, e.TokenID, e.FileID, e.RecipientID, e.IssuerID = x, x, x, x, x
	e.SourceIP, e.UserAgent, e.QualifiedTimestamp, e.DecodeError = x, x, x, x
	e.Extra, e.QuestionName = translator.NormalizeExtra(text(map[string]any{"qname": x, "qtype": x, x: map[string]any{x: []string{x}}}))
	return e
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}
