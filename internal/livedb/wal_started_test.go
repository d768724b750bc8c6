// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package livedb_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/livedb"
)

// A writer creates its WAL empty and fills it a moment later. A read that opened the
// WAL in between sees the commit that the writer put there, also after the WAL was
// checkpointed and deleted, and everything else in the state of later commits.
func TestViewOpensAWALBeforeItsFirstCommit(t *testing.T) {
	path := create(t, "PRAGMA journal_mode=WAL", "CREATE TABLE a(v); CREATE TABLE b(v); INSERT INTO a VALUES(0); INSERT INTO b VALUES(0)")
	db := livedb.Open(path)
	defer func() { require.NoError(t, db.Close()) }()
	// What a writer has done when it has opened the file and written nothing yet.
	require.NoError(t, os.WriteFile(path+"-wal", nil, 0o600))

	var a, b int64
	attempts := 0
	_, err := db.View(t.Context(), func(conn *livedb.Conn, attempt livedb.Attempt) error {
		if attempts++; attempt.Number == 0 {
			execute(t, path, "UPDATE a SET v = 1")
			execute(t, path, "BEGIN; UPDATE a SET v = 2; UPDATE b SET v = 2; COMMIT")
		}
		stmt, err := conn.Prepare("SELECT a.v, b.v FROM a, b")
		if err != nil {
			return err
		}
		defer stmt.Reset()
		if _, err := stmt.Step(); err != nil {
			return err
		}
		a, b = stmt.Column(0).Int64(), stmt.Column(1).Int64()
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, []int64{2, 2}, []int64{a, b}, "not a committed state: a torn read")
	assert.Equal(t, 2, attempts)
}
