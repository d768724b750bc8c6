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
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	_ "modernc.org/sqlite"

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
	goleak.VerifyTestMain(m)
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
		if _, err := db.ExecContext(context.Background(), "INSERT INTO parts(value, filler) VALUES (?, ?)", i*7919%1000, strings.Repeat("x", int(i*31%600))); err != nil {
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
	_, err = db.ExecContext(context.Background(), pragmas)
	return db, err
}

func startWriter(t *testing.T, style, path string) (stop func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0], path) //nolint:gosec // the test binary itself
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
	execute(t, path, pragmas+";"+ddl)
	return path
}

// dsn escapes a path for a URI.
func dsn(path string) string {
	return "file:" + strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path) + "?_pragma=busy_timeout(10000)"
}

// execute runs statements on a connection of its own.
func execute(t *testing.T, path, statements string) {
	t.Helper()
	db, err := sql.Open("sqlite", dsn(path))
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	_, err = db.ExecContext(t.Context(), statements)
	require.NoError(t, err)
	require.NoError(t, db.Close())
}

type state struct{ rows, sum, maxID, count, total int64 }

func readState(ctx context.Context, db *livedb.DB) (state, int, error) {
	var s state
	var attempts int
	_, err := db.View(ctx, func(conn *livedb.Conn, attempt livedb.Attempt) error {
		attempts = attempt.Number + 1
		stmt, err := conn.Prepare("SELECT count(*), coalesce(sum(value), 0), coalesce(max(id), 0), (SELECT count FROM total), (SELECT sum FROM total) FROM parts")
		if err != nil {
			return err
		}
		defer stmt.Reset()
		if _, err := stmt.Step(); err != nil {
			return err
		}
		s = state{stmt.Column(0).Int64(), stmt.Column(1).Int64(), stmt.Column(2).Int64(), stmt.Column(3).Int64(), stmt.Column(4).Int64()}
		return nil
	})
	return s, attempts, err
}

// SQLite asks for the size of the file before it reads the first page, which says how many
// pages there are. A transaction between the two makes a sound database look damaged.
func TestViewWhileTheFileGrows(t *testing.T) {
	path := create(t, "PRAGMA journal_mode=DELETE", schema)
	db := open(t, path)
	_, _, err := readState(t.Context(), db) // a connection that is new reads the first page before
	require.NoError(t, err)
	asked := 0
	db.OnSize(func() {
		if asked++; asked == 1 {
			execute(t, path, "INSERT INTO parts(value, filler) VALUES (1, '"+strings.Repeat("x", 20_000)+"')")
		}
	})
	s, attempts, err := readState(t.Context(), db)
	require.NoError(t, err)
	assert.Equal(t, state{1, 1, 1, 1, 1}, s)
	assert.Equal(t, 2, attempts)
}

