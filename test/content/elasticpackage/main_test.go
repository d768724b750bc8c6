// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build content && unix

// Package elasticpackage tests what content/elastic installs: the integration package with
// Elastic's package-spec, and the pipeline, the templates and the install script with a
// real OpenSearch node.
package elasticpackage

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/test/internal/contenttools"
	"github.com/oversight-protocol/oversight-otelcol/test/internal/engines/opensearch"
)

var (
	root    = filepath.Join("..", "..", "..")
	content = filepath.Join(root, "content", "elastic")
	tools   *contenttools.Tools
	// nodeDir has the data of the node.
	nodeDir string
	endNode = func() {}
)

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if tools, err = contenttools.New(root); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if nodeDir, err = os.MkdirTemp("", "oversight-elasticpackage"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(nodeDir)
	defer func() { endNode() }()
	return contenttools.Main(m, root, "elasticpackage", tools)
}

var sharedNode = sync.OnceValues(func() (*opensearch.Node, error) {
	n, err := opensearch.Start(context.Background(), filepath.Join(nodeDir, "opensearch"), nil)
	if err == nil {
		endNode = n.Close
	}
	return n, err
})

// node returns the node that the tests share. It has no data streams and no templates.
func node(t *testing.T) *opensearch.Node {
	t.Helper()
	n, err := sharedNode()
	require.NoError(t, err)
	tools.Note("OpenSearch 2.19.6, in the place of Elasticsearch: see the table of differences")
	return n
}
