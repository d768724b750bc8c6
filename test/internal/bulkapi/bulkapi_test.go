// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package bulkapi

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
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
func TestAnswers(t *testing.T) {
	for _, name := range []string{
		"created", "created_all_fields", "created_in_data_stream", "json_type", "other_index_in_path",
		"conflict", "conflict_all_fields", "wrong_date", "no_timestamp", "not_json", "not_an_object",
		"object_for_value", "value_for_object", "wrong_index_name", "index_in_data_stream",
		"long_id", "odd_lines", "unknown_action", "no_line_end", "empty", "wrong_type", "unknown_path",
	} {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("..", "..", "..", "testdata", "opensearch", name+".json"))
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
			request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, recorded.Path, strings.NewReader(recorded.Request))
			request.Header.Set("Content-Type", recorded.ContentType)
			answer := httptest.NewRecorder()
			Answer(answer, request, []byte(recorded.Request), newIndex().create)
			assert.Equal(t, recorded.Status, answer.Code)
			assert.Equal(t, recorded.AnswerType, answer.Header().Get("Content-Type"))
			assert.JSONEq(t, recorded.Answer, asOpenSearch(answer.Body.String()))
		})
	}
}

// index is an index with a mapping as the recording's template has it.
type index struct {
	ids     map[string]bool
	mapping Mapping
}

func newIndex() *index {
	return &index{ids: map[string]bool{}, mapping: Mapping{"n": "long", "source": "object"}}
}

func (i *index) create(d Document) *ItemError {
	if refused := i.mapping.Add(d); refused != nil {
		return refused
	}
	if i.ids[d.ID] {
		return Conflict(d.ID)
	}
	i.ids[d.ID] = true
	return nil
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