func TestViewSeesCommittedStatesOnly(t *testing.T) {
	for style, w := range writers {
		t.Run(style, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "live.sqlite")
			execute(t, path, w.pragmas+";"+schema)
			stop := startWriter(t, style, path)
			db := livedb.Open(path)
			db.BusyTimeout = time.Minute // on a busy machine, the writer has more time between two attempts
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

// crashed returns the path of a database whose writer was killed: rows are only
// in the log, and no process has the index open.
func crashed(t *testing.T, rows int) (path string) {
	t.Helper()
	path = create(t, "PRAGMA journal_mode=WAL", schema)
	db := openKept(t, path)
	for range rows {
		_, err := db.ExecContext(t.Context(), "INSERT INTO parts(value) VALUES (1)")
		require.NoError(t, err)
	}
	copied := filepath.Join(t.TempDir(), "crashed.sqlite")
	for _, suffix := range []string{"", "-wal", "-shm"} {
		data, err := os.ReadFile(path + suffix)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(copied+suffix, data, 0o600))
	}
	return copied
}

// openKept opens a connection for as long as the test runs.
func openKept(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", dsn(path))
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	return db
}

func open(t *testing.T, path string) *livedb.DB {
	t.Helper()
	db := livedb.Open(path)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	return db
}

func rows(t *testing.T, db *livedb.DB) int64 {
	t.Helper()
	s, _, err := readState(t.Context(), db)
	require.NoError(t, err)
	return s.rows
}

func TestLogOfKilledWriter(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, path string){
		"as it was":     func(*testing.T, string) {},
		"without index": func(t *testing.T, path string) { require.NoError(t, os.Remove(path+"-shm")) },
		"empty index":   func(t *testing.T, path string) { require.NoError(t, os.Truncate(path+"-shm", 0)) },
		"index of zeros": func(t *testing.T, path string) {
			require.NoError(t, os.WriteFile(path+"-shm", make([]byte, 32768), 0o600))
		},
		"half a frame at the end": func(t *testing.T, path string) {
			f, err := os.OpenFile(path+"-wal", os.O_APPEND|os.O_WRONLY, 0)
			require.NoError(t, err)
			_, err = f.Write(make([]byte, 3000))
			require.NoError(t, err)
			require.NoError(t, f.Close())
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := crashed(t, 5)
			change(t, path)
			assert.EqualValues(t, 5, rows(t, open(t, path)))
		})
	}
}

func TestEmptyLog(t *testing.T) {
	path := create(t, "PRAGMA journal_mode=WAL", schema+"INSERT INTO parts(value) VALUES (1)")
	require.NoError(t, os.WriteFile(path+"-wal", nil, 0o600))
	assert.EqualValues(t, 1, rows(t, open(t, path)))
}

// After a checkpoint the log is restarted in the same file: frames behind its new
// end are old.
func TestRestartedLog(t *testing.T) {
	path := create(t, "PRAGMA journal_mode=WAL", schema)
	kept, db := openKept(t, path), open(t, path)
	for i := int64(1); i <= 20; i++ {
		_, err := kept.ExecContext(t.Context(), "INSERT INTO parts(value, filler) VALUES (1, hex(zeroblob(1000)))")
		require.NoError(t, err)
		assert.Equal(t, i, rows(t, db))
		if i%4 == 0 {
			_, err = kept.ExecContext(t.Context(), "PRAGMA wal_checkpoint(RESTART)")
			require.NoError(t, err)
			assert.Equal(t, i, rows(t, db))
		}
	}
}

func TestHotJournalIsReported(t *testing.T) {
	path := create(t, "PRAGMA journal_mode=DELETE", schema)
	db := open(t, path)
	db.BusyTimeout = 0
	require.NoError(t, os.WriteFile(path+"-journal", []byte{0xd9, 0xd5}, 0o600))
	_, _, err := readState(t.Context(), db)
	require.ErrorIs(t, err, livedb.ErrBusy)
	require.ErrorContains(t, err, path+"-journal is a hot journal")

	require.NoError(t, os.WriteFile(path+"-journal", make([]byte, 512), 0o600)) // as PRAGMA journal_mode=PERSIST leaves it
	assert.EqualValues(t, 0, rows(t, db))
}

func TestSymbolicLink(t *testing.T) {
	path := create(t, "PRAGMA journal_mode=WAL", schema)
	kept := openKept(t, path)
	_, err := kept.ExecContext(t.Context(), "INSERT INTO parts(value) VALUES (1)") // stays in the log beside the real file
	require.NoError(t, err)
	link := filepath.Join(t.TempDir(), "link.sqlite")
	require.NoError(t, os.Symlink(path, link))
	db := open(t, link)
	assert.EqualValues(t, 1, rows(t, db))

	other := create(t, "PRAGMA journal_mode=WAL", schema+strings.Repeat("INSERT INTO parts(value) VALUES (1);", 3))
	require.NoError(t, os.Remove(link))
	require.NoError(t, os.Symlink(other, link))
	assert.EqualValues(t, 3, rows(t, db), "the link leads to another file now")
}

