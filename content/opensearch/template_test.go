// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package opensearch has the index templates for OpenSearch. See docs/opensearch.md.
package opensearch

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ecsField is a field of an ECS document in docs/fields.md, with its type.
var ecsField = regexp.MustCompile("`([a-z_.]+|@timestamp)` (list of )?([a-z_]+)")

// Every field that a document can have is mapped, with the type that docs/fields.md
// names: no stranger's value decides it. Only labels come from dynamic mapping, since a
// pipeline chooses their names.
func TestEveryFieldIsMapped(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "fields.md"))
	require.NoError(t, err)
	all := mappings(t, read(t, "mappings.json"))
	fields := 0
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, " | ")
		if len(cells) != 5 {
			continue
		}
		for _, match := range ecsField.FindAllStringSubmatch(cells[3], -1) {
			path, kind := match[1], match[3]
			if path == "labels.deployment_environment_name" {
				continue
			}
			switch kind {
			case "list":
				kind = "keyword"
			case "flattened":
				kind = "flat_object"
			}
			field := all.field(strings.Split(path, ".")...)
			if assert.NotNil(t, field, path) {
				assert.Equal(t, strings.TrimSuffix(kind, "s"), field["type"], path)
			}
			fields++
		}
	}
	assert.Greater(t, fields, 100)
}

// The index templates use the mappings, and no index is matched by both.
func TestIndexTemplates(t *testing.T) {
	patterns := map[string]string{"data-stream.json": "logs-oversight.*-*", "monthly.json": "oversight-beacon-*"}
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

// field returns the mapping of a field, or nil.
func (o object) field(path ...string) map[string]any {
	field := map[string]any(o)
	for _, name := range path {
		properties, _ := field["properties"].(map[string]any)
		field, _ = properties[name].(map[string]any)
	}
	return field
}
