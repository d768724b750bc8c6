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

var update = flag.Bool("update", false, "write the golden files in testdata anew")

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
	assert.Equal(t, string(want), text, "%s; after a change on purpose, run go test ./cmd/oversight-siem -update", path)
}

// files is a registry's files, copied so that they can be damaged.
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

// age makes the log one that was written to so long ago.
func (f files) age(t *testing.T, age time.Duration) {
	t.Helper()
	then := time.Now().Add(-age)
	require.NoError(t, os.Chtimes(f.leaves, then, then))
}

// sql changes the database.
func (f files) sql(t *testing.T, statement string, values ...any) {
	t.Helper()
	f.use(t, func(db *sql.DB) {
		_, err := db.Exec(statement, values...)
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

// lines are the log's, each with its line end.
func (f files) lines(t *testing.T) [][]byte {
	t.Helper()
	text, err := os.ReadFile(f.leaves)
	require.NoError(t, err)
	all := bytes.SplitAfter(text, []byte("\n"))
	require.Empty(t, all[len(all)-1], "the last line is not whole")
	return all[: len(all)-1 : len(all)-1]
}

// write puts lines in the place of the log's.
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
