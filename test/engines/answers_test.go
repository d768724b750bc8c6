// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build engines && unix

package engines

import (
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/test/internal/engines/opensearch"
)

var update = flag.Bool("update", false, "write the answers of the node to testdata/opensearch")

// bulkPath is where the elasticsearch exporter sends to.
const bulkPath = "/_bulk?filter_path=items.*._index%2Citems.*.status%2Citems.*.failure_store%2Citems.*.error.type%2Citems.*.error.reason"

// recordedAnswer is a file in testdata/opensearch: a request of the elasticsearch
// exporter and what a real node answers. Other tests compare their fakes with it, and
// check what responsecheck makes of it.
type recordedAnswer struct {
	Path        string `json:"path"`
	ContentType string `json:"content_type"`
	Request     string `json:"request"`
	Status      int    `json:"status"`
	AnswerType  string `json:"answer_type"`
	Answer      string `json:"answer"`
}

// answerCase is a state of the node, and a request.
type answerCase struct {
	// setUp brings the node into the state, which ends with the index or with the
	// test's cleanup. Requests call the index INDEX.
	setUp func(t *testing.T, n *opensearch.Node, index string)
	// path is bulkPath if it is empty.
	path        string
	contentType string // application/x-ndjson if it is empty
	lines       []string
	raw         string // instead of lines
}

