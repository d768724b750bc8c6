// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build content

package splunk_test

import (
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// definition returns the JSON of a view.
func definition(t *testing.T, file string) string {
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var view struct {
		Definition string `xml:"definition"`
	}
	require.NoError(t, xml.Unmarshal(text, &view), file)
	return view.Definition
}

// validate checks definitions with Splunk's schemas and its validator, and returns the
// errors of each.
func validate(t *testing.T, definitions ...string) [][]string {
	packages, err := tools.Node(t.Context(), ".")
	require.NoError(t, err)
	args := []string{"dashboards.cjs", packages}
	for _, text := range definitions {
		file := filepath.Join(t.TempDir(), "view.json")
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		args = append(args, file)
	}
	output, code := run(t, "node", args...)
	require.Zero(t, code, output)
	var results []struct{ Errors []string }
	require.NoError(t, json.Unmarshal([]byte(output), &results), output)
	require.Len(t, results, len(definitions))
	var all [][]string
	for _, result := range results {
		all = append(all, result.Errors)
	}
	return all
}

func views(t *testing.T) []string {
	files, err := filepath.Glob(app + "/default/data/ui/views/*.xml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

// Splunk accepts every dashboard, with each of its panels and options.
func TestDashboards(t *testing.T) {
	files := views(t)
	var definitions []string
	for _, file := range files {
		definitions = append(definitions, definition(t, file))
	}
	for i, errors := range validate(t, definitions...) {
		assert.Empty(t, errors, files[i])
	}
}

// The validator finds each kind of mistake, in a dashboard that it accepts.
func TestDashboardsFinds(t *testing.T) {
	valid := definition(t, app+"/default/data/ui/views/oversight_overview.xml")
	tests := []struct{ old, new, message string }{
		{`"splunk.column"`, `"splunk.colum"`, "must be equal to one of the allowed values"},
		{`"stackMode": "stacked"`, `"stackMode": "piled"`, "must match pattern"},
		{`"stackMode": "stacked"`, `"stackMod": "stacked"`, "splunk.column has no option stackMod"},
		{`"type": "input.timerange"`, `"type": "input.time"`, "must be equal to one of the allowed values"},
		{`"refreshType": "delay"`, `"refreshTyp": "delay"`, "ds.search has no option refreshTyp"},
		{`"item": "viz_help"`, `"item": "viz_hel"`, "does not exist"},
		{`"type": "drilldown.customUrl"`, `"typ": "drilldown.customUrl"`, "must have required property 'type'"},
	}
	var definitions []string
	for _, test := range tests {
		require.Contains(t, valid, test.old)
		definitions = append(definitions, strings.Replace(valid, test.old, test.new, 1))
	}
	for i, errors := range validate(t, definitions...) {
		assert.Contains(t, strings.Join(errors, "\n"), tests[i].message, tests[i].new)
	}
}
