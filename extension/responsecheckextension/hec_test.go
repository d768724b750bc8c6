// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package responsecheckextension

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

func hecReply(status, code int, text string) reply {
	return reply{
		status: status, header: map[string]string{"Content-Type": jsonType},
		body: fmt.Sprintf(`{"text":%q,"code":%d}`, text, code),
	}
}

// The codes, their texts and statuses are those of
// https://help.splunk.com/en/splunk-enterprise/get-data-in/collect-http-event-data/troubleshoot-http-event-collector.
func TestHECAnswers(t *testing.T) {
	const success = `{"text":"Success","code":0}`
	tests := []answerTest{
		{name: "success", answer: hecReply(200, 0, "Success")},
		{name: "success with an acknowledgment", answer: reply{status: 200, body: `{"text":"Success","code":0,"ackId":7}`}},
		{name: "queue nearly full", answer: hecReply(200, 24, "HEC queue is approaching its capacity limit")},
		{name: "health answer", answer: hecReply(200, 17, "HEC is healthy"), class: "unknown"},
		{name: "refusal with status 200", answer: hecReply(200, 4, "Invalid token"), class: "destination"},
		{name: "HTML", answer: reply{status: 200, header: map[string]string{"Content-Type": "text/html"}, body: html}, class: "unknown", words: []string{"text/html: <html>", "Sign in"}},
		{name: "empty", answer: reply{status: 200}, class: "unknown"},
		{name: "no content", answer: reply{status: 204}, class: "unknown"},
		{name: "no code", answer: reply{status: 200, body: `{"text":"Success"}`}, class: "unknown"},
		{name: "two answers", answer: reply{status: 200, body: success + success}, class: "unknown"},
		{name: "cut", answer: reply{status: 200, body: success[:20]}, class: "unknown"},
		{name: "another name", answer: reply{status: 200, body: `{"text":"Success","CODE":0}`}, class: "unknown"},
		{name: "two codes", answer: reply{status: 200, body: `{"text":"Success","code":6,"code":0}`}, class: "unknown"},
		{name: "two codes, the first a success", answer: reply{status: 200, body: `{"code":0,"code":6}`}, class: "unknown"},
		{name: "a code as text", answer: reply{status: 200, body: `{"text":"Success","code":"0"}`}, class: "unknown"},
		{name: "a code of null", answer: reply{status: 200, body: `{"text":"Success","code":null}`}, class: "unknown"},
		{name: "text that is not UTF-8", answer: reply{status: 400, body: "{\"text\":\"Invalid data format \xff\",\"code\":6}"}, class: "content", permanent: true},
		{name: "success with status 500", answer: hecReply(500, 0, "Success"), class: "retryable"},

		{name: "1", answer: hecReply(403, 1, "Token disabled"), class: "destination", words: []string{"HTTP 403", "Token disabled (code 1)"}},
		{name: "2", answer: hecReply(401, 2, "Token is required"), class: "destination"},
		{name: "3", answer: hecReply(401, 3, "Invalid authorization"), class: "destination"},
		{name: "4", answer: hecReply(403, 4, "Invalid token"), class: "destination"},
		{name: "5", answer: hecReply(400, 5, "No data"), class: "unknown"},
		{
			name: "6", answer: reply{status: 400, body: `{"text":"Invalid data format","code":6,"invalid-event-number":3}`}, class: "content", permanent: true,
			words: []string{"Invalid data format (code 6), invalid-event-number 3"},
		},
		{name: "7", answer: reply{status: 400, body: `{"text":"Incorrect index","code":7,"invalid-event-number":1}`}, class: "destination"},
		{name: "8", answer: hecReply(500, 8, "Internal server error"), class: "retryable"},
		{name: "9", answer: hecReply(503, 9, "Server is busy"), class: "busy", words: []string{"Server is busy (code 9)"}},
		{name: "10", answer: hecReply(400, 10, "Data channel is missing"), class: "destination"},
		{name: "11", answer: hecReply(400, 11, "Invalid data channel"), class: "destination"},
		{name: "12", answer: hecReply(400, 12, "Event field is required"), class: "content", permanent: true},
		{name: "13", answer: hecReply(400, 13, "Event field cannot be blank"), class: "content", permanent: true},
		{name: "14", answer: hecReply(400, 14, "ACK is disabled"), class: "destination"},
		{name: "15", answer: hecReply(400, 15, "Error in handling indexed fields"), class: "content", permanent: true},
		{name: "16", answer: hecReply(400, 16, "Query string authorization is not enabled"), class: "destination"},
		{name: "18", answer: hecReply(503, 18, "HEC is unhealthy, queues are full"), class: "busy"},
		{name: "23", answer: hecReply(503, 23, "Server is shutting down"), class: "busy"},
		{name: "26", answer: hecReply(429, 26, "HEC queue is at capacity and cannot process any more requests"), class: "busy"},
		{name: "a later code", answer: hecReply(400, 99, "New"), class: "unknown", permanent: true},

		{name: "400 of something else", answer: reply{status: 400, body: "bad"}, class: "unknown", permanent: true},
		{name: "401 of something else", answer: reply{status: 401, body: "sign in"}, class: "destination"},
		{name: "403 of a firewall", answer: reply{status: 403, body: "blocked by policy"}, class: "unknown", words: []string{"blocked by policy"}},
		{name: "404", answer: reply{status: 404, body: "no such page"}, class: "unknown"},
		{name: "405", answer: reply{status: 405}, class: "unknown"},
		{name: "413", answer: reply{status: 413, body: "too large"}, class: "size", permanent: true},
		{name: "413 in words", answer: hecReply(413, 6, "Content-Length of 2000000 too large"), class: "size", permanent: true},
		{name: "421", answer: reply{status: 421}, class: "unknown"},
		{name: "429", answer: reply{status: 429}, class: "busy"},
		{name: "503", answer: reply{status: 503, body: "no healthy upstream"}, class: "retryable"},
		{name: "502", answer: reply{status: 502, body: "bad gateway"}, class: "retryable", words: []string{"bad gateway"}},
		{name: "520", answer: reply{status: 520}, class: "retryable"},
		{name: "503 that says when", answer: reply{status: 503, header: map[string]string{"Retry-After": "7"}, body: "later"}, class: "busy"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, nil)
			f.check(t, test, "/services/collector", `{"event":{}}`, nil)
			outcome := test.class
			if outcome == "" {
				outcome = "accepted"
			}
			assert.EqualValues(t, 1, f.counter(t, "responsecheck_requests", map[string]string{"protocol": "splunk_hec", "outcome": outcome}))
		})
	}
}

// The exporter sends a header of its own, whatever the path behind a proxy.
func TestHECAtAnotherPath(t *testing.T) {
	f := newFixture(t, nil)
	test := answerTest{answer: reply{status: 200, body: html}, class: "unknown"}
	f.check(t, test, "/ingest/oversight", "{}", map[string]string{"__splunk_app_name": "collector"})
	assert.EqualValues(t, 1, f.counter(t, "responsecheck_requests", map[string]string{"protocol": "splunk_hec", "outcome": "unknown"}))
}

func TestHECNamesTheInvalidEvent(t *testing.T) {
	f := newFixture(t, nil)
	f.check(t, answerTest{
		answer: reply{status: 400, body: `{"text":"Invalid data format","code":6,"invalid-event-number":0}`}, class: "content", permanent: true,
		words: []string{"invalid-event-number 0"},
	}, "/services/collector", "{}", nil)
	assert.EqualValues(t, 1, f.counter(t, "responsecheck_refused_documents", map[string]string{"protocol": "splunk_hec", "class": "content"}))
}
