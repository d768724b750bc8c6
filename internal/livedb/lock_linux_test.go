// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package livedb_test

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/livedb"
)

// checkpoint reports whether a checkpoint was locked out.
func checkpoint(t *testing.T, db *sql.DB) (busy bool) {
	t.Helper()
	var held, pages, done int
	require.NoError(t, db.QueryRowContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&held, &pages, &done))
	return held != 0
}

// A writer that changes the database during every attempt is locked out in the end:
// it can commit to the log, but not checkpoint it, until the read is over.
func TestWriterThatLeavesNoGapIsLockedOut(t *testing.T) {
	path := create(t, "PRAGMA journal_mode=WAL", schema)
	writer, db := openKept(t, path), open(t, path)
	_, err := writer.ExecContext(t.Context(), "PRAGMA busy_timeout=0")
	require.NoError(t, err)
	insert := func() {
		_, err := writer.ExecContext(t.Context(), "INSERT INTO parts(value) VALUES (1)")
		require.NoError(t, err)
	}
	insert()
	attempts := 0
	_, err = db.View(t.Context(), func(conn *livedb.Conn, attempt livedb.Attempt) error {
		attempts++
		stmt, err := conn.Prepare("SELECT count(*) FROM parts")
		require.NoError(t, err)
		_, err = stmt.Step()
		require.NoError(t, err)
		assert.EqualValues(t, attempts, stmt.Column(0).Int64(), "rows")
		require.NoError(t, stmt.Reset())
		insert()
		assert.Equal(t, attempt.Locked, checkpoint(t, writer), "locked out in attempt %d", attempt.Number)
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, 9, attempts)
	assert.False(t, checkpoint(t, writer), "locked out after the read")
}

// A writer with a rollback journal cannot commit meanwhile.
func TestWriterWithRollbackJournalIsLockedOut(t *testing.T) {
	path := create(t, "PRAGMA journal_mode=DELETE", schema)
	writer, db := openKept(t, path), open(t, path)
	_, err := writer.ExecContext(t.Context(), "PRAGMA busy_timeout=0")
	require.NoError(t, err)
	attempts := 0
	_, err = db.View(t.Context(), func(conn *livedb.Conn, attempt livedb.Attempt) error {
		attempts++
		stmt, err := conn.Prepare("SELECT count(*) FROM parts")
		require.NoError(t, err)
		_, err = stmt.Step()
		require.NoError(t, err)
		require.NoError(t, stmt.Reset())
		_, err = writer.ExecContext(t.Context(), "INSERT INTO parts(value) VALUES (1)")
		assert.Equal(t, attempt.Locked, err != nil, "attempt %d: %v", attempt.Number, err)
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, 9, attempts)
	_, err = writer.ExecContext(t.Context(), "INSERT INTO parts(value) VALUES (1)")
	require.NoError(t, err)
}
