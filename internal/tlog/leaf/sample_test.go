// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package leaf_test

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // the driver

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/internal/registrygen/dialect"
	"github.com/oversight-protocol/oversight-otelcol/internal/tlog/leaf"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// Every row of real registries agrees with its leaf, and needs no parsing of it.
func TestSamples(t *testing.T) {
	for directory, sample := range map[string]struct{ leaves, rows int }{
		"../../../testdata":                 {625, 600},
		"../../../testdata/registry-public": {612, 600},
		"../../../testdata/registry-rust":   {630, 604},
	} {
		t.Run(filepath.Base(directory), func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(directory, "tlog", "leaves.jsonl"))
			require.NoError(t, err)
			var leaves []string
			for i, line := range bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n")) {
				var parsed leaf.Line
				require.True(t, leaf.ParseLineFast(line, &parsed), "%s", line)
				assert.Equal(t, int64(i), parsed.Index)
				leaves = append(leaves, string(parsed.Data))
			}
			assert.Len(t, leaves, sample.leaves)
			rows := readRows(t, copyDatabase(t, directory))
			assert.Len(t, rows, sample.rows)
			for i := range rows {
				text := leaves[rows[i].TlogIndex]
				assert.True(t, leaf.MayBeBeacon([]byte(text)))
				beacon := parse(t, text)
				assert.Empty(t, beacon.Mismatch(&rows[i]), "row %d: %s", rows[i].ID, text)
				assert.True(t, leaf.Agrees(text, &rows[i]), "row %d: %s", rows[i].ID, text)
			}
		})
	}
}

// copyDatabase copies a database, with its journal, to where it may be written.
func copyDatabase(t *testing.T, directory string) (path string) {
	t.Helper()
	to := t.TempDir()
	for _, suffix := range []string{"", "-wal", "-shm"} {
		data, err := os.ReadFile(filepath.Join(directory, "registry.sqlite"+suffix))
		if suffix != "" && os.IsNotExist(err) {
			continue
		}
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(to, "registry.sqlite"+suffix), data, 0o600))
	}
	return filepath.Join(to, "registry.sqlite")
}

func readRows(t *testing.T, path string) []translator.Event {
	t.Helper()
	reader := registry.Open(registry.Settings{Path: path, RegistryID: "r"})
	defer func() { assert.NoError(t, reader.Close()) }()
	batch, err := reader.Read(t.Context(), registry.Cursor{}, 1000, nil)
	require.NoError(t, err)
	return batch.Events
}

// newDatabase makes a database of columns without types, which holds any type.
func newDatabase(t *testing.T, records []dialect.Record) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "registry.sqlite")
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	defer db.Close()
	_, err = db.ExecContext(t.Context(), strings.ReplaceAll(dialect.Schema, " TEXT", ""))
	require.NoError(t, err)
	for _, record := range records {
		_, err = db.ExecContext(t.Context(), dialect.Insert, record.Row.Values()...)
		require.NoError(t, err)
	}
	return path
}

func execute(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=synchronous(off)")
	require.NoError(t, err)
	defer db.Close()
	for _, statement := range statements {
		_, err = db.ExecContext(t.Context(), statement)
		require.NoError(t, err, statement)
	}
}
