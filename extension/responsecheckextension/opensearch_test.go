// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package responsecheckextension

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// realAnswers are the files in testdata/opensearch, which have what a real OpenSearch
// node answers to requests of the exporter, and what becomes of each. `make
// test-engines` compares them with a node.
var realAnswers = map[string]struct {
	class     string
	permanent bool
}{
	"created":                {},
	"created_all_fields":     {},
	"created_in_data_stream": {},
	"conflict":               {},
	"conflict_all_fields":    {},
	"json_type":              {},
	"other_index_in_path":    {},

	"wrong_date":       {"content", true},
	"wrong_ip":         {"content", true},
	"wrong_number":     {"content", true},
	"object_for_value": {"content", true},
	"value_for_object": {"content", true},
	"strict":           {"content", true},
	"immense_term":     {"content", true},
	"deep":             {"content", true},
	"empty_name":       {"content", true},
	"dots_only":        {"content", true},
	"not_json":         {"content", true},
	"not_an_object":    {"content", true},
	"no_timestamp":     {"content", true},
	"too_large":        {"size", true},

	"auto_creation_off":    {"destination", false},
	"shard_limit":          {"destination", false},
	"missing_pipeline":     {"destination", false},
	"read_only":            {"destination", false},
	"write_block":          {"destination", false},
	"closed":               {"destination", false},
	"wrong_index_name":     {"destination", false},
	"index_in_data_stream": {"destination", false},

	// Each can be the fault of an event, or of the destination.
	"field_limit":      {"unknown", false},
	"failing_pipeline": {"unknown", false},
	// One of two documents was stored.
	"odd_lines": {"unknown", false},

	"busy": {"busy", false},

	"action_not_json":   {"unknown", true},
	"unknown_action":    {"unknown", true},
	"no_line_end":       {"unknown", true},
	"empty":             {"unknown", true},
	"long_id":           {"unknown", true},
	"unknown_parameter": {"unknown", true},
	"unknown_path":      {"unknown", true},
	"wrong_type":        {"unknown", false},
}

func TestRealOpenSearchAnswers(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "opensearch", "*.json"))
	require.NoError(t, err)
	assert.Len(t, files, len(realAnswers))
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			var recorded struct {
				Path        string
				ContentType string `json:"content_type"`
				Request     string
				Status      int
				AnswerType  string `json:"answer_type"`
				Answer      string
			}
			require.NoError(t, json.Unmarshal(text, &recorded))
			want, ok := realAnswers[name]
			require.True(t, ok, "what becomes of it?")
			f := newFixture(t, func(cfg *Config) { cfg.OpenSearch = true })
			f.check(t, answerTest{
				answer: reply{
					status: recorded.Status, body: recorded.Answer,
					header: map[string]string{"Content-Type": recorded.AnswerType},
				},
				class: want.class, permanent: want.permanent,
			}, recorded.Path, recorded.Request, map[string]string{"Content-Type": recorded.ContentType})
		})
	}
}
