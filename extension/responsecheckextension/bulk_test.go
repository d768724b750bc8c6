// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package responsecheckextension

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// bulkBody returns a bulk request of n documents with the ids uid-0, uid-1, …
func bulkBody(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "{\"create\":{\"_id\":\"uid-%d\",\"_index\":\"logs\"}}\n{\"message\":\"event %d\"}\n", i, i)
	}
	return b.String()
}

// created is the item of a document that was created, as the exporter's filter_path
// leaves it.
const created = `{"create":{"_index":"logs","status":201}}`

func item(status int, kind, reason string) string {
	return fmt.Sprintf(`{"create":{"_index":"logs","status":%d,"error":{"type":%q,"reason":%q}}}`, status, kind, reason)
}

func bulkReply(items ...string) reply {
	return reply{
		status: 200,
		header: map[string]string{"Content-Type": jsonType, "X-Elastic-Product": "Elasticsearch"},
		body:   `{"items":[` + strings.Join(items, ",") + `]}`,
	}
}

// The types and reasons are those that Elasticsearch 8 and OpenSearch 2 answer.
func TestBulkAnswers(t *testing.T) {
	conflict := item(409, "version_conflict_engine_exception", "[uid-1]: version conflict, document already exists (current version [1])")
	parsing := item(400, "document_parsing_exception", "[1:30] failed to parse field [dns.question] of type [keyword]")
	missing := item(404, "index_not_found_exception", "no such index [logs] and [action.auto_create_index] is [false]")
	busy := item(429, "es_rejected_execution_exception", "rejected execution of coordinating operation")
	tests := []answerTest{
		{name: "created", answer: bulkReply(created, created, created)},
		{name: "created, with all fields", answer: reply{
			status: 200, header: map[string]string{"X-Elastic-Product": "Elasticsearch"},
			body: `{"took":3,"errors":false,"items":[` + strings.Repeat(created+",", 2) + created + `]}`,
		}},
		{name: "conflict", answer: bulkReply(created, conflict, created)},
		{name: "all conflicts", answer: bulkReply(conflict, conflict, conflict)},

		{
			name: "one refused", answer: bulkReply(created, parsing, created), class: "content", permanent: true,
			words: []string{"refused 1 of 3 documents", "document uid-1: status 400 document_parsing_exception: [1:30] failed to parse field"},
		},
		{name: "all refused", answer: bulkReply(parsing, parsing, parsing), class: "content", permanent: true},
		{name: "immense term", answer: bulkReply(created, created, item(400, "illegal_argument_exception",
			"Document contains at least one immense term in field=\"oversight.extra\"")), class: "content", permanent: true},
		{
			name: "missing pipeline", answer: bulkReply(strings.Split(strings.Repeat(item(400, "illegal_argument_exception", "pipeline with id [oversight] does not exist")+"\n", 3), "\n")[:3]...),
			class: "destination", words: []string{"pipeline with id [oversight] does not exist"},
		},
		{name: "a stranger writes of pipelines", answer: bulkReply(item(400, "illegal_argument_exception",
			"failed to parse: pipeline with id [oversight] does not exist"), created, created), class: "unknown"},
		{name: "missing index", answer: bulkReply(missing, missing, missing), class: "destination", words: []string{"no such index [logs]"}},
		{name: "missing index for one", answer: bulkReply(created, missing, created), class: "unknown"},
		{name: "full disk", answer: bulkReply(strings.Split(strings.Repeat(item(429, "cluster_block_exception",
			"index [logs] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark]")+"\n", 3), "\n")[:3]...), class: "destination"},
		{name: "shard limit", answer: bulkReply(strings.Split(strings.Repeat(item(400, "validation_exception",
			"Validation Failed: 1: this action would add [2] shards, but this cluster currently has [1000]/[1000] maximum normal shards open;")+"\n", 3), "\n")[:3]...), class: "destination"},
		{name: "no rights", answer: bulkReply(strings.Split(strings.Repeat(item(403, "security_exception",
			"action [indices:admin/auto_create] is unauthorized")+"\n", 3), "\n")[:3]...), class: "destination"},
		{name: "busy", answer: bulkReply(created, busy, created), class: "busy", words: []string{"document uid-1: status 429"}},
		{name: "busy and refused", answer: bulkReply(busy, parsing, busy), class: "content", permanent: true},
		{name: "item with status 500", answer: bulkReply(created, item(500, "exception", "boom"), created), class: "retryable"},
		{name: "item with an unknown error", answer: bulkReply(created, item(400, "script_exception", "runtime error"), created), class: "unknown"},
		{name: "409 without an error", answer: bulkReply(created, `{"create":{"status":409}}`, created), class: "unknown"},
		{name: "409 of another kind", answer: bulkReply(created, item(409, "resource_already_exists_exception", "index [logs] already exists"), created), class: "unknown"},
		{name: "conflict of another action", answer: bulkReply(created, strings.Replace(conflict, "create", "index", 1), created), class: "unknown"},
		{name: "another name", answer: bulkReply(created, `{"create":{"STATUS":201}}`, created), class: "unknown"},
		{name: "two statuses", answer: bulkReply(created, `{"create":{"status":400,"status":201}}`, created), class: "unknown"},
		{name: "two errors", answer: bulkReply(created, `{"create":{"status":201,"error":{"type":"a"},"error":{}}}`, created), class: "unknown"},
		{name: "two actions", answer: bulkReply(created, `{"create":{"status":400},"create":{"status":201}}`, created), class: "unknown"},
		{name: "two lists", answer: reply{
			status: 200, header: bulkReply().header, body: `{"items":[` + parsing + `],"items":[` + strings.Repeat(created+",", 2) + created + `]}`,
		}, class: "unknown"},
		{name: "reason that is not UTF-8", answer: bulkReply(created, strings.Replace(parsing, "dns", "\xff", 1), created), class: "content", permanent: true},
		{name: "item without a status", answer: bulkReply(created, `{"create":{"_index":"logs"}}`, created), class: "unknown"},

		{name: "no items", answer: bulkReply(), class: "unknown", words: []string{"about 0 documents, the request has 3"}},
		{name: "an item too few", answer: bulkReply(created, created), class: "unknown"},
		{name: "an item too many", answer: bulkReply(created, created, created, created), class: "unknown"},
		{name: "took only", answer: reply{status: 200, body: `{"took":3,"errors":false}`}, class: "unknown"},
		{name: "text after the answer", answer: reply{status: 200, body: bulkReply(created, created, created).body + "{}"}, class: "unknown"},
		{name: "cut", answer: reply{status: 200, body: bulkReply(created, created, created).body[:60]}, class: "unknown"},
		{name: "HTML", answer: reply{status: 200, header: map[string]string{"Content-Type": "text/html"}, body: html}, class: "unknown"},
		{name: "empty", answer: reply{status: 200}, class: "unknown"},
		{
			name: "not Elasticsearch", answer: reply{status: 200, body: bulkReply(created, created, created).body},
			class: "destination", words: []string{"X-Elastic-Product", "`opensearch: true`"},
		},

		{
			name: "400", answer: reply{status: 400, body: `{"error":{"type":"illegal_argument_exception","reason":"request [/_bulk] contains unrecognized parameter: [require_data_stream]"},"status":400}`},
			class: "unknown", permanent: true, words: []string{"HTTP 400", "unrecognized parameter"},
		},
		{
			name: "401", answer: reply{status: 401, body: `{"error":{"type":"security_exception","reason":"unable to authenticate user"},"status":401}`},
			class: "destination", words: []string{"security_exception: unable to authenticate user"},
		},
		{name: "403", answer: reply{status: 403, body: `{"error":{"type":"security_exception","reason":"action [indices:data/write/bulk] is unauthorized"},"status":403}`}, class: "destination"},
		{name: "403 of a firewall", answer: reply{status: 403, body: html}, class: "unknown"},
		{name: "404 of an ingress", answer: reply{status: 404, body: "default backend - 404"}, class: "unknown", words: []string{"default backend - 404"}},
		{name: "404", answer: reply{status: 404, body: `{"error":{"type":"index_not_found_exception","reason":"no such index [logs]"},"status":404}`}, class: "destination"},
		{name: "405", answer: reply{status: 405, body: `{"error":"Incorrect HTTP method for uri [/_bulk]","status":405}`}, class: "unknown", words: []string{"Incorrect HTTP method"}},
		{name: "413", answer: reply{status: 413}, class: "size", permanent: true},
		{name: "429", answer: reply{status: 429, body: `{"error":{"type":"circuit_breaking_exception","reason":"Data too large"},"status":429}`}, class: "busy"},
		{name: "500", answer: reply{status: 500}, class: "retryable"},
		{name: "503 that says when", answer: reply{status: 503, header: map[string]string{"Retry-After": "7"}, body: "later"}, class: "busy"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, nil)
			f.check(t, test, "/_bulk", bulkBody(3), map[string]string{"Content-Type": jsonType})
		})
	}
}

