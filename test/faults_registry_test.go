// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"cmp"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// eventsTable is the table of a registry.
const eventsTable = `CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, token_id TEXT NOT NULL, file_id TEXT, recipient_id TEXT,
	issuer_id TEXT, kind TEXT NOT NULL, source_ip TEXT, user_agent TEXT, extra TEXT, timestamp INTEGER NOT NULL, qualified_timestamp TEXT,
	tlog_index INTEGER)`

// beacon is what a test chooses of a row.
type beacon struct {
	kind  string // default http_img
	agent string
	extra string // default {}
}

// beacons returns n rows, the agent of each by its number from 1.
func beacons(n int, agent func(i int) string) []beacon {
	rows := make([]beacon, n)
	for i := range rows {
		rows[i].agent = agent(i + 1)
	}
	return rows
}

// writeRegistry writes a database with rows, whose ids are 1, 2, …
func writeRegistry(t testing.TB, rows []beacon) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "registry.sqlite")
	db := openRegistry(t, path)
	_, err := db.ExecContext(t.Context(), eventsTable)
	require.NoError(t, err)
	insert(t, db, rows)
	require.NoError(t, db.Close())
	return path
}

// appendRows writes further rows.
func appendRows(t testing.TB, path string, rows ...beacon) {
	t.Helper()
	db := openRegistry(t, path)
	insert(t, db, rows)
	require.NoError(t, db.Close())
}

func openRegistry(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)")
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	return db
}

func insert(t testing.TB, db *sql.DB, rows []beacon) {
	t.Helper()
	tx, err := db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	statement, err := tx.PrepareContext(t.Context(), `INSERT INTO events (token_id, file_id, recipient_id, issuer_id, kind, source_ip, user_agent, extra, timestamp, qualified_timestamp, tlog_index)
		VALUES (?, ?, 'alice@corp.example', 'issuer-legal', ?, '203.0.113.7', ?, ?, 1767225600, '2026-01-01T00:00:00Z', NULL)`)
	require.NoError(t, err)
	for i, r := range rows {
		_, err := statement.ExecContext(t.Context(), fmt.Sprintf("%032x", i), fmt.Sprintf("00000000-0000-0000-0000-%012x", i),
			cmp.Or(r.kind, "http_img"), r.agent, cmp.Or(r.extra, "{}"))
		require.NoError(t, err)
	}
	require.NoError(t, statement.Close())
	require.NoError(t, tx.Commit())
}

// randomText returns n characters that do not compress well. The same seed returns
// the same text.
func randomText(n int, seed int) string {
	const characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	random := rand.New(rand.NewPCG(uint64(seed), 1))
	var text strings.Builder
	text.Grow(n)
	for range n {
		text.WriteByte(characters[random.IntN(len(characters))])
	}
	return text.String()
}