func TestReplacedFile(t *testing.T) {
	path := create(t, "PRAGMA journal_mode=WAL", schema+"INSERT INTO parts(value) VALUES (1);")
	db := open(t, path)
	assert.EqualValues(t, 1, rows(t, db))
	other := create(t, "PRAGMA journal_mode=WAL", schema+strings.Repeat("INSERT INTO parts(value) VALUES (1);", 3))
	require.NoError(t, os.Rename(other, path))
	assert.EqualValues(t, 3, rows(t, db))
	require.NoError(t, os.Remove(path))
	_, _, err := readState(t.Context(), db)
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestChanged(t *testing.T) {
	for name, pragmas := range map[string]string{
		"log":              "PRAGMA journal_mode=WAL",
		"rollback journal": "PRAGMA journal_mode=DELETE",
	} {
		t.Run(name, func(t *testing.T) {
			path := create(t, pragmas, schema)
			kept, db := openKept(t, path), open(t, path)
			later := time.Now().Add(time.Hour)
			read := func() livedb.Version {
				version, err := db.View(t.Context(), func(conn *livedb.Conn, _ livedb.Attempt) error { return nil })
				require.NoError(t, err)
				return version
			}
			changed := func(since livedb.Version) bool {
				changed, err := db.Changed(since)
				require.NoError(t, err)
				return changed
			}
			assert.True(t, changed(livedb.Version{}), "nothing was read yet")
			assert.True(t, changed(read()), "too short after a write to be sure")

			db.SetClock(func() time.Time { return later })
			for range 10 {
				before := read()
				assert.False(t, changed(before), "nothing was written")
				_, err := kept.ExecContext(t.Context(), "INSERT INTO parts(value) VALUES (1)")
				require.NoError(t, err)
				assert.True(t, changed(before), "a row was committed")
			}
			before := read()
			require.NoError(t, os.Rename(create(t, pragmas, schema), path))
			assert.True(t, changed(before), "the file was replaced")
		})
	}
}

func TestErrorOfTheCaller(t *testing.T) {
	db := open(t, create(t, "PRAGMA journal_mode=WAL", schema))
	mine := errors.New("mine")
	_, err := db.View(t.Context(), func(*livedb.Conn, livedb.Attempt) error { return mine })
	require.ErrorIs(t, err, mine)
	assert.EqualValues(t, 0, rows(t, db))
}

func TestCancel(t *testing.T) {
	db := open(t, create(t, "PRAGMA journal_mode=WAL", schema))
	ctx, cancel := context.WithCancel(t.Context())
	_, err := db.View(ctx, func(conn *livedb.Conn, _ livedb.Attempt) error {
		cancel()
		stmt, err := conn.Prepare("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT max(x) FROM c")
		if err != nil {
			return err
		}
		_, err = stmt.Step()
		return err
	})
	require.ErrorIs(t, err, context.Canceled)
	assert.EqualValues(t, 0, rows(t, db), "and goes on afterwards")
}

func TestNothingCanBeWritten(t *testing.T) {
	path := create(t, "PRAGMA journal_mode=WAL", schema)
	db := open(t, path)
	for _, statement := range []string{"INSERT INTO parts(value) VALUES (1)", "DROP TABLE parts", "PRAGMA user_version=7", "CREATE TABLE x(y)"} {
		_, err := db.View(t.Context(), func(conn *livedb.Conn, _ livedb.Attempt) error {
			stmt, err := conn.Prepare(statement)
			if err != nil {
				return err
			}
			_, err = stmt.Step()
			return errors.Join(err, stmt.Reset())
		})
		require.Error(t, err, statement)
	}
	assert.EqualValues(t, 0, rows(t, db))
}

func TestMissingFile(t *testing.T) {
	db := livedb.Open(filepath.Join(t.TempDir(), "none.sqlite"))
	defer db.Close()
	_, _, err := readState(t.Context(), db)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "none.sqlite")
	require.NotErrorIs(t, err, livedb.ErrBusy)
}