func TestBulkNamesWhatWasAccepted(t *testing.T) {
	answer := bulkReply(
		created,
		item(400, "document_parsing_exception", "failed to parse"),
		item(409, "version_conflict_engine_exception", "exists"),
		item(429, "es_rejected_execution_exception", "busy"),
	)
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, err := io.WriteString(w, bulkBody(4))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	for name, request := range map[string]struct {
		body   string
		header map[string]string
	}{
		"plain": {body: bulkBody(4)},
		"gzip":  {body: zipped.String(), header: map[string]string{"Content-Encoding": "gzip"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, nil)
			refused := f.refusal(t, answerTest{
				answer: answer, class: "content", permanent: true,
				words: []string{"2 of 4", "document uid-1: status 400", "document uid-3: status 429"},
			}, "/prefix/_bulk", request.body, request.header)
			assert.Equal(t, []string{"uid-0", "uid-2"}, refused.AcceptedRecords())
			assert.EqualValues(t, 2, f.counter(t, "responsecheck_refused_documents", map[string]string{"protocol": "elasticsearch", "class": "content"}))
		})
	}
}

// An answer to more documents than a line can name.
func TestBulkErrorIsBounded(t *testing.T) {
	f := newFixture(t, nil)
	items := make([]string, 1000)
	for i := range items {
		items[i] = item(400, "document_parsing_exception", strings.Repeat("long ", 1000))
	}
	refused := f.refusal(t, answerTest{
		answer: bulkReply(items...), class: "content", permanent: true, words: []string{"1000 of 1000", "and 995 more"},
	}, "/_bulk", bulkBody(1000), nil)
	assert.Less(t, len(refused.Error()), 3000)
}

