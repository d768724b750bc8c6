// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package responsecheck

import (
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/splunkhecexporter"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
)

const hecToken = "00000000-1111-2222-3333-444444444444"

func hecSettings(endpoint string) map[string]any {
	return map[string]any{
		"endpoint":         endpoint,
		"token":            hecToken,
		"sending_queue":    map[string]any{"enabled": false},
		"retry_on_failure": map[string]any{"enabled": false},
	}
}

func hecAnswer(status int, body string) answer {
	return answer{status: status, header: map[string]string{"Content-Type": "application/json"}, body: body}
}

// TestSplunkHEC: alone is what the exporter returns without the extension: "" where it
// loses events.
func TestSplunkHEC(t *testing.T) {
	for _, test := range []struct {
		name, path, alone, class string
		answer                   answer
		strayed                  int // without the extension
		words                    []string
		permanent                bool
	}{
		{name: "success", answer: hecAnswer(200, `{"text":"Success","code":0}`)},
		{name: "303 of Splunk Web", answer: answer{status: 303, location: true}, strayed: 1, class: "unknown", words: []string{"a redirect to http://127.0.0.1"}},
		{name: "307 to another host", answer: answer{status: 307, location: true}, strayed: 1, class: "unknown"},
		{name: "a login page", answer: answer{status: 200, header: map[string]string{"Content-Type": "text/html"}, body: "<title>Sign in</title>"}, class: "unknown", words: []string{"Sign in"}},
		{name: "a login page at another path", path: "/hec", answer: answer{status: 200, body: "<title>Sign in</title>"}, class: "unknown"},
		{name: "empty", answer: answer{status: 200}, class: "unknown"},
		{name: "wrong token", answer: hecAnswer(403, `{"text":"Invalid token","code":4}`), alone: "permanent", class: "destination", words: []string{"Invalid token (code 4)"}},
		{name: "wrong index", answer: hecAnswer(400, `{"text":"Incorrect index","code":7,"invalid-event-number":1}`), alone: "permanent", class: "destination", words: []string{"Incorrect index"}},
		{
			name: "one event refused", answer: hecAnswer(400, `{"text":"Invalid data format","code":6,"invalid-event-number":1}`), alone: "permanent", class: "content", permanent: true,
			words: []string{"Invalid data format (code 6), invalid-event-number 1"},
		},
		{name: "413", answer: answer{status: 413}, alone: "retryable", class: "size", permanent: true},
		{name: "404", answer: answer{status: 404}, alone: "retryable", class: "unknown"},
		{name: "busy", answer: hecAnswer(503, `{"text":"Server is busy","code":9}`), alone: "retryable", class: "busy", words: []string{"Server is busy"}},
		{name: "busy, says when", answer: answer{status: 503, header: map[string]string{"Retry-After": "3"}}, alone: "retryable", class: "busy"},
		{name: "too many requests", answer: answer{status: 429}, alone: "retryable", class: "busy"},
		{name: "503, does not say why", answer: answer{status: 503}, alone: "retryable", class: "retryable"},
		{name: "closed connection", answer: answer{hangUp: true}, alone: "retryable", class: "retryable"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t, test.answer)
			alone := newExporter(t, splunkhecexporter.NewFactory(), hecSettings(s.URL+test.path), false, nil)
			assert.Equal(t, test.alone, class(export(t, alone, 3)), "without the extension")
			require.Equal(t, test.strayed, s.strayedRequests())

			exp := newExporter(t, splunkhecexporter.NewFactory(), hecSettings(s.URL+test.path), true, nil)
			err := export(t, exp, 3)
			require.Equal(t, test.class, class(err), "%v", err)
			assert.Equal(t, test.permanent, consumererror.IsPermanent(err), "%v", err)
			for _, words := range test.words {
				require.ErrorContains(t, err, words)
			}
			if err != nil {
				assert.NotContains(t, err.Error(), hecToken)
			}
			assert.Equal(t, test.strayed, s.strayedRequests(), "nothing strays with the extension")
		})
	}
}

// The health check of the exporter, to which a real HEC answers with code 17.
func TestSplunkHECHealthCheck(t *testing.T) {
	s := newServer(t, hecAnswer(200, `{"text":"HEC is healthy","code":17}`))
	settings := hecSettings(s.URL)
	settings["health_check_enabled"] = true
	newExporter(t, splunkhecexporter.NewFactory(), settings, true, nil)
}
