// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSchemaIsTheRegistrys(t *testing.T) {
	settings := inDirectory(t.TempDir())
	generate(t, settings, 1)
	want := sample(t)
	for _, statement := range []string{
		"SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY rowid",
		"PRAGMA journal_mode",
		"PRAGMA page_size",
		"PRAGMA auto_vacuum",
		"PRAGMA encoding",
		"PRAGMA user_version",
		"PRAGMA application_id",
	} {
		assert.Equal(t, query(t, want, statement), query(t, settings.Database, statement), statement)
	}
}

// The same without the sample, so that the test shows the columns.
func TestEventsTable(t *testing.T) {
	settings := inDirectory(t.TempDir())
	generate(t, settings, 1)
	columns := query(t, settings.Database,
		`SELECT name || ' ' || type || iif("notnull", ' NOT NULL', '') FROM pragma_table_info('events')`)
	assert.Equal(t, []string{
		"id INTEGER", "token_id TEXT NOT NULL", "file_id TEXT", "recipient_id TEXT", "issuer_id TEXT", "kind TEXT NOT NULL",
		"source_ip TEXT", "user_agent TEXT", "extra TEXT", "timestamp INTEGER NOT NULL", "qualified_timestamp TEXT", "tlog_index INTEGER",
	}, columns)
}

func TestDocumentsAreRegistered(t *testing.T) {
	settings := inDirectory(t.TempDir())
	settings.Documents = 3
	generate(t, settings, 0)
	for table, want := range map[string]int{"manifests": 3, "beacons": 12, "watermarks": 3, "events": 0, "corpus": 0} {
		assert.Len(t, query(t, settings.Database, "SELECT * FROM "+table), want, table)
	}
	assert.Empty(t, query(t, settings.Database, `
		SELECT * FROM beacons b LEFT JOIN manifests m USING (file_id) LEFT JOIN watermarks w USING (file_id)
		WHERE (b.recipient_id, b.issuer_id, b.registered_at) IS NOT (m.recipient_id, m.issuer_id, m.registered_at)
		OR (b.recipient_id, b.issuer_id, b.registered_at) IS NOT (w.recipient_id, w.issuer_id, w.registered_at)`))
	assert.Len(t, leafLines(t, settings.TlogDir), 3)
}

// The manifest is JSON as Python writes it, agrees with its row, and has the
// keys that a real one has.
func TestManifests(t *testing.T) {
	settings := inDirectory(t.TempDir())
	generate(t, settings, 0)
	want := manifests(t, sample(t))[0]
	for _, m := range manifests(t, settings.Database) {
		assert.Equal(t, shape(want.parsed), shape(m.parsed))
		assert.Equal(t, pythonDumps(m.parsed), m.text)
		assert.Equal(t, m.fileID, m.parsed["file_id"])
		assert.Equal(t, m.issuerID, m.parsed["issuer_id"])
		assert.Equal(t, m.issuerKey, m.parsed["issuer_ed25519_pub"])
		assert.Equal(t, m.recipientID, m.parsed["recipient"].(map[string]any)["recipient_id"])
	}
	assert.Equal(t, want.text, pythonDumps(want.parsed), "the test's own idea of Python's format")
}

type manifest struct {
	fileID, recipientID, issuerID, issuerKey, text string

	parsed map[string]any
}

func manifests(t *testing.T, path string) (all []manifest) {
	t.Helper()
	rows, err := connect(t, path).QueryContext(t.Context(),
		"SELECT file_id, recipient_id, issuer_id, issuer_ed25519_pub, manifest_json FROM manifests")
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var m manifest
		require.NoError(t, rows.Scan(&m.fileID, &m.recipientID, &m.issuerID, &m.issuerKey, &m.text))
		m.parsed, err = parse(m.text)
		require.NoError(t, err)
		all = append(all, m)
	}
	require.NoError(t, rows.Err())
	require.NotEmpty(t, all)
	return all
}

// shape returns value with its keys, and with all texts and all numbers equal.
func shape(value any) any {
	switch v := value.(type) {
	case map[string]any:
		shaped := map[string]any{}
		for key, element := range v {
			shaped[key] = shape(element)
		}
		return shaped
	case []any:
		var shaped []any
		for _, element := range v {
			shaped = append(shaped, shape(element))
		}
		return shaped
	case string:
		return "text"
	default:
		return 0
	}
}
