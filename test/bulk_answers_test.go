// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The fake answers requests as a real OpenSearch node does, which make test-engines
// records in testdata/opensearch.
func TestFakeBulkAnswers(t *testing.T) {
	for _, name := range []string{
		"created", "created_all_fields", "created_in_data_stream", "json_type", "other_index_in_path",
		"conflict", "conflict_all_fields", "wrong_date", "no_timestamp", "not_json", "not_an_object",
		"object_for_value", "value_for_object", "wrong_index_name", "index_in_data_stream",
		"long_id", "odd_lines", "unknown_action", "no_line_end", "empty", "wrong_type", "unknown_path",
	} {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("..", "testdata", "opensearch", name+".json"))
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
			b := newBulk(t)
			b.mapping = map[string]string{"n": "long", "source": "object"} // as the template of the recording says
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url+recorded.Path, strings.NewReader(recorded.Request))
			require.NoError(t, err)
			request.Header.Set("Content-Type", recorded.ContentType)
			request.Header.Set("Authorization", "ApiKey "+apiKey)
			response, err := http.DefaultClient.Do(request)
			require.NoError(t, err)
			defer response.Body.Close()
			got, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			assert.Equal(t, recorded.Status, response.StatusCode)
			assert.Equal(t, recorded.AnswerType, response.Header.Get("Content-Type"))
			assert.JSONEq(t, recorded.Answer, asOpenSearch(string(got)))
		})
	}
}

var (
	documentPosition = regexp.MustCompile(`"\[\d+:\d+\] `)
	backingIndexDate = regexp.MustCompile(`-\d{4}\.\d\d\.\d\d-(\d{6})`)
)

// asOpenSearch replaces what Elasticsearch 8 answers differently: it has a type of
// its own for a document that cannot be parsed, and names the position
// (org.elasticsearch.index.mapper.DocumentParsingException), and the names of backing
// indices have a date
// (https://www.elastic.co/guide/en/elasticsearch/reference/8.11/data-streams.html#backing-indices).
func asOpenSearch(answer string) string {
	answer = strings.ReplaceAll(answer, `"document_parsing_exception"`, `"mapper_parsing_exception"`)
	answer = documentPosition.ReplaceAllString(answer, `"`)
	return backingIndexDate.ReplaceAllString(answer, "-$1")
}
