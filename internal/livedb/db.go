// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package livedb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	lib "modernc.org/sqlite/lib"
)

// ErrBusy is returned by [DB.View] when the database changed during every attempt
// to read it, or has a hot journal that its writer has to roll back.
var ErrBusy = errors.New("no consistent read was possible while the database was being written")

// DefaultBusyTimeout is as long as the registry itself waits for a lock.
const DefaultBusyTimeout = 5 * time.Second

// Backoff between two attempts of View. A checkpoint of a usual size takes a
// few milliseconds.
const (
	minBackoff = 100 * time.Microsecond
	maxBackoff = 20 * time.Millisecond
)

// Where writers leave no gap, attempts are made in rounds. The first ones of each,
// some 25 ms in all, take no lock. The last ones lock writers out, each for as
// long as the read lasts. Then the next round begins, without a lock.
const (
	attemptsUnlocked = 8
	attemptsLocked   = 4
)

// Attempt is one try of [DB.View].
type Attempt struct {
	// Number counts from 0. The higher it is, the faster the database changes.
	Number int
	// Locked reports whether writers are locked out, so that this attempt will
	// succeed, however long it takes.
	Locked bool
}

func newAttempt(number int) Attempt {
	return Attempt{number, locksSupported && number%(attemptsUnlocked+attemptsLocked) >= attemptsUnlocked}
}

// DB reads one database file. It opens the file at the first [DB.View] and
// again whenever the path names another file. It is not safe for concurrent
// use; any number of DBs may read the same file.
type DB struct {
	// BusyTimeout is how long View tries to read between two writes before it
	// gives up with ErrBusy. Default [DefaultBusyTimeout].
	BusyTimeout time.Duration

	path string
	now  func() time.Time

	id   uint64 // names this DB to the VFS
	conn *Conn  // nil until the first View, and after an error
	snap snapshot
	shm  sharedMemory // the wal-index, private to conn
}

// Version identifies a state of the files. The zero value differs from every state.
type Version struct {
	files   fingerprint
	settled bool // the last write was long enough before
}

// Open returns a reader of the SQLite database at path. It does no I/O: the
// file may appear later.
func Open(path string) *DB {
	db := &DB{BusyTimeout: DefaultBusyTimeout, path: path, now: time.Now}
	db.id = register(db)
	return db
}

// Close releases the connection and its files. The DB must not be used again.
func (db *DB) Close() error {
	err := db.disconnect()
	unregister(db.id)
	return err
}

// Changed reports whether the files may have changed since that version. It never
// reports false after a commit. It calls stat two or three times and reads at most
// the header of the wal-index.
func (db *DB) Changed(since Version) (bool, error) {
	if !since.settled {
		return true, nil
	}
	now, err := takeFingerprint(db.path)
	return now != since.files, err
}

// View calls fn with a connection on which all statements see one committed
// state of the database. If that state cannot be proven consistent afterwards,
// fn is called again with the next attempt: the result of fn is valid only once
// View has returned no error. View gives up with [ErrBusy] after BusyTimeout. The
// version is of the state that fn saw, or of an earlier one.
//
// Nothing is held between two calls of View: no lock, no transaction, no old
// state. Within one, no lock is held before the ninth attempt.
//
// Other errors are that of fn, or an [*Error], if the state that it saw was
// consistent; one from opening the files, which names the file and matches
// [fs.ErrNotExist] and the like; or [errors.ErrUnsupported] where this system
// cannot read a database that is being written, see the package's documentation.
func (db *DB) View(ctx context.Context, fn func(conn *Conn, attempt Attempt) error) (version Version, err error) {
	defer func() { err = errors.Join(err, db.snap.lock.release()) }()
	deadline := time.Now().Add(db.BusyTimeout)
	backoff := minBackoff
	for number := 0; ; number++ {
		attempt := newAttempt(number)
		version, err := db.try(ctx, fn, attempt)
		if err != nil && ctx.Err() != nil {
			return Version{}, ctx.Err()
		}
		if !errors.Is(err, errConflict) {
			return version, err
		}
		if time.Now().After(deadline) {
			return Version{}, fmt.Errorf("read %s: %w; tried for %s: %w", db.path, ErrBusy, db.BusyTimeout, err)
		}
		select {
		case <-ctx.Done():
			return Version{}, ctx.Err()
		case <-time.After(backoff):
		}
		backoff = min(2*backoff, maxBackoff)
		if attempt.Locked {
			backoff = minBackoff // writers wait for this reader now, not the reverse
		}
	}
}

// try makes one attempt. Its error matches errConflict if what it read could not
// be proven consistent.
func (db *DB) try(ctx context.Context, fn func(*Conn, Attempt) error, attempt Attempt) (Version, error) {
	before, err := takeFingerprint(db.path)
	if err != nil {
		return Version{}, errors.Join(err, db.disconnect())
	}
	taken := db.now()
	if err := db.begin(before, attempt.Locked); err != nil {
		return Version{}, errors.Join(err, db.disconnect())
	}
	if err := db.run(ctx, fn, attempt); err != nil {
		return Version{}, db.classifyError(err)
	}
	if err := db.snap.verify(&db.shm); err != nil {
		// The connection may have cached torn pages and a schema made of them.
		return Version{}, errors.Join(err, db.disconnect())
	}
	return Version{before, before.settledAt(taken)}, nil
}

// classifyError returns the error of a read, or errConflict if the state was not
// consistent: torn pages look like a damaged database.
func (db *DB) classifyError(err error) error {
	code := primaryOf(err)
	if code == lib.SQLITE_BUSY {
		err = fmt.Errorf("%w: %w", errConflict, err)
	} else if conflict := db.snap.verify(&db.shm); conflict != nil {
		err = conflict
	} else if code == lib.SQLITE_CORRUPT {
		err = cmp.Or(db.snap.verifySize(), err)
	}
	// The connection may have cached what caused the error.
	if code != lib.SQLITE_INTERRUPT {
		err = errors.Join(err, db.disconnect())
	}
	return err
}

// begin opens the files that are not open yet or were replaced, and invalidates
// what the connection has cached.
func (db *DB) begin(now fingerprint, locked bool) error {
	if db.conn != nil && !db.snap.sameFile(now) {
		if err := db.disconnect(); err != nil {
			return err
		}
	}
	if err := db.snap.begin(db.path, locked); err != nil {
		return err
	}
	db.shm.invalidate()
	if db.conn != nil {
		return nil
	}
	conn, err := connect(db.id)
	if err != nil {
		return fmt.Errorf("open %s: %w", db.path, err)
	}
	db.conn = conn
	return nil
}

// run calls fn within a read transaction, which pins SQLite to the end of the log
// as it is now.
func (db *DB) run(ctx context.Context, fn func(*Conn, Attempt) error, attempt Attempt) error {
	if err := db.conn.run("BEGIN"); err != nil {
		return err
	}
	err := db.conn.withInterrupt(ctx, func() error { return fn(db.conn, attempt) })
	db.conn.reset()
	return errors.Join(err, db.conn.run("COMMIT")) // after an error too
}

// disconnect closes the connection and its files. The next attempt opens them again.
func (db *DB) disconnect() error {
	var err error
	if db.conn != nil {
		err = db.conn.close()
		db.conn = nil
	}
	db.shm.free()
	return errors.Join(err, db.snap.close())
}
