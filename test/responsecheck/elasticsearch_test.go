// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package responsecheck

import (
	"fmt"
	"strings"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/elasticsearchexporter"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
)

func elasticsearchSettings(endpoint string) map[string]any {
	return map[string]any{
		"endpoint":        endpoint,
		"logs_index":      "logs-oversight",
		"logs_dynamic_id": map[string]any{"enabled": true},
		"retry":           map[string]any{"enabled": false},
		"sending_queue":   map[string]any{"enabled": false},
	}
}

const created = `{"create":{"_index":"logs","status":201}}`

func item(status int, kind, reason string) string {
	return fmt.Sprintf(`{"create":{"_index":"logs","status":%d,"error":{"type":%q,"reason":%q}}}`, status, kind, reason)
}

func bulk(items ...string) answer {
	return answer{
		status: 200,
		header: map[string]string{"Content-Type": "application/json", "X-Elastic-Product": "Elasticsearch"},
		body:   `{"items":[` + strings.Join(items, ",") + `]}`,
	}
}

func bulkError(status int, kind, reason string) answer {
	return answer{
		status: status,
		header: map[string]string{"Content-Type": "application/json", "X-Elastic-Product": "Elasticsearch"},
		body:   fmt.Sprintf(`{"error":{"root_cause":[],"type":%q,"reason":%q},"status":%d}`, kind, reason, status),
	}
}

func repeat(text string) []string { return []string{text, text, text} }

// TestElasticsearch: three documents, with retry and queue off. alone is what the
// exporter returns without the extension: "" where it loses documents.
func TestElasticsearch(t *testing.T) {
	parsing := item(400, "document_parsing_exception", "failed to parse field [dns]")
	for _, test := range []struct {
		name, alone, class string
		answer             answer
		words              []string
		accepted           []string
	}{
		{name: "accepted", answer: bulk(repeat(created)...)},
		{name: "all are there already", answer: bulk(repeat(item(409, "version_conflict_engine_exception", "exists"))...)},
		{
			name: "one refused", answer: bulk(created, parsing, created), class: "content",
			words: []string{"document uid-1", "document_parsing_exception: failed to parse field [dns]"}, accepted: []string{"uid-0", "uid-2"},
		},
		{name: "no rights", answer: bulk(repeat(item(403, "security_exception", "unauthorized"))...), class: "destination", words: []string{"unauthorized"}},
		{name: "no index", answer: bulk(repeat(item(404, "index_not_found_exception", "no such index [logs]"))...), class: "destination", words: []string{"no such index"}},
		{name: "no pipeline", answer: bulk(repeat(item(400, "illegal_argument_exception", "pipeline with id [x] does not exist"))...), class: "destination"},
		{name: "one busy", answer: bulk(created, item(429, "es_rejected_execution_exception", "full"), created), class: "busy", accepted: []string{"uid-0", "uid-2"}},
		{name: "one failed", answer: bulk(created, item(500, "exception", "boom"), created), class: "retryable", accepted: []string{"uid-0", "uid-2"}},
		{name: "no items", answer: bulk(), class: "unknown"},
		{name: "took only", answer: answer{status: 200, header: bulk().header, body: `{"took":1}`}, class: "unknown"},

		{
			name: "HTML", answer: answer{status: 200, header: map[string]string{"Content-Type": "text/html", "X-Elastic-Product": "Elasticsearch"}, body: "<title>Sign in</title>"},
			alone: "retryable", class: "unknown", words: []string{"Sign in"},
		},
		{name: "not Elasticsearch", answer: answer{status: 200, body: bulk(repeat(created)...).body}, alone: "retryable", class: "destination", words: []string{"opensearch"}},
		{name: "400", answer: bulkError(400, "illegal_argument_exception", "contains unrecognized parameter"), alone: "permanent", class: "unknown", words: []string{"unrecognized parameter"}},
		{name: "401", answer: bulkError(401, "security_exception", "unable to authenticate"), alone: "permanent", class: "destination", words: []string{"unable to authenticate"}},
		{name: "404", answer: answer{status: 404, body: "default backend"}, alone: "permanent", class: "unknown", words: []string{"default backend"}},
		{name: "413", answer: answer{status: 413}, alone: "permanent", class: "size"},
		{name: "421", answer: answer{status: 421}, alone: "permanent", class: "unknown"},
		{name: "429", answer: bulkError(429, "circuit_breaking_exception", "Data too large"), alone: "retryable", class: "busy", words: []string{"Data too large"}},
		{name: "500", answer: answer{status: 500, body: "boom"}, alone: "permanent", class: "retryable", words: []string{"boom"}},
		{name: "520", answer: answer{status: 520}, alone: "permanent", class: "retryable"},
		{name: "303", answer: answer{status: 303, location: true}, alone: "permanent", class: "unknown", words: []string{"redirect"}},
		{name: "closed connection", answer: answer{hangUp: true}, alone: "retryable", class: "retryable", words: []string{"EOF"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t, test.answer)
			alone := newExporter(t, elasticsearchexporter.NewFactory(), elasticsearchSettings(s.URL), false, nil)
			assert.Equal(t, test.alone, class(export(t, alone, 3)), "without the extension")

			exp := newExporter(t, elasticsearchexporter.NewFactory(), elasticsearchSettings(s.URL), true, nil)
			err := export(t, exp, 3)
			require.Equal(t, test.class, class(err), "%v", err)
			for _, words := range test.words {
				require.ErrorContains(t, err, words)
			}
			assert.Equal(t, test.accepted, accepted(err))
			wantPermanent := test.class == "content" || test.class == "size" || test.answer.status == 400
			assert.Equal(t, wantPermanent, consumererror.IsPermanent(err), "%v", err)
			assert.Zero(t, s.strayedRequests())
		})
	}
}

func TestOpenSearchIsAcceptedWhereConfigured(t *testing.T) {
	s := newServer(t, answer{status: 200, header: map[string]string{"Content-Type": "application/json"}, body: bulk(repeat(created)...).body})
	exp := newExporter(t, elasticsearchexporter.NewFactory(), elasticsearchSettings(s.URL), true, map[string]any{"opensearch": true})
	for range 3 {
		require.NoError(t, export(t, exp, 3))
	}
}
