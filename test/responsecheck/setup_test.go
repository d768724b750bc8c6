// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package responsecheck runs the exporters that the extension responsecheck is for,
// with the settings of the shipped configurations, against servers that answer like
// the real ones.
package responsecheck

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/xconfmap"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/extension/responsecheckextension"
)

// host has the extensions of a collector.
type host map[component.ID]component.Component

func (h host) GetExtensions() map[component.ID]component.Component { return h }

// newExporter returns a started exporter. With checked, responsecheck is its
// middleware.
func newExporter(t *testing.T, factory exporter.Factory, settings map[string]any, checked bool, extension map[string]any) exporter.Logs {
	t.Helper()
	h := host{}
	if checked {
		settings["middlewares"] = []any{map[string]any{"id": checkID.String()}}
		h[checkID] = newCheck(t, extension)
	}
	return startExporter(t, factory, settings, h)
}

// checkID is the id of the extension.
var checkID = component.MustNewID("responsecheck")

// newCheck returns a started extension.
func newCheck(t *testing.T, settings map[string]any) component.Component {
	t.Helper()
	factory := responsecheckextension.NewFactory()
	cfg := factory.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(settings).Unmarshal(cfg))
	set := extensiontest.NewNopSettings(factory.Type())
	set.ID = checkID
	ext, err := factory.Create(t.Context(), set, cfg)
	require.NoError(t, err)
	require.NoError(t, ext.Start(t.Context(), host{}))
	t.Cleanup(func() { require.NoError(t, ext.Shutdown(context.Background())) })
	return ext
}

func startExporter(t *testing.T, factory exporter.Factory, settings map[string]any, h component.Host) exporter.Logs {
	t.Helper()
	cfg := factory.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(settings).Unmarshal(cfg))
	require.NoError(t, xconfmap.Validate(cfg))
	exp, err := factory.CreateLogs(t.Context(), exportertest.NewNopSettings(factory.Type()), cfg)
	require.NoError(t, err)
	require.NoError(t, exp.Start(t.Context(), h))
	t.Cleanup(func() { require.NoError(t, exp.Shutdown(context.Background())) })
	return exp
}

// events returns n records with the ids uid-0, uid-1, …, as the processor
// oversight_siem makes them for Elasticsearch.
func events(n int) plog.Logs {
	logs := plog.NewLogs()
	scope := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
	scope.Scope().Attributes().PutStr("elastic.mapping.mode", "bodymap")
	for i := range n {
		record := scope.LogRecords().AppendEmpty()
		record.Attributes().PutStr("elasticsearch.document_id", uid(i))
		record.Body().SetEmptyMap().PutStr("event", uid(i))
	}
	return logs
}

func uid(i int) string { return "uid-" + string(rune('0'+i)) }

// class returns what the receiver makes of an error: the class of the first refusal in
// it, otherwise "permanent" or "retryable", and "" for success.
func class(err error) string {
	var refusal interface{ RefusalClass() string }
	switch {
	case err == nil:
		return ""
	case errors.As(err, &refusal):
		return refusal.RefusalClass()
	case consumererror.IsPermanent(err):
		return "permanent"
	}
	return "retryable"
}

// accepted returns the ids that an error names as accepted.
func accepted(err error) []string {
	var partial interface{ AcceptedRecords() []string }
	if errors.As(err, &partial) {
		return partial.AcceptedRecords()
	}
	return nil
}

// answer is what a server answers to events.
type answer struct {
	status   int
	header   map[string]string
	body     string
	location bool // redirect to another server
	hangUp   bool // close the connection instead
}

// server gives the same answer to each request with events, or another from the
// second on.
type server struct {
	*httptest.Server
	elsewhere *httptest.Server

	mu       sync.Mutex
	requests []*http.Request
	later    *answer
	strayed  int // requests that came to the other server
}

func newServer(t *testing.T, a answer) *server {
	t.Helper()
	s := &server{}
	s.elsewhere = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		s.strayed++
		s.mu.Unlock()
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<title>Sign in</title>")
	}))
	t.Cleanup(s.elsewhere.Close)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		s.mu.Lock()
		a := a
		if len(s.requests) > 0 && s.later != nil {
			a = *s.later
		}
		s.requests = append(s.requests, r)
		s.mu.Unlock()
		if a.hangUp {
			panic(http.ErrAbortHandler)
		}
		if a.location {
			w.Header().Set("Location", s.elsewhere.URL+"/login")
		}
		for name, value := range a.header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, a.body)
	}))
	t.Cleanup(s.Close)
	return s
}

// then sets the answer from the second request on.
func (s *server) then(a answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.later = &a
}

func (s *server) requestCount() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests)
}

func (s *server) strayedRequests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.strayed
}

func export(t *testing.T, exp exporter.Logs, n int) error {
	t.Helper()
	return exp.ConsumeLogs(t.Context(), events(n))
}

var _ component.Host = host{}
