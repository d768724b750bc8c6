// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package livedb_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"
	"zombiezen.com/go/sqlite"

	"github.com/oversight-protocol/oversight-otelcol/internal/livedb"
)

// writerStyle makes the test binary a writer, in a process of its own as the
// registry is: POSIX locks do not work between parts of one process.
const writerStyle = "LIVEDB_TEST_WRITER"

func TestMain(m *testing.M) {
	if style := os.Getenv(writerStyle); style != "" {
		if err := runWriter(style, os.Args[len(os.Args)-1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// schema keeps two tables that agree in every committed state and share no
// page: a row of parts and the total over all of them.
const schema = `
CREATE TABLE parts (id INTEGER PRIMARY KEY AUTOINCREMENT, value INTEGER, filler TEXT);
CREATE INDEX parts_value ON parts(value);
CREATE TABLE total (count INTEGER, sum INTEGER);
INSERT INTO total VALUES (0, 0);
CREATE TRIGGER count_parts AFTER INSERT ON parts BEGIN
	UPDATE total SET count = count + 1, sum = sum + new.value;
END;`

// pragmas and connections of each style of writer.
var writers = map[string]struct {
	pragmas   string
	reconnect bool  // a connection for every write
	rows      int64 // to wait for: each style has its pace
}{
	"connection per write": {"PRAGMA journal_mode=WAL", true, 200},
	"kept connection":      {"PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL", false, 5000},
	"many checkpoints":     {"PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA wal_autocheckpoint=3", false, 5000},
	"rollback journal":     {"PRAGMA journal_mode=DELETE; PRAGMA synchronous=OFF", false, 5000},
}

// runWriter inserts rows until its standard input ends.
func runWriter(style, path string) error {
	stop := make(chan struct{})
	go func() {
		_, _ = bufio.NewReader(os.Stdin).ReadString(0)
		close(stop)
	}()
	w := writers[style]
	var db *sql.DB
	for i := int64(1); ; i++ {
		select {
		case <-stop:
			if db != nil {
				return db.Close()
			}
			return nil
		default:
		}
		if db == nil {
			var err error
			if db, err = openForWriting(path, w.pragmas); err != nil {
				return err
			}
		}
		if _, err := db.Exec("INSERT INTO parts(value, filler) VALUES (?, ?)", i*7919%1000, strings.Repeat("x", int(i*31%600))); err != nil {
			return err
		}
		if w.reconnect {
			if err := db.Close(); err != nil {
				return err
			}
			db = nil
		}
	}
}

func openForWriting(path, pragmas string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", path+"?_pragma=busy_timeout(10000)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	_, err = db.Exec(pragmas)
	return db, err
}

func startWriter(t *testing.T, style, path string) (stop func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0], path)
	cmd.Env = append(os.Environ(), writerStyle+"="+style)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			assert.NoError(t, stdin.Close())
			assert.NoError(t, cmd.Wait())
		}
	}
	t.Cleanup(stop)
	return stop
}

func create(t *testing.T, pragmas, ddl string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "live ?%41#.sqlite")
	exec1(t, path, pragmas+";"+ddl)
	return path
}

// exec1 runs statements on a connection of its own.
func exec1(t *testing.T, path, statements string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)+"?_pragma=busy_timeout(10000)")
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	_, err = db.Exec(statements)
	require.NoError(t, err)
	require.NoError(t, db.Close())
}

type state struct{ rows, sum, maxID, count, total int64 }

func readState(ctx context.Context, db *livedb.DB) (state, int, error) {
	var s state
	var attempts int
	_, err := db.View(ctx, func(conn *sqlite.Conn, attempt int) error {
		attempts = attempt + 1
		stmt, err := conn.Prepare("SELECT count(*), coalesce(sum(value), 0), coalesce(max(id), 0), (SELECT count FROM total), (SELECT sum FROM total) FROM parts")
		if err != nil {
			return err
		}
		defer stmt.Reset()
		if _, err := stmt.Step(); err != nil {
			return err
		}
		s = state{stmt.ColumnInt64(0), stmt.ColumnInt64(1), stmt.ColumnInt64(2), stmt.ColumnInt64(3), stmt.ColumnInt64(4)}
		return nil
	})
	return s, attempts, err
}

func TestViewSeesCommittedStatesOnly(t *testing.T) {
	for style, w := range writers {
		t.Run(style, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "live.sqlite")
			exec1(t, path, w.pragmas+";"+schema)
			stop := startWriter(t, style, path)
			db := livedb.Open(path)
			defer func() { require.NoError(t, db.Close()) }()

			var last state
			states, attempts := 0, 0
			for last.rows < w.rows {
				s, n, err := readState(t.Context(), db)
				require.NoError(t, err)
				require.Equal(t, state{s.rows, s.sum, s.rows, s.rows, s.sum}, s, "the tables disagree: a torn read")
				require.GreaterOrEqual(t, s.rows, last.rows, "went back")
				if s != last {
					states++
				}
				last = s
				attempts += n
			}
			t.Logf("%d states in %d attempts", states, attempts)
			stop()
			s, _, err := readState(t.Context(), db)
			require.NoError(t, err)
			require.GreaterOrEqual(t, s.rows, last.rows)
		})
	}
}

func TestMissingFile(t *testing.T) {
	db := livedb.Open(filepath.Join(t.TempDir(), "none.sqlite"))
	defer db.Close()
	_, _, err := readState(t.Context(), db)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "none.sqlite")
	require.False(t, errors.Is(err, livedb.ErrBusy))
}