// The answers of a real node to requests of the elasticsearch exporter are those in
// testdata/opensearch, which the fakes of the other tests answer, too. With -update
// the test writes them.
func TestOpenSearchAnswers(t *testing.T) {
	n := node(t)
	n.PutTemplate(t, "answers", `{"index_patterns":["answers-*"],"priority":1,"template":{"mappings":{"properties":{
		"@timestamp":{"type":"date"},"source.ip":{"type":"ip"},"n":{"type":"long"},"k":{"type":"keyword"},"strict":{"type":"object","dynamic":"strict"}}}}}`)
	n.PutTemplate(t, "answers-stream", `{"index_patterns":["logs-answers-default"],"priority":2,"data_stream":{}}`)
	t.Cleanup(func() {
		n.Call(t, http.MethodDelete, "/_data_stream/logs-answers-default", "", nil)
		n.Call(t, http.MethodDelete, "/_index_template/answers*", "", nil)
	})
	create := func(id string) string { return `{"create":{"_id":"` + id + `","_index":"INDEX"}}` }
	const good = `{"@timestamp":"2026-11-26T00:00:00Z"}`
	for name, c := range map[string]answerCase{
		"created":                {lines: []string{create("created-0"), good, create("created-1"), good}},
		"created_all_fields":     {path: "/_bulk", lines: []string{create("full-0"), good, create("full-1"), good}},
		"conflict":               {lines: []string{create("same"), good, create("same"), good}},
		"conflict_all_fields":    {path: "/_bulk", lines: []string{create("same-full"), good, create("same-full"), good}},
		"wrong_date":             {lines: []string{create("date-0"), good, create("date-1"), `{"@timestamp":"yesterday"}`}},
		"wrong_ip":               {lines: []string{create("ip"), `{"source":{"ip":"nowhere"}}`}},
		"wrong_number":           {lines: []string{create("number"), `{"n":"many"}`}},
		"object_for_value":       {lines: []string{create("object"), `{"n":{"a":1}}`}},
		"value_for_object":       {lines: []string{create("value"), `{"source":"x"}`}},
		"strict":                 {lines: []string{create("strict"), `{"strict":{"a":1}}`}},
		"immense_term":           {lines: []string{create("immense"), `{"k":"` + strings.Repeat("k", 33_000) + `"}`}},
		"deep":                   {lines: []string{create("deep"), strings.Repeat(`{"d":`, 30) + "1" + strings.Repeat("}", 30)}},
		"empty_name":             {lines: []string{create("empty-name"), `{"":1}`}},
		"dots_only":              {lines: []string{create("dots"), `{"..":1}`}},
		"not_json":               {lines: []string{create("not-json"), `{"a":`}},
		"not_an_object":          {lines: []string{create("not-an-object"), `[1]`}},
		"no_timestamp":           {lines: []string{`{"create":{"_id":"a","_index":"logs-answers-default"}}`, `{"a":1}`}},
		"created_in_data_stream": {lines: []string{`{"create":{"_id":"new","_index":"logs-answers-default"}}`, good}},
		"index_in_data_stream":   {lines: []string{`{"index":{"_id":"a","_index":"logs-answers-default"}}`, good}},
		"long_id":                {lines: []string{create(strings.Repeat("i", 513)), good}},
		"wrong_index_name":       {lines: []string{`{"create":{"_id":"a","_index":"Answers"}}`, good}},
		"action_not_json":        {lines: []string{`{"create":`, good}},
		"unknown_action":         {lines: []string{`{"made":{"_id":"a","_index":"INDEX"}}`, good}},
		"odd_lines":              {lines: []string{create("odd-0"), good, create("odd-1")}},
		"no_line_end":            {raw: create("end") + "\n" + good},
		"empty":                  {raw: ""},
		"wrong_type":             {contentType: "text/html", lines: []string{create("type"), good}},
		"json_type":              {contentType: "application/json", lines: []string{create("json-type"), good}},
		"unknown_parameter":      {path: "/_bulk?include_source_on_error=true", lines: []string{create("parameter"), good}},
		"other_index_in_path":    {path: "/elastic/_bulk", lines: []string{create("path"), good}},
		"unknown_path":           {path: "/a/b/c/_bulk", lines: []string{create("path"), good}},
		"missing_pipeline": {lines: []string{create("pipeline-0"), good, create("pipeline-1"), good}, setUp: func(t *testing.T, n *opensearch.Node, index string) {
			n.Call(t, http.MethodPut, "/"+index, "", nil)
			n.Call(t, http.MethodPut, "/"+index+"/_settings", `{"index.default_pipeline":"answers"}`, nil)
		}},
		"failing_pipeline": {lines: []string{create("failing-0"), good, create("failing-1"), good}, setUp: func(t *testing.T, n *opensearch.Node, index string) {
			n.Call(t, http.MethodPut, "/"+index, "", nil)
			n.Call(t, http.MethodPut, "/_ingest/pipeline/answers", `{"processors":[{"rename":{"field":"missing","target_field":"x"}}]}`, nil)
			n.Call(t, http.MethodPut, "/"+index+"/_settings", `{"index.default_pipeline":"answers"}`, nil)
			t.Cleanup(func() { n.Call(t, http.MethodDelete, "/_ingest/pipeline/answers", "", nil) })
		}},
		"read_only": {lines: []string{create("block-0"), good, create("block-1"), good}, setUp: func(t *testing.T, n *opensearch.Node, index string) {
			n.Call(t, http.MethodPut, "/"+index, "", nil)
			n.Call(t, http.MethodPut, "/"+index+"/_settings", `{"index.blocks.read_only_allow_delete":true}`, nil)
		}},
		"write_block": {lines: []string{create("block-0"), good}, setUp: func(t *testing.T, n *opensearch.Node, index string) {
			n.Call(t, http.MethodPut, "/"+index, "", nil)
			n.Call(t, http.MethodPut, "/"+index+"/_settings", `{"index.blocks.write":true}`, nil)
		}},
		"closed": {lines: []string{create("closed"), good}, setUp: func(t *testing.T, n *opensearch.Node, index string) {
			n.Call(t, http.MethodPut, "/"+index, "", nil)
			n.Call(t, http.MethodPost, "/"+index+"/_close", "", nil)
		}},
		"field_limit": {lines: []string{create("fields"), `{"a1":1,"a2":2,"a3":3}`}, setUp: func(t *testing.T, n *opensearch.Node, index string) {
			n.Call(t, http.MethodPut, "/"+index, "", nil)
			n.Call(t, http.MethodPut, "/"+index+"/_settings", `{"index.mapping.total_fields.limit":7}`, nil)
		}},
		"auto_creation_off": {lines: []string{`{"create":{"_id":"a","_index":"INDEX"}}`, good, `{"create":{"_id":"b","_index":"INDEX"}}`, good}, setUp: func(t *testing.T, n *opensearch.Node, _ string) {
			n.PutSettings(t, `{"action.auto_create_index":"false"}`)
			t.Cleanup(func() { n.PutSettings(t, `{"action.auto_create_index":null}`) })
		}},
		"shard_limit": {lines: []string{`{"create":{"_id":"a","_index":"INDEX"}}`, good, `{"create":{"_id":"b","_index":"INDEX"}}`, good}, setUp: func(t *testing.T, n *opensearch.Node, _ string) {
			n.PutSettings(t, `{"cluster.max_shards_per_node":1}`)
			t.Cleanup(func() { n.PutSettings(t, `{"cluster.max_shards_per_node":null}`) })
		}},
	} {
		t.Run(name, func(t *testing.T) { c.check(t, n, name) })
	}
}