func TestDocumentsWithoutIDs(t *testing.T) {
	f := newFixture(t, nil)
	body := "{\"create\":{\"_index\":\"logs\"}}\n" + `{"long":"` + strings.Repeat("x", 300_000) + "\"}\n{\"index\":{}}\n{}\n{\"delete\":{\"_id\":\"d\"}}\n"
	refused := f.refusal(t, answerTest{
		answer: bulkReply(item(400, "document_parsing_exception", "bad"), created, created), class: "content", permanent: true,
		words: []string{"document 0: status 400"},
	}, "/_bulk", body, nil)
	assert.Equal(t, []string{"d"}, refused.AcceptedRecords())
}

func TestFailureStore(t *testing.T) {
	f := newFixture(t, nil)
	stored := `{"create":{"_index":".fs-logs-oversight-2026.11.25-000001","status":201,"failure_store":"used"}}`
	test := answerTest{answer: bulkReply(created, stored, stored)}
	f.check(t, test, "/_bulk", bulkBody(3), nil)
	f.check(t, test, "/_bulk", bulkBody(3), nil)
	assert.EqualValues(t, 4, f.counter(t, "responsecheck_failure_store_documents", nil))
	lines := f.logs.FilterMessageSnippet("failure store").All()
	require.Len(t, lines, 1, "one line a minute")
	assert.Equal(t, []any{"document uid-1", "document uid-2"}, lines[0].ContextMap()["first"])

	failed := `{"create":{"_index":"logs","status":400,"failure_store":"failed","error":{"type":"document_parsing_exception","reason":"bad"}}}`
	f.check(t, answerTest{answer: bulkReply(created, failed, created), class: "content", permanent: true}, "/_bulk", bulkBody(3), nil)
}

func TestOpenSearch(t *testing.T) {
	f := newFixture(t, func(cfg *Config) { cfg.OpenSearch = true })
	answer := bulkReply(created, created, created)
	answer.header = nil
	f.check(t, answerTest{answer: answer}, "/_bulk", bulkBody(3), nil)
	f.check(t, answerTest{answer: reply{status: 200, body: html}, class: "unknown"}, "/_bulk", bulkBody(3), nil)
}

// FuzzParseBulk compares the reader of answers with one that parses all of it.
func FuzzParseBulk(f *testing.F) {
	f.Add([]byte(bulkReply(created, created, item(400, "a", "b"), created).body))
	f.Add([]byte(`{"took":1,"errors":true,"items":[{"index":{"status":200}}]}`))
	f.Add([]byte(`{"items":null}`))
	f.Add([]byte(`{"took":1,"took":2,"items":[{"create":{"status":409,"error":{"type":"version_conflict_engine_exception"}}}]}`))
	f.Add([]byte(`{"items":[{"create":{"status":201}}],"items":[]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		result, err := parseBulk(text)
		if err != nil {
			return
		}
		var reference struct {
			Items []map[string]bulkItem `json:"items"`
		}
		require.NoError(t, json.Unmarshal(text, &reference, lenientText, jsontext.AllowDuplicateNames(true)))
		require.Equal(t, len(reference.Items), result.items)
		for position, actions := range reference.Items {
			for action, item := range actions {
				item.action = action
				_, refused := result.refused[position]
				require.Equal(t, item.refused(), refused)
			}
		}
	})
}
