// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package elastic_test

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// The oldest versions are the same in the package, the script and the page.
func TestOldestVersions(t *testing.T) {
	assert.Equal(t, "^8.19.0 || ^9.1.0", find(t, `version: "(.*)"`, "package", "oversight", "manifest.yml"))
	assert.Contains(t, read(t, "assets", "install.sh"), "\t\t8.19.* | 9.[1-9]* | [1-9][0-9].*)")
	assert.Contains(t, read(t, "..", "..", "docs", "elastic.md"), "Elasticsearch and Kibana 8.19, 9.1 or later")
}

// What keeps evidence: documents as they were sent, those that do not fit as well, and
// all for the same time, whichever way they were installed.
func TestDocumentsAreKept(t *testing.T) {
	for _, variant := range []string{"", ".serverless"} {
		var component struct {
			Template struct {
				Options struct {
					FailureStore struct{ Enabled bool } `json:"failure_store"`
				} `json:"data_stream_options"`
				Lifecycle struct {
					Retention string `json:"data_retention"`
				}
				Settings struct {
					Index struct {
						Pipeline string `json:"default_pipeline"`
						Mapping  struct {
							Source          struct{ Mode string }
							IgnoreMalformed bool `json:"ignore_malformed"`
						}
					}
				}
			}
		}
		unmarshal(t, &component, "assets", "component_template", "oversight@settings"+variant+".json")
		template := component.Template
		assert.True(t, template.Options.FailureStore.Enabled, variant)
		assert.Equal(t, "365d", template.Lifecycle.Retention, variant)
		assert.Equal(t, "oversight@pipeline", template.Settings.Index.Pipeline, variant)
		assert.Equal(t, "stored", template.Settings.Index.Mapping.Source.Mode, variant)
		assert.True(t, template.Settings.Index.Mapping.IgnoreMalformed, variant)
	}
	for _, dataset := range []string{"beacon", "integrity", "checkpoint"} {
		assert.Equal(t, "365d", find(t, `data_retention: "(.*)"`, "package", "oversight", "data_stream", dataset, "lifecycle.yml"))
		var index struct {
			Priority int
			Patterns []string `json:"index_patterns"`
		}
		unmarshal(t, &index, "assets", "index_template", "logs-oversight."+dataset+".json")
		assert.Greater(t, index.Priority, 200, "above Elastic's own, 100, and Fleet's, 200")
		assert.Equal(t, []string{"logs-oversight." + dataset + "-*"}, index.Patterns)
	}
	page := read(t, "..", "..", "docs", "elastic.md")
	assert.Equal(t, 1, strings.Count(page, `"index.mapping.source.mode": "stored",`), "way A")
	assert.Equal(t, 2, strings.Count(page, `{"failure_store": {"enabled": true}}`), "way A, and an upgrade")
}

// The Agent reads a line as a whole document, and may send it to each of the data streams.
func TestAgentReadsWholeDocuments(t *testing.T) {
	dir := []string{"package", "oversight", "data_stream", "beacon"}
	text := read(t, append(dir, "agent", "stream", "filestream.yml.hbs")...)
	text = regexp.MustCompile(`(?m)^\{\{[#/].*\n`).ReplaceAllString(text, "")         // each and if
	text = regexp.MustCompile(`(?m)^\{\{processors\}\}\n`).ReplaceAllString(text, "") // a text of the user's
	text = regexp.MustCompile(`\{\{(\w+)\}\}`).ReplaceAllString(text, "$1")
	var input struct {
		Paths   []string
		Parsers []struct {
			NDJSON struct {
				Target    *string
				Overwrite bool `yaml:"overwrite_keys"`
				AddError  bool `yaml:"add_error_key"`
			} `yaml:"ndjson"`
		}
		Length string `yaml:"prospector.scanner.fingerprint.length"`
	}
	require.NoError(t, yaml.Unmarshal([]byte(text), &input), text)
	assert.Equal(t, []string{"path"}, input.Paths)
	assert.Equal(t, "fingerprint_length", input.Length)
	require.Len(t, input.Parsers, 1)
	parser := input.Parsers[0].NDJSON
	require.NotNil(t, parser.Target)
	assert.Empty(t, *parser.Target)
	assert.True(t, parser.Overwrite)
	assert.True(t, parser.AddError)

	var manifest struct {
		Elasticsearch map[string]bool
	}
	require.NoError(t, yaml.Unmarshal([]byte(read(t, append(dir, "manifest.yml")...)), &manifest))
	assert.Equal(t, map[string]bool{"dynamic_dataset": true, "dynamic_namespace": true}, manifest.Elasticsearch)
}

func unmarshal(t *testing.T, value any, path ...string) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(read(t, path...)), value), filepath.Join(path...))
}
