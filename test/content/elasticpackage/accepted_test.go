// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build content && unix

package elasticpackage

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// requireKept requires that what was sent is stored as it was, with additions only.
func requireKept(t *testing.T, sent []byte, stored object) {
	t.Helper()
	var fields object
	require.NoError(t, json.Unmarshal(sent, &fields))
	requireIn(t, "", fields, stored)
	assert.NotEmpty(t, at(stored, "event.ingested"))
	assert.Equal(t, at(fields, "oversight"), at(stored, "oversight"), "what is ours is evidence")
}

func requireIn(t *testing.T, path string, sent, stored any) {
	t.Helper()
	if path == ".error.message" { // the pipeline's reasons come behind it
		if list, ok := stored.([]any); ok {
			require.NotEmpty(t, list)
			stored = list[0]
		}
	}
	if fields, ok := sent.(object); ok && !strings.HasPrefix(path, ".oversight.extra") {
		whole, ok := stored.(object)
		require.True(t, ok, path)
		for name, value := range fields {
			requireIn(t, path+"."+name, value, whole[name])
		}
		return
	}
	require.Equal(t, sent, stored, path)
}

// Everything that the project has of documents is accepted whole, and no field of it is
// new to the mapping.
func TestDocumentsAreAccepted(t *testing.T) {
	n := installed(t)
	before := createStreams(t, n)
	documents := slices.Concat(sampleEvents(t), records(t, "integrity"), records(t, "checkpoint-records"))
	for _, database := range []string{"edge.sqlite", "registry.sqlite", "registry-public/registry.sqlite", "registry-rust/registry.sqlite"} {
		documents = append(documents, export(t, filepath.Join(root, "testdata", filepath.FromSlash(database)))...)
	}
	loose, err := filepath.Glob(filepath.Join(root, "testdata", "loose", "*.sqlite"))
	require.NoError(t, err)
	require.NotEmpty(t, loose)
	for _, database := range loose {
		documents = append(documents, export(t, database)...)
	}
	documents = distinct(t, documents)
	require.Greater(t, len(documents), 600)
	stored := send(t, n, documents)
	counts := map[string]int{}
	for _, document := range documents {
		source := stored[uid(t, document)]
		requireKept(t, document, source)
		counts[at(source, "event.dataset").(string)]++
		assert.NotEqual(t, "pipeline_error", at(source, "event.kind"))
		assert.Nil(t, at(source, "tags"), "%s", document) // no oversight_enrichment_failed
	}
	assert.Len(t, counts, 3)
	assert.Equal(t, before, mappings(t, n), "dynamic mapping has added fields")
}
