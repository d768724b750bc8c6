// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"database/sql"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// golden compares text with a file in testdata.
func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), text, "%s; after an intended change, run go test ./cmd/oversight-siem -update", path)
}

// files is the paths of a registry's files, which a test may damage.
type files struct {
	database, leaves, head, key string
}

// sample copies the registry of testdata.
func sample(t *testing.T) files {
	t.Helper()
	dir := t.TempDir()
	f := files{filepath.Join(dir, "registry.sqlite"), filepath.Join(dir, "tlog", "leaves.jsonl"), filepath.Join(dir, "signed-head.json"), registryID}
	require.NoError(t, os.Mkdir(filepath.Dir(f.leaves), 0o755))
	for name, path := range map[string]string{"registry.sqlite": f.database, "tlog/leaves.jsonl": f.leaves, "signed-head.json": f.head} {
		text, err := os.ReadFile(filepath.Join(testdata, name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, text, 0o644))
	}
	f.age(t, time.Hour)
	return f
}

// age sets the time of the last write to the log.
func (f files) age(t *testing.T, age time.Duration) {
	t.Helper()
	then := time.Now().Add(-age)
	require.NoError(t, os.Chtimes(f.leaves, then, then))
}

// sql executes a statement in the database.
func (f files) sql(t *testing.T, statement string, values ...any) {
	t.Helper()
	f.use(t, func(db *sql.DB) {
		_, err := db.ExecContext(t.Context(), statement, values...)
		require.NoError(t, err)
	})
}

func (f files) use(t *testing.T, do func(*sql.DB)) {
	t.Helper()
	db, err := sql.Open("sqlite", f.database)
	require.NoError(t, err)
	do(db)
	require.NoError(t, db.Close())
}

// lines returns the log's lines with their line ends.
func (f files) lines(t *testing.T) [][]byte {
	t.Helper()
	text, err := os.ReadFile(f.leaves)
	require.NoError(t, err)
	all := bytes.SplitAfter(text, []byte("\n"))
	require.Empty(t, all[len(all)-1], "the last line is incomplete")
	return all[: len(all)-1 : len(all)-1]
}

// write replaces the log's lines.
func (f files) write(t *testing.T, lines [][]byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(f.leaves, bytes.Join(lines, nil), 0o644))
	f.age(t, time.Hour)
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}
