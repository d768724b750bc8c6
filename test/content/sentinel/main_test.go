// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build content

// Package sentinel analyses the KQL of content/sentinel with Microsoft's own parser, and
// runs it over samples and over the rows of registries.
package sentinel

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/content/detections"
	"github.com/oversight-protocol/oversight-otelcol/test/internal/contenttools"
)

var (
	root       = filepath.Join("..", "..", "..")
	contentDir = filepath.Join(root, "content")

	tools *contenttools.Tools
)

func TestMain(m *testing.M) {
	var err error
	if tools, err = contenttools.New(root); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(contenttools.Main(m, root, "sentinel", tools))
}

// analysis is what Microsoft's analyser says about a query.
type analysis struct {
	Problems []string          `json:"problems"`
	Columns  map[string]string `json:"columns"`
}

// analyse analyses queries in a workspace, which may have further tables.
func analyse(t *testing.T, w *workspace, further map[string]map[string]string, queries []string) []analysis {
	t.Helper()
	dir, err := tools.Node(t.Context(), ".")
	require.NoError(t, err)
	tables := map[string]map[string]string{"Oversight_CL": w.Columns}
	for name, columns := range further {
		tables[name] = columns
	}
	var results []analysis
	job := map[string]any{"tables": tables, "functions": w.Functions, "queries": queries}
	contenttools.Call(t, job, &results, []string{"NODE_PATH=" + filepath.Join(dir, "node_modules")}, "node", "analyse.js")
	require.Len(t, results, len(queries))
	return results
}

// run is one state of the table, and queries over it.
type run struct {
	// Now is when the queries run, in RFC 3339.
	Now string `json:"now"`
	// Rows are those of the table.
	Rows    []row    `json:"rows"`
	Queries []string `json:"queries"`
}

// row is a row of Oversight_CL, with the time of its arrival.
type row map[string]any

// answer is the result of a query.
type answer struct {
	Rows  []row  `json:"rows"`
	Error string `json:"error"`
}

// evaluate runs queries in a workspace. places says where addresses are.
func evaluate(t *testing.T, w *workspace, places []detections.Place, runs []run) [][]answer {
	t.Helper()
	bin, err := tools.Python(t.Context(), "requirements.txt", "python3.11", "python3")
	require.NoError(t, err)
	known := make([]map[string]any, len(places))
	for i, place := range places {
		known[i] = map[string]any{"network": place.Network, "country": place.Country, "latitude": place.Latitude, "longitude": place.Longitude}
	}
	job := map[string]any{"columns": w.Columns, "functions": w.Functions, "places": known, "runs": runs}
	var results [][]answer
	contenttools.Call(t, job, &results, nil, filepath.Join(bin, "python"), "run.py")
	require.Len(t, results, len(runs))
	return results
}
