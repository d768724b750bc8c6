// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"
)

// DefaultDocuments is how many documents a new database begins with.
const DefaultDocuments = 25

// Settings configure what to write, and where.
type Settings struct {
	// Database is the path of the SQLite file. Required. It is created with its
	// directories if it does not exist; otherwise rows are appended.
	Database string
	// TlogDir is the directory of the transparency log, created like the
	// database; leaves are appended. Empty: no log, and tlog_index is -1.
	TlogDir string
	// Style is how connections to the database are used. Default: Python.
	Style Style
	// Seed determines the content. Zero is valid.
	Seed uint64
	// Start is the time of the first event; the seed determines the times of the
	// others. Zero: events have the time at which they are written, and only the
	// rest of the content is the same for the same seed.
	Start time.Time
	// Documents is how many documents are registered if the database holds none.
	// Default: DefaultDocuments.
	Documents int
}

func (s *Settings) normalize() error {
	if s.Database == "" {
		return errors.New("the database is required: pass the path of a file to write")
	}
	if s.Style == "" {
		s.Style = Python
	}
	if s.Style != Python && s.Style != Rust {
		return fmt.Errorf("unknown style %q: must be %q or %q", s.Style, Python, Rust)
	}
	if s.Documents == 0 {
		s.Documents = DefaultDocuments
	}
	if s.Documents < 0 {
		return fmt.Errorf("the number of documents is %d: must be positive", s.Documents)
	}
	return nil
}

// Registry writes to one database and its log. Its methods are safe for
// concurrent use, but only one Registry at a time may write to a log.
type Registry struct {
	database *database
	key      ed25519.PrivateKey // nil without an identity; set by Open

	mu        sync.Mutex // held while a leaf is written, not while a row is
	generator *generator // guarded by mu
	log       *leafLog   // guarded by mu
	publisher *publisher // guarded by mu
	next      int64      // number of the next event; guarded by mu
	written   Summary    // guarded by mu
	closed    bool       // guarded by mu
}

var errClosed = errors.New("the registry is closed")

