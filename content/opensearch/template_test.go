// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package opensearch has the index templates for OpenSearch. See docs/opensearch.md.
package opensearch

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The mappings are those for Elasticsearch, in docs/elastic.md, except for what
// OpenSearch does not have.
func TestMappingsAreThoseOfElasticsearch(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "elastic.md"))
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(page), "PUT _index_template/logs-oversight.beacon\n")
	require.True(t, found)
	text, _, found := strings.Cut(rest, "\n```")
	require.True(t, found)

	want := mappings(t, []byte(text))
	extra := map[string]any{"type": "flattened", "ignore_above": 1024.0, "depth_limit": 40.0}
	require.Equal(t, extra, want.field("oversight", "extra"))
	want.properties("oversight")["extra"] = map[string]any{"type": "flat_object"}
	delete(want.field("@timestamp"), "ignore_malformed") // has no effect in OpenSearch
	delete(want.properties(), "data_stream")             // no document has it

	assert.Equal(t, want, mappings(t, read(t, "mappings.json")))
}

// The index templates use the mappings, and no index is matched by both.
func TestIndexTemplates(t *testing.T) {
	patterns := map[string]string{"data-stream.json": "logs-oversight.beacon-*", "monthly.json": "oversight-beacon-*"}
	for name, pattern := range patterns {
		var template struct {
			Patterns   []string       `json:"index_patterns"`
			ComposedOf []string       `json:"composed_of"`
			DataStream map[string]any `json:"data_stream"`
		}
		require.NoError(t, json.Unmarshal(read(t, name), &template), name)
		assert.Equal(t, []string{pattern}, template.Patterns)
		assert.Equal(t, []string{"oversight-beacon"}, template.ComposedOf)
		assert.Equal(t, name == "data-stream.json", template.DataStream != nil)
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return text
}

// object is a part of a mapping.
type object map[string]any

// mappings returns the mappings of a template.
func mappings(t *testing.T, text []byte) object {
	t.Helper()
	var template struct {
		Template struct{ Mappings object }
	}
	require.NoError(t, json.Unmarshal(text, &template))
	require.NotEmpty(t, template.Template.Mappings)
	return template.Template.Mappings
}

// properties returns the fields of an object field, or of the mapping itself.
func (o object) properties(path ...string) map[string]any {
	properties := o["properties"].(map[string]any)
	for _, name := range path {
		properties = properties[name].(map[string]any)["properties"].(map[string]any)
	}
	return properties
}

func (o object) field(path ...string) map[string]any {
	last := len(path) - 1
	return o.properties(path[:last]...)[path[last]].(map[string]any)
}
