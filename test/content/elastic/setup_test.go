// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build content

// Package elastic runs Elastic Security's rules of content/elastic over the samples of all
// detections: each must raise what the sample says, and nothing else.
//
//   - EQL, of the documentation, runs with the library eql, which Elastic's detection
//     engineers use.
//   - Threshold and new terms rules run on a real OpenSearch node: KQL becomes the query
//     that Kibana makes of it, and the aggregations are those that Kibana sends.
//   - ES|QL is checked by Elastic's parser against the mapping, for the oldest and the
//     newest version, and run by a stand-in: esql_standin.py. No engine of ES|QL can be
//     had without Elasticsearch.
package elastic

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/content/elasticrules"
	"github.com/oversight-protocol/oversight-otelcol/test/internal/contenttools"
	"github.com/oversight-protocol/oversight-otelcol/test/internal/engines/opensearch"
)

var root = filepath.Join("..", "..", "..")

// now is when the rules run. Any time does: windows slide.
var now = time.Date(2026, 1, 15, 12, 40, 0, 0, time.UTC)

var (
	tools      *contenttools.Tools
	closeNode  = func() {}
	sharedNode = sync.OnceValues(startNode)
)

func TestMain(m *testing.M) {
	var err error
	if tools, err = contenttools.New(root); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := contenttools.Main(m, root, "elastic-rules", tools)
	closeNode()
	os.Exit(code)
}

func startNode() (*opensearch.Node, error) {
	dir, err := os.MkdirTemp("", "oversight-rules")
	if err != nil {
		return nil, err
	}
	closeNode = func() { _ = os.RemoveAll(dir) }
	tools.Note("maven: OpenSearch, for the rules unknown_token and first_beacon_outside")
	node, err := opensearch.Start(context.Background(), filepath.Join(dir, "node"), nil)
	if err == nil {
		closeNode = func() { node.Close(); _ = os.RemoveAll(dir) }
	}
	return node, err
}

// request is what queries.py reads, and answer what it writes for each query's name.
type request struct {
	Mapping elasticrules.Fields `json:"mapping"`
	Now     time.Time           `json:"now"`
	Queries []query             `json:"queries"`
}

type query struct {
	Name     string `json:"name"`
	Language string `json:"language"`
	Query    string `json:"query"`
	// Rule is set for a query of a rule: it is run over the samples, if it is no KQL.
	Rule       bool                         `json:"rule"`
	Seconds    float64                      `json:"seconds"`
	SuppressBy []string                     `json:"suppress_by"`
	Samples    map[string][]json.RawMessage `json:"samples"`
}

type answer struct {
	// Error is what is wrong with the query.
	Error string
	// Alerts is how many alerts each sample raises.
	Alerts map[string]int
	// Rows are what ES|QL gave for each sample.
	Rows map[string][]map[string]any
	// DSL is what Kibana makes of KQL.
	DSL json.RawMessage
}

// ask runs queries.py.
func ask(t *testing.T, queries []query) map[string]answer {
	t.Helper()
	bin, err := tools.Python(t.Context(), "requirements-eql.txt", "python3.12", "python3.13", "python3")
	require.NoError(t, err)
	fields, err := elasticrules.LoadFields(root)
	require.NoError(t, err)
	answers := map[string]answer{}
	contenttools.Call(t, request{fields, now, queries}, &answers, nil, filepath.Join(bin, "python"), "queries.py")
	return answers
}
