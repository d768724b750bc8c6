// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package responsecheck

import (
	"maps"
	"sync"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/elasticsearchexporter"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/extension/extensioncapabilities"
)

// reportingHost is a host that keeps the last status that a component reported.
type reportingHost struct {
	host

	mu     sync.Mutex
	status componentstatus.Status
}

func (h *reportingHost) Report(event *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.status = event.Status()
}

func (h *reportingHost) last() componentstatus.Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.status
}

var _ componentstatus.Reporter = (*reportingHost)(nil)

// newReportingHost returns a host with the extension, which is told of a pipeline from
// the receiver to the exporter elasticsearch, as the collector does it. It makes the
// extension the exporter's middleware.
func newReportingHost(t *testing.T, receiver string, settings map[string]any) *reportingHost {
	t.Helper()
	settings["middlewares"] = []any{map[string]any{"id": checkID.String()}}
	check := newCheck(t, nil)
	conf := effectiveFrom(t, receiver, elasticsearchexporter.NewFactory(), settings)
	require.NoError(t, check.(extensioncapabilities.ConfigWatcher).NotifyConfig(t.Context(), conf))
	return &reportingHost{host: host{checkID: check}}
}

// TestElasticsearchStatus: the exporter reports each error of its client as its own
// status, which stays until the next request. With a refusal that may be about one
// event, that would be wrong until the next event comes.
func TestElasticsearchStatus(t *testing.T) {
	parsing := item(400, "document_parsing_exception", "failed to parse field [user_agent.original]")
	html := answer{status: 403, header: map[string]string{"Content-Type": "text/html"}, body: "blocked"}
	for _, test := range []struct {
		name, class string
		answer      answer
		words       string
		accepted    []string
		permanent   bool
		failing     bool
	}{
		{name: "accepted", answer: bulk(repeat(created)...)},
		{name: "one refused", answer: bulk(created, parsing, created), class: "content", words: "document uid-1", accepted: []string{"uid-0", "uid-2"}, permanent: true},
		{name: "all refused", answer: bulk(repeat(parsing)...), class: "content", words: "failed to parse field", permanent: true},
		{name: "413", answer: answer{status: 413}, class: "size", permanent: true},
		{name: "413 of Elasticsearch", answer: bulkError(413, "", ""), class: "size", permanent: true},
		{name: "403 of a firewall", answer: html, class: "unknown", words: "blocked"},
		{name: "400", answer: bulkError(400, "illegal_argument_exception", "no"), class: "unknown", words: "no", permanent: true},
		{name: "an unknown error", answer: bulk(created, item(400, "script_exception", "runtime error"), created), class: "unknown", words: "runtime error", accepted: []string{"uid-0", "uid-2"}},
		{name: "500 of one document", answer: bulk(created, item(500, "exception", "boom"), created), class: "retryable", words: "boom", accepted: []string{"uid-0", "uid-2"}},
		{name: "503 of a proxy", answer: answer{status: 503, body: "no upstream"}, class: "retryable", words: "no upstream"},
		{name: "303", answer: answer{status: 303, location: true}, class: "unknown", words: "a redirect"},

		{name: "no rights", answer: bulk(repeat(item(403, "security_exception", "unauthorized"))...), class: "destination", words: "unauthorized", failing: true},
		{name: "401", answer: bulkError(401, "security_exception", "unable"), class: "destination", words: "unable", failing: true},
		{name: "busy", answer: answer{status: 429}, class: "busy", failing: true},
		{name: "closed connection", answer: answer{hangUp: true}, class: "retryable", failing: true},
	} {
		for variant, change := range map[string]map[string]any{
			"shipped":          nil,
			"retries":          {"retry": map[string]any{"enabled": true, "initial_interval": "1ms", "max_interval": "2ms"}},
			"logs answers":     {"telemetry": map[string]any{"log_response_body": true, "log_request_body": true}},
			"without encoding": {"compression": "none"},
		} {
			t.Run(test.name+"/"+variant, func(t *testing.T) {
				s := newServer(t, test.answer)
				settings := elasticsearchSettings(s.URL)
				maps.Copy(settings, change)
				h := newReportingHost(t, "oversight", settings)
				exp := startExporter(t, elasticsearchexporter.NewFactory(), settings, h)
				err := export(t, exp, 3)
				require.Equal(t, test.class, class(err), "%v", err)
				if test.words != "" {
					require.ErrorContains(t, err, test.words)
				}
				assert.Equal(t, test.accepted, accepted(err))
				assert.Equal(t, test.permanent, consumererror.IsPermanent(err), "%v", err)
				want := componentstatus.StatusOK
				if test.failing {
					want = componentstatus.StatusRecoverableError
				}
				assert.Equal(t, want, h.last())
			})
		}
	}
}

// Where no receiver `oversight` reports that a destination refuses everything, the
// exporter's status has to.
func TestElasticsearchStatusAtAGateway(t *testing.T) {
	s := newServer(t, bulk(repeat(item(400, "document_parsing_exception", "bad"))...))
	settings := elasticsearchSettings(s.URL)
	h := newReportingHost(t, "kafka", settings)
	exp := startExporter(t, elasticsearchexporter.NewFactory(), settings, h)
	require.Equal(t, "content", class(export(t, exp, 3)))
	assert.Equal(t, componentstatus.StatusRecoverableError, h.last())
}
