// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen_test

import (
	"bufio"
	"database/sql"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	_ "modernc.org/sqlite"

	"github.com/oversight-protocol/oversight-otelcol/internal/registrygen"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var styles = []registrygen.Style{registrygen.Python, registrygen.Rust}

// inDirectory returns settings with both files in dir and a fixed content.
func inDirectory(dir string) registrygen.Settings {
	return registrygen.Settings{
		Database: filepath.Join(dir, "registry.sqlite"),
		TlogDir:  filepath.Join(dir, "tlog"),
		Seed:     7,
		Start:    registrygen.DefaultStart,
	}
}

func open(t *testing.T, settings registrygen.Settings) *registrygen.Registry {
	t.Helper()
	r, err := registrygen.Open(t.Context(), settings)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	return r
}

func write(t *testing.T, r *registrygen.Registry, n int) (ids []int64) {
	t.Helper()
	for range n {
		id, err := r.WriteEvent(t.Context())
		require.NoError(t, err)
		ids = append(ids, id)
	}
	return ids
}

// generate opens, writes n events and closes.
func generate(t *testing.T, settings registrygen.Settings, n int) {
	t.Helper()
	r := open(t, settings)
	write(t, r, n)
	require.NoError(t, r.Close())
}

// sample is a copy of the database that a real registry wrote.
func sample(t *testing.T) string {
	t.Helper()
	original, err := os.Open(filepath.Join("..", "..", "testdata", "registry.sqlite"))
	require.NoError(t, err)
	defer original.Close()
	path := filepath.Join(t.TempDir(), "registry.sqlite")
	copied, err := os.Create(path)
	require.NoError(t, err)
	_, err = io.Copy(copied, original)
	require.NoError(t, err)
	require.NoError(t, copied.Close())
	return path
}

func connect(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// query returns every row as text: one value as it is, several with their
// types.
func query(t *testing.T, path, statement string) (lines []string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	rows, err := db.QueryContext(t.Context(), statement)
	require.NoError(t, err)
	defer rows.Close()
	columns, err := rows.Columns()
	require.NoError(t, err)
	values, targets := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		targets[i] = &values[i]
	}
	for rows.Next() {
		require.NoError(t, rows.Scan(targets...))
		if len(values) == 1 {
			lines = append(lines, fmt.Sprint(values[0]))
		} else {
			lines = append(lines, fmt.Sprintf("%#v", values))
		}
	}
	require.NoError(t, rows.Err())
	return lines
}

// content is everything in the database.
func content(t *testing.T, path string) map[string][]string {
	t.Helper()
	tables := map[string][]string{"sqlite_master": query(t, path, "SELECT type, name, tbl_name, sql FROM sqlite_master")}
	for _, table := range []string{"beacons", "watermarks", "manifests", "events", "corpus", "sqlite_sequence"} {
		tables[table] = query(t, path, "SELECT * FROM "+table+" ORDER BY rowid")
	}
	return tables
}

// leafLines returns the log's lines, the last of which must be complete.
func leafLines(t *testing.T, dir string) (lines []string) {
	t.Helper()
	file, err := os.Open(filepath.Join(dir, registrygen.LeavesFile))
	require.NoError(t, err)
	defer file.Close()
	reader := bufio.NewReader(file)
	for {
		line, err := reader.ReadString('\n')
		if err == io.EOF && line == "" {
			return lines
		}
		require.NoError(t, err, "line %q", line)
		lines = append(lines, strings.TrimSuffix(line, "\n"))
	}
}

// names lists a directory.
func names(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}
