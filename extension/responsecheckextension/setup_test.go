// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package responsecheckextension

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configmiddleware"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/oversight-protocol/oversight-otelcol/extension/responsecheckextension/internal/metadata"
)

// fixture is a started extension with its logs and metrics.
type fixture struct {
	extension extension.Extension
	logs      *observer.ObservedLogs
	telemetry *componenttest.Telemetry
}

func newFixture(t *testing.T, configure func(*Config)) *fixture {
	t.Helper()
	core, logs := observer.New(zap.InfoLevel)
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.Background())) })
	set := extensiontest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = tel.NewTelemetrySettings()
	set.Logger = zap.New(core)
	cfg := createDefaultConfig().(*Config)
	if configure != nil {
		configure(cfg)
	}
	ext, err := NewFactory().Create(t.Context(), set, cfg)
	require.NoError(t, err)
	require.NoError(t, ext.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, ext.Shutdown(context.Background())) })
	return &fixture{extension: ext, logs: logs, telemetry: tel}
}

// client returns a client as exporters make it, with the extension as middleware.
func (f *fixture) client(t *testing.T) *http.Client {
	t.Helper()
	id := component.NewID(metadata.Type)
	cfg := confighttp.NewDefaultClientConfig()
	cfg.Middlewares = []configmiddleware.Config{{ID: id}}
	client, err := cfg.ToClient(t.Context(), map[component.ID]component.Component{id: f.extension}, componenttest.NewNopTelemetrySettings())
	require.NoError(t, err)
	t.Cleanup(client.CloseIdleConnections)
	return client
}

// reply is what a server answers.
type reply struct {
	status int
	header map[string]string
	body   string
}

func (r reply) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	_, _ = io.Copy(io.Discard, req.Body)
	for name, value := range r.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(r.status)
	_, _ = io.WriteString(w, r.body)
}

// post sends a request to a server that gives the reply, and returns the body that
// the exporter reads.
func (f *fixture) post(t *testing.T, answer http.Handler, path, body string, header map[string]string) (int, string, error) {
	t.Helper()
	server := httptest.NewServer(answer)
	defer server.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	for name, value := range header {
		req.Header.Set(name, value)
	}
	res, err := f.client(t).Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res.StatusCode, string(text), err
}

// counter returns the value of a metric with the given attributes, -1 if it does not
// exist.
func (f *fixture) counter(t *testing.T, name string, attributes map[string]string) int64 {
	t.Helper()
	m, err := f.telemetry.GetMetric("otelcol_" + name)
	require.NoError(t, err)
	return value(m, attributes)
}
