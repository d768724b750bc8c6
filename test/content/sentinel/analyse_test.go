// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build content

package sentinel

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// furtherTables are those of Azure Monitor that the documents query, and the table of the
// Data Collector API that one of them migrates from: its columns' suffixes are their types.
func furtherTables(w *workspace) map[string]map[string]string {
	suffixes := map[string]string{"string": "_s", "long": "_d", "datetime": "_t"}
	types := map[string]string{"string": "string", "long": "real", "datetime": "datetime"}
	old := map[string]string{"TimeGenerated": "datetime"}
	for name, kind := range w.Columns {
		if suffix, ok := suffixes[kind]; ok {
			old[name+suffix] = types[kind]
		}
	}
	return map[string]map[string]string{
		"DCRLogErrors":    {"TimeGenerated": "datetime", "OperationName": "string", "Message": "string"},
		"customEvents":    {"timestamp": "datetime", "name": "string", "customDimensions": "dynamic"},
		"OldOversight_CL": old,
	}
}

// namedQuery is a query and where it stands.
type namedQuery struct{ name, text string }

// allQueries are all queries that users run: rules, workbook, functions and documents.
func allQueries(t *testing.T, w *workspace) []namedQuery {
	t.Helper()
	var all []namedQuery
	for id, rule := range readRules(t) {
		all = append(all, namedQuery{"rule " + id, rule.Query})
	}
	for name, query := range workbookQueries(t) {
		all = append(all, namedQuery{"workbook " + name, query})
	}
	for _, page := range []string{"sentinel.md", "azure-monitor.md", "migrating.md"} {
		queries := documentQueries(t, page)
		require.NotEmpty(t, queries, page)
		for i, query := range queries {
			all = append(all, namedQuery{fmt.Sprintf("docs/%s, query %d", page, i+1), declareASIM(w, query)})
		}
	}
	for _, f := range w.Functions {
		all = append(all, namedQuery{"function " + f.Name, f.Name + "()"})
		all = append(all, namedQuery{"body of " + f.Name, declare(f.Parameters) + f.Body})
	}
	return all
}

var parameter = regexp.MustCompile(`(\w+):(\w+)=((?:[^,(]|\([^)]*\))+)`)

// declare writes the parameters of a function as let statements with their defaults.
func declare(parameters string) string {
	var lets strings.Builder
	for _, match := range parameter.FindAllStringSubmatch(parameters, -1) {
		fmt.Fprintf(&lets, "let %s = %s;\n", match[1], match[3])
	}
	return lets.String()
}

// declareASIM declares the parameters of ASIM's unifying parser for the query that
// belongs into one.
func declareASIM(w *workspace, query string) string {
	for _, f := range w.Functions {
		if strings.Contains(query, " "+f.Name+"(starttime") {
			return declare(f.Parameters) + query
		}
	}
	return query
}

// Microsoft's analyser finds nothing wrong with any query.
func TestAnalyser(t *testing.T) {
	w := readWorkspace(t)
	all := allQueries(t, w)
	texts := make([]string, len(all))
	for i, query := range all {
		texts[i] = query.text
	}
	for i, result := range analyse(t, w, furtherTables(w), texts) {
		assert.Empty(t, result.Problems, "%s:\n%s", all[i].name, all[i].text)
		assert.NotEmpty(t, result.Columns, all[i].name)
	}
	t.Logf("%d queries", len(all))
}

// The analyser does find what is wrong.
func TestAnalyserFinds(t *testing.T) {
	w := readWorkspace(t)
	wrong := []string{"Oversight | where NoColumn == 1", "Oversight | wheer true", "Oversights", "Oversight | where EventTime > 5", "Oversight | extend X = nofunction(1)"}
	for i, result := range analyse(t, w, nil, wrong) {
		assert.NotEmpty(t, result.Problems, wrong[i])
	}
}
