// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package elastic_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// byPipeline are the fields that documents have from the ingest pipeline, and tags, which
// it uses when it fails.
var byPipeline = []string{
	"event.ingested", "source.as.number", "source.as.organization.name", "tags", "user_agent.name", "user_agent.version",
	"user_agent.device.name", "user_agent.os.name", "user_agent.os.version", "user_agent.os.full", "dns.question.registered_domain",
	"dns.question.top_level_domain", "dns.question.subdomain",
}

// The mapping has exactly the fields that documents can have, with the types that
// docs/fields.md names.
func TestMappingHasEveryField(t *testing.T) {
	want := documentedFields(t)
	for _, name := range byPipeline {
		assert.NotContains(t, want, name)
		want[name] = ""
	}
	got := mappedFields(t)
	names := slices.Sorted(maps.Keys(got))
	assert.Equal(t, slices.Sorted(maps.Keys(want)), names)
	for _, name := range names {
		if want[name] != "" {
			assert.Equal(t, want[name], got[name], name)
		}
	}
}

// documentedFields returns the fields of the ECS column of docs/fields.md, with their
// types.
func documentedFields(t *testing.T) map[string]string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "fields.md"))
	require.NoError(t, err)
	entry := regexp.MustCompile("^`([a-z_@][a-z_.]*)` (?:list of )?([a-z_]+?)s?\\b")
	types := map[string]string{}
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, " | ")
		if len(cells) != 5 {
			continue
		}
		for text := range strings.SplitSeq(cells[3], "<br>") {
			if match := entry.FindStringSubmatch(text); match != nil && match[1] != "labels.deployment_environment_name" { // an example
				types[match[1]] = strings.Replace(match[2], "list", "keyword", 1) // "list: network"
			}
		}
	}
	require.Greater(t, len(types), 60)
	return types
}

// mappedFields returns the fields of the component template with their types.
func mappedFields(t *testing.T) map[string]string {
	t.Helper()
	var template struct {
		Template struct{ Mappings map[string]any }
	}
	text, err := os.ReadFile(filepath.Join("assets", "component_template", "oversight@mappings.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &template))
	types := map[string]string{}
	addMapped(types, "", template.Template.Mappings["properties"].(map[string]any))
	return types
}

func addMapped(types map[string]string, prefix string, properties map[string]any) {
	for name, value := range properties {
		field := value.(map[string]any)
		if kind, ok := field["type"].(string); ok {
			types[prefix+name] = kind
		} else {
			addMapped(types, prefix+name+".", field["properties"].(map[string]any))
		}
	}
}