// The node's own limits need a start of their own.
func TestOpenSearchAnswersAtItsLimits(t *testing.T) {
	n := node(t)
	n.Configure(map[string]string{"http.max_content_length": "8kb", "indexing_pressure.memory.limit": "2kb"})
	require.NoError(t, n.Restart(t.Context()))
	large := func(size int) []string {
		return []string{`{"create":{"_id":"a","_index":"answers-limits"}}`, `{"a":"` + strings.Repeat("a", size) + `"}`}
	}
	for name, c := range map[string]answerCase{
		"too_large": {lines: large(9_000)},
		"busy":      {lines: large(4_000)},
	} {
		t.Run(name, func(t *testing.T) { c.check(t, n, name) })
	}
}

// check compares the node's answer with the recorded one, or records it.
func (c answerCase) check(t *testing.T, n *opensearch.Node, name string) {
	index := "answers-" + name
	t.Cleanup(func() { n.Call(t, http.MethodDelete, "/"+index+"?ignore_unavailable=true", "", nil) })
	if c.setUp != nil {
		c.setUp(t, n, index)
	}
	want := recordedAnswer{Path: c.path, ContentType: c.contentType, Request: c.raw}
	if want.Path == "" {
		want.Path = bulkPath
	}
	if want.ContentType == "" {
		want.ContentType = "application/x-ndjson"
	}
	if c.lines != nil {
		want.Request = strings.Join(c.lines, "\n") + "\n"
	}
	want.Request = strings.ReplaceAll(want.Request, "INDEX", index)
	answer := n.Do(t, http.MethodPost, want.Path, want.Request, want.ContentType)
	want.Status, want.AnswerType, want.Answer = answer.Status, answer.Header.Get("Content-Type"), stable(string(answer.Body))
	got, err := json.MarshalIndent(want, "", "  ")
	require.NoError(t, err)
	file := filepath.Join("..", "..", "testdata", "opensearch", name+".json")
	if *update {
		require.NoError(t, os.WriteFile(file, append(got, '\n'), 0o644))
	}
	recorded, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(recorded), string(got)+"\n")
}

// variable is what differs from run to run, and what stands in its place.
var variable = []struct {
	pattern *regexp.Regexp
	stable  string
}{
	{regexp.MustCompile(`"took":\d+`), `"took":1`},
	{regexp.MustCompile(`"(_seq_no|_primary_term)":\d+`), `"$1":1`},
	{regexp.MustCompile(`"index_uuid":"[\w-]{22}"`), `"index_uuid":"AAAAAAAAAAAAAAAAAAAAAA"`},
	{regexp.MustCompile(`currently has \[\d+\]`), `currently has [1]`},
}

// stable replaces what differs from run to run.
func stable(answer string) string {
	for _, v := range variable {
		answer = v.pattern.ReplaceAllString(answer, v.stable)
	}
	return answer
}
