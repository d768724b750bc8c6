// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package livedb_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	lib "modernc.org/sqlite/lib"

	"github.com/oversight-protocol/oversight-otelcol/internal/livedb"
)

// view calls fn with a connection to the database.
func view(t *testing.T, db *livedb.DB, fn func(conn *livedb.Conn)) {
	t.Helper()
	_, err := db.View(t.Context(), func(conn *livedb.Conn, _ livedb.Attempt) error {
		fn(conn)
		return nil
	})
	require.NoError(t, err)
}

// firstRow prepares a query and steps to its first row.
func firstRow(t *testing.T, conn *livedb.Conn, query string) *livedb.Stmt {
	t.Helper()
	stmt, err := conn.Prepare(query)
	require.NoError(t, err)
	found, err := stmt.Step()
	require.NoError(t, err)
	require.True(t, found)
	return stmt
}

func requireCode(t *testing.T, code int, message string, err error) {
	t.Helper()
	failure := new(livedb.Error)
	require.ErrorAs(t, err, &failure)
	assert.Equal(t, code, failure.Code)
	assert.Contains(t, failure.Message, message)
}

// texts contain a NUL, or have another length in another encoding.
var texts = []string{"", "plain", "a\x00b", "Zürich", "\u20ac\U0001f512", strings.Repeat("long €", 2000)}

func TestTypesOfColumns(t *testing.T) {
	for _, encoding := range []string{"UTF-8", "UTF-16le", "UTF-16be"} {
		t.Run(encoding, func(t *testing.T) {
			path := create(t, "PRAGMA encoding='"+encoding+"'", `
				CREATE TABLE t (i, f, b, zeros, none, text);
				INSERT INTO t(i, f, b, zeros) VALUES (-9223372036854775808, 1.5, x'00ff80', zeroblob(5000))`)
			kept := openKept(t, path)
			for _, text := range texts {
				_, err := kept.ExecContext(t.Context(), "INSERT INTO t(text) VALUES (?)", text)
				require.NoError(t, err)
			}
			db := open(t, path)
			view(t, db, func(conn *livedb.Conn) {
				stmt := firstRow(t, conn, "SELECT i, f, b, zeros, none, x'', 7 FROM t")
				assert.Equal(t, livedb.TypeInteger, stmt.Column(0).Type())
				assert.Equal(t, int64(-1<<63), stmt.Column(0).Int64())
				assert.Equal(t, livedb.TypeFloat, stmt.Column(1).Type())
				assert.InDelta(t, 1.5, stmt.Column(1).Float(), 0)
				assert.Equal(t, livedb.TypeBlob, stmt.Column(2).Type())
				assert.Equal(t, []byte{0x00, 0xff, 0x80}, stmt.Column(2).Blob())
				assert.Equal(t, make([]byte, 5000), stmt.Column(3).Blob())
				assert.Equal(t, livedb.TypeNull, stmt.Column(4).Type())
				assert.Empty(t, stmt.Column(4).Text())
				assert.Zero(t, stmt.Column(4).Int64())
				assert.Equal(t, livedb.TypeBlob, stmt.Column(5).Type())
				assert.Empty(t, stmt.Column(5).Blob())
				assert.Equal(t, livedb.TypeNull, stmt.Column(7).Type(), "there is no such column")
			})
			view(t, db, func(conn *livedb.Conn) {
				stmt := firstRow(t, conn, "SELECT text FROM t WHERE text IS NOT NULL ORDER BY rowid")
				for _, text := range texts {
					assert.Equal(t, livedb.TypeText, stmt.Column(0).Type())
					assert.Equal(t, text, string(stmt.Column(0).Text()))
					_, err := stmt.Step()
					require.NoError(t, err)
				}
			})
		})
	}
}

func TestColumnsDoNotAllocate(t *testing.T) {
	view(t, open(t, create(t, "", schema)), func(conn *livedb.Conn) {
		stmt := firstRow(t, conn, "SELECT 1, 1.5, 'text', x'00', NULL")
		bytes := 0
		assert.Zero(t, testing.AllocsPerRun(100, func() {
			for i := range 5 {
				switch v := stmt.Column(i); v.Type() {
				case livedb.TypeInteger:
					bytes += int(v.Int64())
				case livedb.TypeFloat:
					bytes += int(v.Float())
				case livedb.TypeText:
					bytes += len(v.Text())
				case livedb.TypeBlob:
					bytes += len(v.Blob())
				case livedb.TypeNull:
				}
			}
		}))
		assert.Positive(t, bytes)
	})
}

func TestStatementsAreKept(t *testing.T) {
	view(t, open(t, create(t, "", schema)), func(conn *livedb.Conn) {
		const query = "SELECT ?1"
		first, err := conn.Prepare(query)
		require.NoError(t, err)
		first.BindInt64(1, 7)
		for range 2 { // Reset keeps what is bound
			found, err := first.Step()
			require.NoError(t, err)
			require.True(t, found)
			assert.EqualValues(t, 7, first.Column(0).Int64())
			require.NoError(t, first.Reset())
		}
		again := firstRow(t, conn, query)
		assert.Same(t, first, again)
		assert.Equal(t, livedb.TypeNull, again.Column(0).Type(), "and is as new")
		found, err := again.Step()
		require.NoError(t, err)
		assert.False(t, found)
	})
}

