// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package responsecheckextension

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
)

func otlpReply(t *testing.T, rejected int64, message string) reply {
	t.Helper()
	response := plogotlp.NewExportResponse()
	response.PartialSuccess().SetRejectedLogRecords(rejected)
	response.PartialSuccess().SetErrorMessage(message)
	body, err := response.MarshalProto()
	require.NoError(t, err)
	return reply{status: 200, header: map[string]string{"Content-Type": protoType}, body: string(body)}
}

func otlpStatusReply(t *testing.T, status int, message string) reply {
	t.Helper()
	body, err := proto.Marshal(&spb.Status{Code: int32(codes.Internal), Message: message})
	require.NoError(t, err)
	return reply{status: status, header: map[string]string{"Content-Type": protoType}, body: string(body)}
}

// The answers are those of https://opentelemetry.io/docs/specs/otlp/#otlphttp-response.
func TestOTLPAnswers(t *testing.T) {
	json := map[string]string{"Content-Type": jsonType}
	tests := []answerTest{
		{name: "success", answer: reply{status: 200, header: map[string]string{"Content-Type": protoType}}},
		{name: "success in JSON", answer: reply{status: 200, header: json, body: `{"partialSuccess":{}}`}},
		{name: "success with a warning", answer: otlpReply(t, 0, "deprecated")},
		{name: "no content, as Loki answers", answer: reply{status: 204}},
		{
			name: "partial success", answer: otlpReply(t, 2, "timestamp too old"), class: "content", permanent: true,
			words: []string{"rejected 2 log records: timestamp too old"},
		},
		{
			name: "partial success in JSON", answer: reply{status: 200, header: json, body: `{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"no"}}`},
			class: "content", permanent: true, words: []string{"rejected 3 log records"},
		},
		{name: "HTML", answer: reply{status: 200, header: map[string]string{"Content-Type": "text/html"}, body: html}, class: "unknown"},
		{name: "empty, of no type", answer: reply{status: 200}, class: "unknown"},
		{name: "no protobuf", answer: reply{status: 200, header: map[string]string{"Content-Type": protoType}, body: html}, class: "unknown"},
		{name: "two results", answer: reply{status: 200, header: json, body: `{"partialSuccess":{"rejectedLogRecords":"3"},"partialSuccess":{}}`}, class: "unknown"},
		{name: "two counts", answer: reply{status: 200, header: json, body: `{"partialSuccess":{"rejectedLogRecords":"3","rejectedLogRecords":"0"}}`}, class: "unknown"},
		{name: "two answers", answer: reply{status: 200, header: json, body: `{}{"partialSuccess":{"rejectedLogRecords":"3"}}`}, class: "unknown"},
		{name: "no JSON", answer: reply{status: 200, header: json, body: "OK"}, class: "unknown"},

		{name: "400", answer: otlpStatusReply(t, 400, "bad record"), class: "unknown", permanent: true, words: []string{"HTTP 400: bad record"}},
		{name: "401", answer: otlpStatusReply(t, 401, "no token"), class: "destination", words: []string{"no token"}},
		{name: "401 in text", answer: reply{status: 401, body: "unauthorized"}, class: "destination"},
		{name: "403", answer: otlpStatusReply(t, 403, "not allowed"), class: "destination"},
		{name: "403 of a firewall", answer: reply{status: 403, body: html}, class: "unknown"},
		{name: "404 of a gateway without logs", answer: reply{status: 404, body: "404 page not found"}, class: "unknown"},
		{name: "413", answer: reply{status: 413}, class: "size", permanent: true},
		{name: "429", answer: otlpStatusReply(t, 429, "slow down"), class: "busy", words: []string{"slow down"}},
		{name: "500, the exporter of a gateway refused", answer: otlpStatusReply(t, 500, "Permanent error"), class: "unknown", permanent: true},
		{name: "502", answer: reply{status: 502, body: html}, class: "retryable"},
		{name: "503", answer: otlpStatusReply(t, 503, "queue is full"), class: "retryable", words: []string{"queue is full"}},
		{name: "503 that says when", answer: reply{status: 503, header: map[string]string{"Retry-After": "7"}}, class: "busy"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, nil)
			f.check(t, test, "/v1/logs", "", map[string]string{"Content-Type": protoType})
			f.check(t, test, "/v1/logs", "{}", map[string]string{"Content-Type": jsonType})
			f.check(t, test, "/custom", "", map[string]string{"Content-Type": protoType})
		})
	}
}

func TestOTLPCountsRejectedRecords(t *testing.T) {
	f := newFixture(t, nil)
	f.check(t, answerTest{answer: otlpReply(t, 2, "no"), class: "content", permanent: true}, "/v1/logs", "", map[string]string{"Content-Type": protoType})
	assert.EqualValues(t, 2, f.counter(t, "responsecheck_refused_documents", map[string]string{"protocol": "otlp", "class": "content"}))
}
