// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/doctor"
)

const testMark = "oversight-siem doctor test"

// received collects the bodies of requests that are events.
type received struct {
	mu     sync.Mutex
	bodies map[string][]string // by the name of the destination
}

func (r *received) add(destination string, body []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bodies[destination] = append(r.bodies[destination], string(body))
}

// events are what a destination received.
func (r *received) events(destination string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.bodies[destination]
}

// record keeps the events that handler accepts or refuses.
func (r *received) record(destination string, isEvent func(request *http.Request, body string) bool, handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		if isEvent(request, string(body)) {
			r.add(destination, body)
		}
		request.Body = io.NopCloser(strings.NewReader(string(body)))
		handler(w, request)
	}
}

// azureAccepts is azureServer for a row.
func azureAccepts(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer good-access" || r.URL.Path != "/dataCollectionRules/dcr-00000000000000000000000000000001/streams/Custom-Oversight" {
		answerJSON(w, http.StatusUnauthorized, map[string]any{})
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// grpcServer is an OTLP server over gRPC, without TLS. It answers with a code.
func grpcServer(t *testing.T, r *received, code string, response []byte) string {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		r.add("otlp_grpc", body)
		if request.ProtoMajor != 2 || request.URL.Path != "/opentelemetry.proto.collector.logs.v1.LogsService/Export" || request.Header.Get("Te") != "trailers" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Trailer", "Grpc-Status, Grpc-Message")
		_, _ = w.Write(append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(response))), response...))
		w.Header().Set("Grpc-Status", code)
		w.Header().Set("Grpc-Message", "why")
	}))
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// eventSetup is a set-up with an exporter of each kind, whose servers keep the events.
func eventSetup(t *testing.T) (*setup, *received) {
	t.Helper()
	s, r := newSetup(t), &received{bodies: map[string][]string{}}
	notEmpty := func(_ *http.Request, body string) bool { return body != "" }
	s.hec.handler = r.record("splunk_hec", notEmpty, hecServer)
	s.elastic.handler = r.record("elasticsearch", func(request *http.Request, _ string) bool {
		return strings.HasSuffix(request.URL.Path, "/_doc") || strings.HasSuffix(request.URL.Path, "/_bulk")
	}, elasticServer)
	s.azure.handler = r.record("azure_logs_ingestion", func(_ *http.Request, body string) bool { return body != "" && body != "[]" }, azureAccepts)
	otlp := newServer(t, r.record("otlp_http", notEmpty, func(w http.ResponseWriter, request *http.Request) {
		if request.URL.Path != "/v1/logs" || request.Header.Get("X-Key") != "otlp-key" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	opensearch := newServer(t, r.record("opensearch", notEmpty, func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, http.StatusCreated, map[string]any{"result": "created"})
	}))
	s.more = fmt.Sprintf(`  otlp_http: {endpoint: %q, headers: {X-Key: otlp-key}}
  otlp_grpc: {endpoint: %q, tls: {insecure: true}}
  opensearch: {http: {endpoint: %q}, logs_index: oversight}
  kafka: {brokers: [127.0.0.1:1], logs: {topic: oversight}}
`, otlp.url, grpcServer(t, r, "0", nil), opensearch.url)
	s.processor = "oversight_siem], exporters: [otlp_http, otlp_grpc, opensearch, kafka]}\n    logs/second: {receivers: [oversight], processors: [oversight_siem"
	return s, r
}

var eventDestinations = []string{"splunk_hec", "elasticsearch", "azure_logs_ingestion", "otlp_http", "otlp_grpc", "opensearch"}

// Without --send-test no destination gets an event, and no file a line.
func TestNoEventWithoutSendTest(t *testing.T) {
	s, r := eventSetup(t)
	report := s.run(t)
	for _, name := range eventDestinations {
		assert.Empty(t, r.events(name), name)
	}
	for _, result := range report {
		assert.NotContains(t, result.Seen, testMark)
	}
	files, err := filepath.Glob(filepath.Join(s.dir, "*.ndjson"))
	require.NoError(t, err)
	assert.Empty(t, files)
}

// With it, each gets one, which says what it is, and the line says where to look.
func TestEachDestinationGetsOneTestEvent(t *testing.T) {
	s, r := eventSetup(t)
	s.settings.SendTest = true
	report := s.run(t)
	for _, name := range eventDestinations {
		got := r.events(name)
		if assert.Len(t, got, 1, name) {
			assert.Contains(t, got[0], testMark, name)
		}
	}
	for check, want := range map[string]string{
		"splunk.index":        "search for: index=oversight",
		"elasticsearch.event": "search in logs-oversight.beacon-default",
		"azure.event":         "Oversight_CL | where Message == ",
		"opensearch.event":    "search in oversight for",
		"file.event":          "events.doctor-test.ndjson",
	} {
		found := results(report, check)
		require.Len(t, found, 1, check)
		assert.Equal(t, doctor.StatusOK, found[0].Status, "%v", found)
		assert.Contains(t, found[0].Seen, want)
		assert.Contains(t, found[0].Seen, testMark)
	}
	otlp := results(report, "otlp.event")
	require.Len(t, otlp, 2)
	for _, result := range otlp {
		assert.Equal(t, doctor.StatusOK, result.Status, "%v", result)
		assert.Contains(t, result.Seen, "service oversight-siem")
	}
	kafka := results(report, "kafka.event")
	require.Len(t, kafka, 1)
	assert.Equal(t, doctor.StatusNotChecked, kafka[0].Status)
	assert.Contains(t, kafka[0].Remedy, "kafka-console-consumer.sh --bootstrap-server 127.0.0.1:1 --topic oversight")
	line := read(t, filepath.Join(s.dir, "events.doctor-test.ndjson"))
	assert.Contains(t, string(line), testMark)
	_, err := os.Stat(filepath.Join(s.dir, "events.ndjson"))
	assert.ErrorIs(t, err, os.ErrNotExist, "the exporter's own file")
}

// No test event is one of this project's events, findings that raise alerts, or
// checkpoint records: no detection looks at it.
func TestNoDetectionLooksAtTestEvents(t *testing.T) {
	s, r := eventSetup(t)
	s.settings.SendTest = true
	s.run(t)

	var splunk map[string]any
	require.NoError(t, json.Unmarshal([]byte(r.events("splunk_hec")[0]), &splunk))
	assert.Equal(t, "oversight:doctor", splunk["sourcetype"]) // searches name sourcetypes

	var elastic struct {
		Event map[string]any `json:"event"`
	}
	require.NoError(t, json.Unmarshal([]byte(r.events("elasticsearch")[0]), &elastic))
	assert.NotContains(t, elastic.Event, "dataset") // rules name datasets

	var rows []map[string]any
	require.NoError(t, json.Unmarshal([]byte(r.events("azure_logs_ingestion")[0]), &rows))
	require.Len(t, rows, 1)
	assert.NotEmpty(t, rows[0]["IntegrityKind"]) // or the function Oversight has it
	assert.Equal(t, "Informational", rows[0]["Severity"])
	assert.NotContains(t, rows[0], "CheckpointReason") // or OversightCheckpoints has it

	for _, body := range []string{r.events("otlp_http")[0], r.events("otlp_grpc")[0][5:]} {
		logs, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs([]byte(body))
		require.NoError(t, err)
		require.Equal(t, 1, logs.LogRecordCount())
		record := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
		assert.Empty(t, record.EventName())
		assert.Equal(t, testMark, record.Body().Str())
	}
}

// A refusal is a failure that says what to fix.
func TestRefusedTestEvents(t *testing.T) {
	partial := []byte{0x0a, 0x06, 0x08, 0x01, 0x12, 0x02, 'n', 'o'} // one record, because "no"
	for name, c := range map[string]struct {
		exporter  func(t *testing.T) string
		seen, fix string
	}{
		"gRPC credentials": {func(t *testing.T) string {
			return fmt.Sprintf("otlp_grpc: {endpoint: %q, tls: {insecure: true}}", grpcServer(t, &received{bodies: map[string][]string{}}, "16", nil))
		}, "refuses the credentials (gRPC code 16): why", "`exporters::otlp_grpc::headers`"},
		"gRPC without logs": {func(t *testing.T) string {
			return fmt.Sprintf("otlp_grpc: {endpoint: %q, tls: {insecure: true}}", grpcServer(t, &received{bodies: map[string][]string{}}, "12", nil))
		}, "takes no log records", "let the server take logs"},
		"gRPC refuses the record": {func(t *testing.T) string {
			return fmt.Sprintf("otlp_grpc: {endpoint: %q, tls: {insecure: true}}", grpcServer(t, &received{bodies: map[string][]string{}}, "0", partial))
		}, "refuses the test record: no", "read the reason"},
		"gRPC at a port for HTTP": {func(t *testing.T) string {
			return fmt.Sprintf("otlp_grpc: {endpoint: %q}", newServer(t, always(200, "text/plain", "hi")).url)
		}, "does not speak gRPC: ", "`exporters::otlp_grpc::endpoint`"},
		"HTTP credentials": {func(t *testing.T) string {
			return fmt.Sprintf("otlp_http: {endpoint: %q}", newServer(t, always(401, "text/plain", "")).url)
		}, "refuses the credentials (401)", "`exporters::otlp_http::headers`"},
		"HTTP path": {func(t *testing.T) string {
			return fmt.Sprintf("otlp_http: {endpoint: %q}", newServer(t, always(404, "text/plain", "")).url)
		}, "takes no log records (404)", "the URL before /v1/logs"},
		"HTTP login page": {func(t *testing.T) string {
			return fmt.Sprintf("otlp_http: {endpoint: %q}", newServer(t, always(200, "text/html", "<!doctype html>")).url)
		}, "HTML page", "a login page"},
		"HTTP refuses the record": {func(t *testing.T) string {
			return fmt.Sprintf("otlp_http: {endpoint: %q}", newServer(t, always(200, "application/x-protobuf", string(partial))).url)
		}, "refuses the test record: no", "read the reason"},
		"OpenSearch refuses": {func(t *testing.T) string {
			return fmt.Sprintf("opensearch: {http: {endpoint: %q}}", newServer(t, always(403, "application/json", `{"error":{"type":"security_exception","reason":"no permissions"}}`)).url)
		}, "security_exception: no permissions", "ss4o_logs-default-namespace"},
		"file": {func(*testing.T) string { return "file: {path: /none/events.ndjson}" }, "no test line was written to /none/events.doctor-test.ndjson", "file.directory"},
	} {
		t.Run(name, func(t *testing.T) {
			text := c.exporter(t)
			id, _, _ := strings.Cut(text, ":")
			path := filepath.Join(t.TempDir(), "config.yaml")
			require.NoError(t, os.WriteFile(path, []byte("exporters:\n  "+text+"\nservice: {pipelines: {logs: {receivers: [], exporters: ["+id+"]}}}\n"), 0o600))
			report, err := doctor.Run(t.Context(), doctor.Settings{Config: []string{path}, SendTest: true})
			require.NoError(t, err)
			var found []doctor.Result
			for _, result := range report {
				if strings.HasSuffix(result.Check, ".event") {
					found = append(found, result)
				}
			}
			require.Len(t, found, 1)
			assert.Equal(t, doctor.StatusFailed, found[0].Status, "%v", found)
			assert.Contains(t, found[0].Seen, c.seen)
			assert.Contains(t, found[0].Remedy, c.fix)
		})
	}
}