func TestStatementsThatAreNone(t *testing.T) {
	view(t, open(t, create(t, "", schema)), func(conn *livedb.Conn) {
		for query, message := range map[string]string{
			"SELECT missing":        "no such column: missing",
			"SELECT * FROM nowhere": "no such table: nowhere",
			"SELEKT 1":              `near "SELEKT": syntax error`,
			"SELECT 1; SELECT 2":    "not exactly one statement",
			"":                      "not exactly one statement",
			"-- nothing":            "not exactly one statement",
		} {
			_, err := conn.Prepare(query)
			require.ErrorContains(t, err, message, query)
			if strings.HasPrefix(message, "no such") {
				requireCode(t, lib.SQLITE_ERROR, message, err)
			}
		}
	})
}

func TestParameterThatDoesNotExist(t *testing.T) {
	view(t, open(t, create(t, "", schema)), func(conn *livedb.Conn) {
		stmt, err := conn.Prepare("SELECT ?1")
		require.NoError(t, err)
		stmt.BindInt64(2, 1)
		stmt.BindInt64(1, 7)
		_, err = stmt.Step()
		requireCode(t, lib.SQLITE_RANGE, "column index out of range", err)
		_, err = stmt.Step()
		require.NoError(t, err, "it is said once")
		assert.EqualValues(t, 7, stmt.Column(0).Int64())
	})
}

func TestStatementAfterAnError(t *testing.T) {
	view(t, open(t, create(t, "", schema)), func(conn *livedb.Conn) {
		stmt, err := conn.Prepare("SELECT abs(?1)")
		require.NoError(t, err)
		stmt.BindInt64(1, -1<<63)
		for range 2 {
			_, err = stmt.Step()
			requireCode(t, lib.SQLITE_ERROR, "integer overflow", err)
		}
		require.NoError(t, stmt.Reset(), "it was reset")
		stmt.BindInt64(1, -7)
		_, err = stmt.Step()
		require.NoError(t, err)
		assert.EqualValues(t, 7, stmt.Column(0).Int64())
	})
}

func TestExtendedCodes(t *testing.T) {
	path := create(t, "PRAGMA journal_mode=DELETE", schema)
	_, err := open(t, path).View(t.Context(), func(conn *livedb.Conn, _ livedb.Attempt) error {
		stmt, err := conn.Prepare("DELETE FROM parts")
		if err != nil {
			return err
		}
		_, err = stmt.Step()
		return err
	})
	requireCode(t, lib.SQLITE_READONLY, "attempt to write a readonly database", err)
	require.ErrorContains(t, err, "(SQLite result code 8)")

	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("no database ", 100)), 0o600))
	_, _, err = readState(t.Context(), open(t, path))
	requireCode(t, lib.SQLITE_NOTADB, "file is not a database", err)

	details := &livedb.Error{Code: lib.SQLITE_BUSY_SNAPSHOT}
	assert.Equal(t, lib.SQLITE_BUSY, details.Primary())
}

// endless runs until it is interrupted.
const endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT max(x) FROM c"

func TestInterrupt(t *testing.T) {
	db := open(t, create(t, "", schema))
	for range 50 { // the context ends before, while or after the statement starts
		ctx, cancel := context.WithCancel(t.Context())
		var step error
		_, err := db.View(ctx, func(conn *livedb.Conn, _ livedb.Attempt) error {
			stmt, err := conn.Prepare(endless)
			if err != nil {
				return err
			}
			go cancel()
			_, step = stmt.Step()
			return step
		})
		require.ErrorIs(t, err, context.Canceled)
		requireCode(t, lib.SQLITE_INTERRUPT, "interrupted", step)
		assert.EqualValues(t, 0, rows(t, db), "the next one is not interrupted")
		cancel()
	}
}

func TestContextThatIsDone(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := open(t, create(t, "", schema)).View(ctx, func(*livedb.Conn, livedb.Attempt) error {
		assert.Fail(t, "nothing may be read")
		return nil
	})
	require.ErrorIs(t, err, context.Canceled)
}

// A statement that a caller leaves running must not pin the state that it saw.
func TestStatementLeftRunning(t *testing.T) {
	path := create(t, "PRAGMA journal_mode=WAL", schema+strings.Repeat("INSERT INTO parts(value) VALUES (1);", 3))
	kept, db := openKept(t, path), open(t, path)
	for want := int64(3); want < 6; want++ {
		view(t, db, func(conn *livedb.Conn) { firstRow(t, conn, "SELECT id FROM parts") })
		assert.Equal(t, want, rows(t, db))
		_, err := kept.ExecContext(t.Context(), "INSERT INTO parts(value) VALUES (1)")
		require.NoError(t, err)
	}
}
