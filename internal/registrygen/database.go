// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver
)

// Style is how a registry uses its database's connections.
type Style string

const (
	// Python opens a connection for each write and closes it afterwards, so that
	// the files with -wal and -shm at their end come and go with it.
	Python Style = "python"
	// Rust keeps up to eight connections open until Close, with
	// synchronous=NORMAL. The files with -wal and -shm at their end stay.
	Rust Style = "rust"
)

// Both registries wait as long for a lock; the Rust one pools as many.
const (
	busyTimeout    = "5000" // milliseconds
	maxConnections = 8
)

// database hands out connections in the manner of a style. It is safe for
// concurrent use.
type database struct {
	path string
	dsn  string
	pool *sql.DB // nil where each use opens its own
}

func openDatabase(path string, style Style) (*database, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("finding %s: %w", path, err)
	}
	if err := os.MkdirAll(filepath.Dir(absolute), 0o755); err != nil {
		return nil, fmt.Errorf("creating the database's directory: %w", err)
	}
	d := &database{path: path, dsn: dsn(absolute, style)}
	if style == Rust {
		if d.pool, err = sql.Open("sqlite", d.dsn); err != nil {
			return nil, fmt.Errorf("opening %s: %w", path, err)
		}
		d.pool.SetMaxOpenConns(maxConnections)
		d.pool.SetMaxIdleConns(maxConnections)
	}
	return d, nil
}

func dsn(absolute string, style Style) string {
	query := url.Values{
		"_busy_timeout": {busyTimeout}, // applied before all others
		"_journal_mode": {"WAL"},
		"_txlock":       {"immediate"},
	}
	if style == Rust {
		query.Set("_synchronous", "NORMAL")
	}
	path := filepath.ToSlash(absolute)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // a drive letter
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}).String()
}

// use calls f with a handle on the database, and says which database an error
// is about.
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

// transact calls f within a transaction and commits what it did, unless it
// failed.
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

func (d *database) explain(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("database %s: %w", d.path, err)
}
