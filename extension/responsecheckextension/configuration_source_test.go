// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package responsecheckextension

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"

	"github.com/oversight-protocol/oversight-otelcol/internal/guarantee"
)

func TestReceiverReports(t *testing.T) {
	const exporters = `
exporters:
  elasticsearch: {middlewares: [{id: headers}, {id: responsecheck}]}
  elasticsearch/other: {middlewares: [{id: responsecheck/other}]}
  splunk_hec: {middlewares: [{id: responsecheck}]}
connectors: {routing: {}, forward: {}, dead_letter/elastic: {}}
`
	for name, test := range map[string]struct {
		pipelines string
		want      bool
	}{
		"oversight":              {pipelines: `{logs: {receivers: [oversight/elastic], exporters: [elasticsearch]}}`, want: true},
		"several":                {pipelines: `{logs: {receivers: [oversight, oversight/2], exporters: [elasticsearch]}}`, want: true},
		"a gateway":              {pipelines: `{logs: {receivers: [kafka], exporters: [elasticsearch]}}`},
		"behind dead_letter":     {pipelines: `{logs: {receivers: [kafka], exporters: [dead_letter/elastic]}, logs/2: {receivers: [dead_letter/elastic], exporters: [elasticsearch]}}`, want: true},
		"beside dead_letter":     {pipelines: `{logs: {receivers: [kafka], exporters: [dead_letter/elastic]}, logs/2: {receivers: [dead_letter/elastic, otlp], exporters: [elasticsearch]}}`},
		"both in one pipeline":   {pipelines: `{logs: {receivers: [oversight, otlp], exporters: [elasticsearch]}}`},
		"both in two pipelines":  {pipelines: `{logs: {receivers: [oversight], exporters: [elasticsearch]}, traces: {receivers: [otlp], exporters: [elasticsearch]}}`},
		"others at another":      {pipelines: `{logs: {receivers: [oversight], exporters: [elasticsearch]}, logs/2: {receivers: [otlp], exporters: [splunk_hec, elasticsearch/other]}}`, want: true},
		"another instance":       {pipelines: `{logs: {receivers: [oversight], exporters: [elasticsearch/other]}}`},
		"no elasticsearch":       {pipelines: `{logs: {receivers: [oversight], exporters: [splunk_hec]}}`},
		"through a connector":    {pipelines: `{logs: {receivers: [oversight], exporters: [routing]}, logs/2: {receivers: [routing], exporters: [elasticsearch]}}`, want: true},
		"gateway by a connector": {pipelines: `{logs: {receivers: [otlp], exporters: [routing]}, logs/1: {receivers: [oversight], exporters: [routing]}, logs/2: {receivers: [routing], exporters: [elasticsearch]}}`},
		"a circle":               {pipelines: `{logs: {receivers: [oversight, forward], exporters: [forward, elasticsearch]}}`, want: true},
		"no receivers":           {pipelines: `{logs: {exporters: [elasticsearch]}}`},
		"other forms":            {pipelines: `[1]`},
	} {
		t.Run(name, func(t *testing.T) {
			conf := load(t, exporters+"service: {pipelines: "+test.pipelines+"}")
			assert.Equal(t, test.want, guarantee.ReceiverReports(conf.ToStringMap(), "responsecheck"))
		})
	}
}

// Only the exporter `elasticsearch` gets the error while it reads the answer.
func TestRefusalInTheBody(t *testing.T) {
	f := newFixture(t, nil)
	f.extension.(*responseCheck).receiverReports.Store(true)
	exporter := map[string]string{headerEventCount: "3"}
	parsing := item(400, "document_parsing_exception", "bad")
	test := answerTest{answer: bulkReply(created, parsing, created), class: "content", permanent: true, words: []string{"document uid-1"}}
	status, text, err := f.post(t, test.answer, "/_bulk", bulkBody(3), exporter)
	assert.Equal(t, 200, status)
	assert.Equal(t, "{", text, "no complete answer")
	var refused refusalError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, []string{"uid-0", "uid-2"}, refused.AcceptedRecords())
	assert.True(t, consumererror.IsPermanent(err))
	assert.EqualValues(t, 1, f.counter(t, "responsecheck_requests", map[string]string{"protocol": "elasticsearch", "outcome": "content"}))

	for name, request := range map[string]struct {
		answer reply
		path   string
		header map[string]string
	}{
		"another client":            {answer: test.answer, path: "/_bulk"},
		"another protocol":          {answer: hecReply(400, 6, "Invalid data format"), path: "/services/collector", header: exporter},
		"it blames the destination": {answer: reply{status: 401}, path: "/_bulk", header: exporter},
		"it has too much to do":     {answer: reply{status: 429}, path: "/_bulk", header: exporter},
		"nothing but the beginning": {answer: reply{status: 200, header: map[string]string{"Content-Length": "100"}, body: `{"items":`}, path: "/_bulk", header: exporter},
	} {
		t.Run(name, func(t *testing.T) {
			status, _, err := f.post(t, request.answer, request.path, bulkBody(3), request.header)
			require.Error(t, err)
			assert.Zero(t, status)
		})
	}
}
