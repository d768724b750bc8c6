// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build content && unix

package elasticpackage

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func datasetOf(t *testing.T, document []byte) string {
	t.Helper()
	var fields struct {
		Event struct{ Dataset string }
	}
	require.NoError(t, json.Unmarshal(document, &fields))
	require.Contains(t, datasets, fields.Event.Dataset)
	return fields.Event.Dataset
}

func uid(t *testing.T, document []byte) string {
	t.Helper()
	var fields object
	require.NoError(t, json.Unmarshal(document, &fields))
	return at(fields, "event.hash").(string)
}

// at returns the value at a dotted path, or nil.
func at(source object, path string) any {
	var value any = source
	for name := range strings.SplitSeq(path, ".") {
		object, ok := value.(object)
		if !ok {
			return nil
		}
		value = object[name]
	}
	return value
}

// distinct leaves out documents that are the same event as an earlier one.
func distinct(t *testing.T, documents [][]byte) [][]byte {
	t.Helper()
	seen := map[string]bool{}
	return slices.DeleteFunc(documents, func(document []byte) bool {
		hash := uid(t, document)
		repeated := seen[hash]
		seen[hash] = true
		return repeated
	})
}

// sampleEvents are those of the package, without what Elasticsearch adds.
func sampleEvents(t *testing.T) (documents [][]byte) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(content, "package", "oversight", "data_stream", "*", "sample_event.json"))
	require.NoError(t, err)
	require.Len(t, files, 3)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var fields object
		require.NoError(t, json.Unmarshal(text, &fields))
		delete(fields["event"].(object), "ingested")
		document, err := json.Marshal(fields)
		require.NoError(t, err)
		documents = append(documents, document)
	}
	return documents
}

// records are the findings or the checkpoint records of testdata.
func records(t *testing.T, name string) (documents [][]byte) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "testdata", name, "ecs.jsonl"))
	require.NoError(t, err)
	for line := range bytes.Lines(text) {
		documents = append(documents, bytes.TrimSpace(line))
	}
	require.NotEmpty(t, documents)
	return documents
}

// export returns the events of a database as documents.
func export(t *testing.T, database string) (documents [][]byte) {
	t.Helper()
	// Each database as another registry: some hold the same rows.
	command := exec.CommandContext(t.Context(), filepath.Join(root, "bin", "oversight-siem"), "export", "--format", "ecs", "--extended",
		"--registry-id", strings.TrimPrefix(database, root), "--db", database)
	var errs bytes.Buffer
	command.Stderr = &errs
	output, err := command.Output()
	require.NoError(t, err, errs.String())
	for line := range bytes.Lines(output) {
		line = bytes.TrimSpace(line)
		if !bytes.Contains(line, []byte(`"@timestamp"`)) {
			// The row has no usable time. The collector writes when it read the row.
			line = append([]byte(`{"@timestamp":"2026-01-15T12:00:00Z",`), line[1:]...)
		}
		documents = append(documents, line)
	}
	return documents
}
