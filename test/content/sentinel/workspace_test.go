// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build content

package sentinel

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/oversight-protocol/oversight-otelcol/internal/content/detections"
)

// workspace is what azuredeploy.json creates.
type workspace struct {
	// Columns are those of Oversight_CL, with their types.
	Columns   map[string]string
	Functions []function
	// NoFuture is whether the data collection rule replaces a TimeGenerated that is later
	// than the arrival.
	NoFuture bool
}

type function struct {
	Name       string `json:"name"`
	Parameters string `json:"parameters"`
	Body       string `json:"body"`
}

func readFile(t *testing.T, elements ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(elements...))
	require.NoError(t, err)
	return string(text)
}

func readWorkspace(t *testing.T) *workspace {
	t.Helper()
	var template struct {
		Resources []struct {
			Properties struct {
				Schema struct {
					Columns []struct{ Name, Type string }
				}
				FunctionAlias, FunctionParameters, Query string
			}
		}
	}
	text := readFile(t, contentDir, "sentinel", "azuredeploy.json")
	require.NoError(t, json.Unmarshal([]byte(text), &template))
	w := &workspace{Columns: make(map[string]string), NoFuture: strings.Contains(text, "TimeGenerated > now(), now(), TimeGenerated)")}
	for _, resource := range template.Resources {
		for _, column := range resource.Properties.Schema.Columns {
			w.Columns[column.Name] = column.Type
		}
		if p := resource.Properties; p.FunctionAlias != "" {
			w.Functions = append(w.Functions, function{p.FunctionAlias, p.FunctionParameters, p.Query})
		}
	}
	require.NotEmpty(t, w.Columns)
	require.Len(t, w.Functions, 5)
	return w
}

// alertRule is what is run of a rule.
type alertRule struct {
	Name        string `yaml:"name"`
	Query       string `yaml:"query"`
	QueryPeriod string `yaml:"queryPeriod"`
}

// readRules returns the rule of each detection, by the detection's id.
func readRules(t *testing.T) map[string]alertRule {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(contentDir, "sentinel", "rules", "*.yaml"))
	require.NoError(t, err)
	named := make(map[string]alertRule)
	for _, file := range files {
		var rule alertRule
		require.NoError(t, yaml.Unmarshal([]byte(readFile(t, file)), &rule))
		named[rule.Name] = rule
	}
	rules := make(map[string]alertRule)
	for _, d := range readDetections(t) {
		require.Contains(t, named, d.Name())
		rules[d.ID] = named[d.Name()]
	}
	require.Len(t, rules, len(named))
	return rules
}

func readDetections(t *testing.T) []detections.Detection {
	t.Helper()
	list, err := detections.Load(contentDir)
	require.NoError(t, err)
	return list
}

func readPlaces(t *testing.T) []detections.Place {
	t.Helper()
	places, err := detections.LoadPlaces(contentDir)
	require.NoError(t, err)
	return places
}

// workbookQueries returns the queries of the workbook by the names of their items, with
// values in the place of its parameters.
func workbookQueries(t *testing.T) map[string]string {
	t.Helper()
	var workbook struct {
		Items []struct {
			Name    string
			Content struct {
				Query      string
				Parameters []struct{ Name, Query string }
			}
		}
	}
	require.NoError(t, json.Unmarshal([]byte(readFile(t, contentDir, "sentinel", "workbooks", "Oversight.json")), &workbook))
	values := strings.NewReplacer("{TimeRange}", "> ago(30d)", "{TimeRange:grain}", "1h", "{Registry}", "'*'")
	queries := make(map[string]string)
	for _, item := range workbook.Items {
		if item.Content.Query != "" {
			queries[item.Name] = values.Replace(item.Content.Query)
		}
		for _, parameter := range item.Content.Parameters {
			if parameter.Query != "" {
				queries[parameter.Name] = values.Replace(parameter.Query)
			}
		}
	}
	return queries
}

var fence = regexp.MustCompile("(?ms)^( *)```kusto\n(.*?)^ *```$")

// documentQueries returns the queries of a page of docs, in their order.
func documentQueries(t *testing.T, page string) []string {
	t.Helper()
	var queries []string
	for _, match := range fence.FindAllStringSubmatch(readFile(t, root, "docs", page), -1) {
		queries = append(queries, strings.ReplaceAll("\n"+match[2], "\n"+match[1], "\n"))
	}
	return queries
}
