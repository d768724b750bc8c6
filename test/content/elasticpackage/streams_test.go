// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build content && unix

package elasticpackage

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/test/internal/engines/opensearch"
)

// installed returns a node on which the script's requests were made, and which has no
// documents.
func installed(t *testing.T) *opensearch.Node {
	t.Helper()
	n := node(t)
	n.Call(t, http.MethodDelete, "/_data_stream/logs-oversight.*", "", nil)
	putAssets(t, n)
	return n
}

// putAssets makes the script's requests, changed as the differences say.
func putAssets(t *testing.T, n *opensearch.Node) {
	t.Helper()
	s := newStack(t, "9.2.0", "default")
	_, stderr, err := install(t, apiKey, s.URL)
	require.NoError(t, err, stderr)
	paths, bodies := s.puts()
	require.Len(t, paths, 6)
	for _, path := range paths {
		n.Call(t, http.MethodPut, path, forOpenSearch(t, bodies[path]), nil)
	}
}

// datasets are the data streams.
var datasets = []string{"oversight.beacon", "oversight.integrity", "oversight.checkpoint"}

// createStreams creates the data streams, so that their mapping can be compared with a
// later one.
func createStreams(t *testing.T, n *opensearch.Node) (mapping map[string]object) {
	t.Helper()
	for _, dataset := range datasets {
		n.Call(t, http.MethodPut, "/_data_stream/logs-"+dataset+"-default", "", nil)
	}
	return mappings(t, n)
}

// mappings returns the mapping of each data stream.
func mappings(t *testing.T, n *opensearch.Node) map[string]object {
	t.Helper()
	result := map[string]object{}
	for _, dataset := range datasets {
		var answer map[string]struct{ Mappings object }
		n.Call(t, http.MethodGet, "/logs-"+dataset+"-default/_mapping", "", &answer)
		require.Len(t, answer, 1)
		for _, index := range answer {
			result[dataset] = index.Mappings
		}
	}
	return result
}

// send sends documents to the data streams of their event.dataset, as the collector does,
// and requires that each is accepted. It returns what is stored by event.hash.
func send(t *testing.T, n *opensearch.Node, documents [][]byte) map[string]object {
	t.Helper()
	for chunk := range slices.Chunk(documents, 500) {
		var lines bytes.Buffer
		for _, document := range chunk {
			fmt.Fprintf(&lines, "{\"create\":{\"_index\":\"logs-%s-default\"}}\n%s\n", datasetOf(t, document), document)
		}
		answer := n.Bulk(t, lines.String())
		require.Equal(t, http.StatusOK, answer.Status, "%s", answer.Body)
		var result struct {
			Items []struct {
				Create struct {
					Status int
					Error  any
				}
			}
		}
		require.NoError(t, json.Unmarshal(answer.Body, &result))
		require.Len(t, result.Items, len(chunk))
		for i, item := range result.Items {
			require.Equal(t, http.StatusCreated, item.Create.Status, "%v: %.1000s", item.Create.Error, chunk[i])
		}
	}
	stored := map[string]object{}
	for _, hit := range n.All(t, "logs-oversight.*") {
		var source object
		require.NoError(t, json.Unmarshal(hit.Source, &source))
		hash := at(source, "event.hash").(string)
		require.Equal(t, hash, hit.ID, "the pipeline makes the uid the _id")
		stored[hash] = source
	}
	require.Len(t, stored, len(documents))
	return stored
}