// Open creates or opens a registry's files and, if the database holds no documents
// yet, registers some. The Registry must be closed.
//
// With a log, a new registry gets an identity, in [IdentityFile] beside the database.
// Its tree heads are signed and written to [HeadFile] when it is opened, about every
// second while leaves are written, and by Close. Opening such a registry again reads
// its whole log. A registry that was created by another program gets no identity and
// no heads, and is refused if it has an identity.
func Open(ctx context.Context, settings Settings) (_ *Registry, err error) {
	if err := settings.normalize(); err != nil {
		return nil, err
	}
	clock := clock(wallClock)
	if !settings.Start.IsZero() {
		clock = steppingClock(settings.Start)
	}
	r := &Registry{generator: newGenerator(settings.Seed, clock)}
	if r.database, err = openDatabase(settings.Database, settings.Style); err != nil {
		return nil, err
	}
	if err := r.prepare(ctx, settings); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

func (r *Registry) prepare(ctx context.Context, settings Settings) error {
	if settings.TlogDir != "" {
		// Before anything is written: this fails for a real registry.
		var err error
		if r.key, err = loadIdentity(identityPath(settings.Database)); err != nil {
			return err
		}
	}
	if err := r.load(ctx); err != nil {
		return err
	}
	if settings.TlogDir != "" {
		if err := r.prepareLog(settings); err != nil {
			return err
		}
	}
	if len(r.generator.beacons) == 0 {
		if err := r.registerDocuments(ctx, settings.Documents); err != nil {
			return err
		}
	}
	return r.publisher.writeIfBehind(r.log)
}

// prepareLog opens the log, and prepares to sign it.
func (r *Registry) prepareLog(settings Settings) (err error) {
	if r.log, err = openLog(settings.TlogDir); err != nil {
		return err
	}
	if exists := r.log.next > 0 || r.next > 1; r.key == nil && exists {
		return nil // another program created it: it gets no identity
	}
	if err := removeTemporaryFiles(filepath.Dir(settings.Database)); err != nil {
		return err
	}
	if r.key == nil {
		at := r.generator.clock(0, r.generator.random)
		if r.key, err = createIdentity(identityPath(settings.Database), settings.Seed, at); err != nil {
			return err
		}
	}
	r.log.loadTree()
	r.publisher = &publisher{dir: filepath.Dir(settings.Database), key: r.key, written: -1}
	return nil
}

// load creates the schema if it is missing, and reads the highest id and the beacons.
func (r *Registry) load(ctx context.Context) error {
	return r.database.use(func(db *sql.DB) error {
		if _, err := db.ExecContext(ctx, schema); err != nil {
			return fmt.Errorf("create the schema (is it a registry's database?): %w", err)
		}
		var lastID int64
		if err := db.QueryRowContext(ctx, selectLastID).Scan(&lastID); err != nil {
			return fmt.Errorf("read the highest id: %w", err)
		}
		r.next = lastID + 1
		beacons, err := loadBeacons(ctx, db)
		if err != nil {
			return fmt.Errorf("read the registered beacons: %w", err)
		}
		r.generator.beacons = beacons
		return nil
	})
}

// registerDocuments registers n documents in one transaction, after one fsync of
// their leaves.
func (r *Registry) registerDocuments(ctx context.Context, n int) error {
	var registrations []*registration
	for i := range n {
		registration := r.generator.register(i)
		registrations = append(registrations, registration)
		r.log.add(registration.appendLeaf)
	}
	leaves, err := r.log.flush()
	if err != nil {
		return err
	}
	r.written.Leaves += leaves
	// The log has the documents now: cancelling would leave it without their rows.
	ctx = context.WithoutCancel(ctx)
	err = r.database.transact(ctx, func(tx *sql.Tx) error {
		for _, registration := range registrations {
			if err := registration.insert(ctx, tx); err != nil {
				return fmt.Errorf("register a document: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, registration := range registrations {
		r.generator.beacons = append(r.generator.beacons, registration.beacons...)
	}
	return nil
}

// WriteEvent writes one event: its leaf, durably, and then its row, in a transaction
// of its own. It returns the row's id, even if writing the head failed.
//
// If the context is done, it writes nothing; later cancellation has no effect. After
// an error the leaf may be written and the row not, as in a registry that crashes.
func (r *Registry) WriteEvent(ctx context.Context) (id int64, err error) {
	return r.write(ctx, r.database, 1)
}

// fillBatch is how many events Fill writes in a transaction. It limits memory, and what
// an error loses.
const fillBatch = 20_000

// Fill writes n events as fast as possible: thousands in a transaction on a connection
// of its own, with one fsync for their leaves. The content is the same as with
// WriteEvent. When the context is done, it stops between two transactions and returns
// the context's error.
func (r *Registry) Fill(ctx context.Context, n int64) error {
	bulk, err := r.database.forBulk()
	if err != nil {
		return err
	}
	for n > 0 && err == nil {
		batch := min(n, fillBatch)
		_, err = r.write(ctx, bulk, int(batch))
		n -= batch
	}
	return errors.Join(err, bulk.close())
}

func (r *Registry) write(ctx context.Context, to *database, n int) (lastID int64, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	events, err := r.record(n)
	if err != nil {
		return 0, err
	}
	// The log has the events now: cancelling would leave it without their rows.
	ids, err := insert(context.WithoutCancel(ctx), to, events)
	if err != nil {
		return 0, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.written.count(ids)
	return ids[len(ids)-1], r.publisher.writeSometimes(r.log)
}

// record generates the next n events and writes their leaves.
func (r *Registry) record(n int) ([]event, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, errClosed
	}
	events := make([]event, n)
	for i := range events {
		events[i] = r.generator.event(r.next + int64(i))
		events[i].tlogIndex = r.log.add(events[i].appendLeaf)
	}
	leaves, err := r.log.flush()
	if err != nil {
		return nil, err
	}
	r.next += int64(n)
	r.written.Leaves += leaves
	return events, nil
}

// Prune deletes all events except the newest keep. Their ids are not used again, and
// the log keeps their leaves.
func (r *Registry) Prune(ctx context.Context, keep int64) (deleted int64, err error) {
	if keep < 0 {
		return 0, fmt.Errorf("the number of events to keep is %d: must not be negative", keep)
	}
	err = r.database.transact(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, deleteOldEvents, keep)
		if err != nil {
			return fmt.Errorf("delete old events: %w", err)
		}
		deleted, err = result.RowsAffected()
		return err
	})
	return deleted, err
}

// Head signs the log as it is now. It fails for a registry that has no log, that was
// created by another program, or whose log is damaged.
func (r *Registry) Head() (Head, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return Head{}, errClosed
	}
	return r.publisher.head(r.log)
}

// PublicKey returns the key that heads are signed with, which in hex is the registry's
// id; nil for a registry that signs none.
func (r *Registry) PublicKey() ed25519.PublicKey {
	if r.key == nil {
		return nil
	}
	return publicHalf(r.key)
}

// Written returns what was written since Open.
func (r *Registry) Written() Summary {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.written
}

// Close closes the files. No other call may be running. A second call does nothing.
func (r *Registry) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	r.closed = true
	return errors.Join(r.publisher.writeIfBehind(r.log), r.database.close(), r.log.close())
}
