// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Style is how a registry uses its database's connections.
type Style string

const (
	// Python opens a connection for each write and closes it afterwards, which
	// creates and removes the -wal and -shm files each time.
	Python Style = "python"
	// Rust keeps up to eight connections open until Close, with
	// synchronous=NORMAL. The -wal and -shm files remain.
	Rust Style = "rust"
)

// Both registries wait for a lock that long; the Rust one has that many connections.
const (
	busyTimeout    = "5000" // milliseconds
	maxConnections = 8
)

// database opens connections in a style. It is safe for concurrent use.
type database struct {
	path string
	dsn  string
	pool *sql.DB // nil if each use opens a connection
}

func openDatabase(path string, style Style) (*database, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // the collector reads it as another user
		return nil, fmt.Errorf("create the database's directory, which must be writable: %w", err)
	}
	d := &database{path: path}
	if style == Rust {
		return d, d.keep(maxConnections, url.Values{"_synchronous": {"NORMAL"}})
	}
	var err error
	d.dsn, err = dsn(path, nil)
	return d, err
}

// forBulk returns the same database with one connection that is configured for large
// transactions. It must be closed.
func (d *database) forBulk() (*database, error) {
	bulk := &database{path: d.path}
	return bulk, bulk.keep(1, url.Values{
		"_synchronous": {"NORMAL"},
		"_pragma": {
			"cache_size(-16384)",        // KiB: the pages that are inserted into
			"wal_autocheckpoint(16384)", // pages: fewer, larger checkpoints
		},
	})
}

// keep opens a pool, which keeps its connections open.
func (d *database) keep(connections int, settings url.Values) (err error) {
	if d.dsn, err = dsn(d.path, settings); err != nil {
		return err
	}
	if d.pool, err = sql.Open("sqlite", d.dsn); err != nil {
		return d.explain(err)
	}
	d.pool.SetMaxOpenConns(connections)
	d.pool.SetMaxIdleConns(connections)
	return nil
}

// dsn returns the data source name for path, with the settings of every registry and
// the given ones.
func dsn(path string, settings url.Values) (string, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("find %s: %w", path, err)
	}
	query := url.Values{
		"_busy_timeout": {busyTimeout}, // the driver applies it first
		"_journal_mode": {"WAL"},
		"_txlock":       {"immediate"},
	}
	maps.Copy(query, settings)
	absolute = filepath.ToSlash(absolute)
	if !strings.HasPrefix(absolute, "/") {
		absolute = "/" + absolute // it begins with a drive letter
	}
	return (&url.URL{Scheme: "file", Path: absolute, RawQuery: query.Encode()}).String(), nil
}

// use calls f with a handle of the database. Errors name the database.
func (d *database) use(f func(*sql.DB) error) error {
	if d.pool != nil {
		return d.explain(f(d.pool))
	}
	db, err := sql.Open("sqlite", d.dsn)
	if err != nil {
		return d.explain(err)
	}
	db.SetMaxOpenConns(1)
	return d.explain(errors.Join(f(db), db.Close()))
}

// transact calls f within a transaction, and commits it if f returns no error.
func (d *database) transact(ctx context.Context, f func(*sql.Tx) error) error {
	return d.use(func(db *sql.DB) error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		if err := f(tx); err != nil {
			return errors.Join(err, tx.Rollback())
		}
		return tx.Commit()
	})
}

func (d *database) close() error {
	if d.pool == nil {
		return nil
	}
	return d.explain(d.pool.Close())
}

// hints are what to do about an error of SQLite, by its primary result code.
var hints = map[int]string{
	sqlite3.SQLITE_BUSY:     "another process kept it locked for five seconds: stop that process and try again",
	sqlite3.SQLITE_READONLY: "pass a writable file in a writable directory",
	sqlite3.SQLITE_FULL:     "free space on its disk, or prune",
	sqlite3.SQLITE_CANTOPEN: "pass the path of a file in a writable directory",
	sqlite3.SQLITE_NOTADB:   "choose another file, or move this one away",
}

// explain adds the database to err, and a hint if there is one.
func (d *database) explain(err error) error {
	if err == nil {
		return nil
	}
	var failure *sqlite.Error
	if errors.As(err, &failure) {
		if hint, ok := hints[failure.Code()&0xff]; ok {
			return fmt.Errorf("database %s: %s: %w", d.path, hint, err)
		}
	}
	return fmt.Errorf("database %s: %w", d.path, err)
}
