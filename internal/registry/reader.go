// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/livedb"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

var (
	selectRows = "SELECT " + columns + " FROM events WHERE id > ?1 ORDER BY id LIMIT ?2"
	selectRow  = "SELECT " + columns + " FROM events WHERE id = ?1"
	selectLast = "SELECT " + columns + " FROM events ORDER BY id DESC LIMIT 1"
	selectLag  = "SELECT (SELECT max(id) FROM events), timestamp FROM events WHERE id > ?1 ORDER BY id LIMIT 1"
)

// minBatch is how many rows a batch has at least while the database keeps changing
// during reads. So few are read in a fraction of the time that a commit takes.
const minBatch = 16

// Settings configure a Reader.
type Settings struct {
	// Path is the SQLite file. It need not exist yet.
	Path string
	// RegistryID names the registry in the events, and is part of their uid.
	RegistryID string
	// Now is the clock of [translator.Event.Observed]. Default time.Now.
	Now func() time.Time
}

// Reader reads the events of one registry. It changes nothing in the registry's
// directory, and holds no lock and no transaction between two calls. All methods
// are safe for concurrent use, and run one at a time. Their errors name the file and
// match [livedb.ErrBusy] or [io/fs.ErrNotExist] where that is the reason.
type Reader struct {
	settings    Settings
	idRangeSize int64 // see there; less in tests

	mu      sync.Mutex // guards what follows
	db      *livedb.DB
	version livedb.Version // of the last successful Read
	decoder *decoder
}

// Open returns a Reader. It does no I/O.
func Open(settings Settings) *Reader {
	if settings.Now == nil {
		settings.Now = time.Now
	}
	return &Reader{settings: settings, idRangeSize: idRangeSize, db: livedb.Open(settings.Path), decoder: newDecoder(eventColumns)}
}

// Close releases the files. The Reader must not be used again.
func (r *Reader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.db.Close()
}

// Changed reports whether the database may have changed since the last successful
// Read. It never reports false after a commit. It costs a few calls of stat.
func (r *Reader) Changed() (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.db.Changed(r.version)
}

// Limits bound a batch. At least one row is read.
type Limits struct {
	// Rows is the most rows.
	Rows int
	// Bytes is the most bytes that their events take in any shape, see
	// [translator.Event.EncodedSize]; 0: no limit.
	Bytes int
	// ValueBytes is the longest value that will be delivered, for Bytes.
	ValueBytes int
}

// Batch is consecutive rows.
type Batch struct {
	// Events are the rows in the order of their ids.
	Events []translator.Event
	// Next is the cursor after them.
	Next Cursor
	// More reports whether there may be more rows now.
	More bool
}

// Read returns the rows after the cursor, within the limits, appended to
// into[:0]. It returns fewer, with More set, if the database is written to all the
// time. It returns a *[ReplacedError] if the database is not the cursor's.
func (r *Reader) Read(ctx context.Context, cursor Cursor, limits Limits, into []translator.Event) (Batch, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var batch Batch
	version, err := r.db.View(ctx, func(conn *livedb.Conn, attempt livedb.Attempt) error {
		if err := r.check(conn, cursor); err != nil {
			return err
		}
		n := batchSize(limits.Rows, attempt)
		events, err := r.rows(conn, cursor.ID, n, into[:0])
		batch = Batch{Events: events, Next: cursor, More: len(events) == n}
		return err
	})
	r.version = version
	if err != nil {
		return Batch{}, r.wrap("read events", err)
	}
	if n := len(batch.Events); n > 0 {
		last := &batch.Events[n-1]
		// A cursor may be kept for long. The clone does not keep the texts of its batch in memory.
		batch.Next = Cursor{ID: last.ID, UID: strings.Clone(last.UID), RegistryID: last.RegistryID}
	}
	return batch, nil
}

// rows appends the events of the rows with ids above after, up to limit of them.
func (r *Reader) rows(conn *livedb.Conn, after int64, limit int, events []translator.Event) ([]translator.Event, error) {
	stmt, err := conn.Prepare(selectRows)
	if err != nil {
		return nil, err
	}
	defer stmt.Reset()
	stmt.BindInt64(1, after)
	stmt.BindInt64(2, int64(limit))
	now := r.settings.Now().UTC()
	for {
		found, err := stmt.Step()
		if err != nil || !found {
			return events, err
		}
		events = r.appendEvent(events, stmt, now)
	}
}

// rowsByKey reads rows one by one. Those that were pruned are skipped.
func (r *Reader) rowsByKey(conn *livedb.Conn, keys []sortKey, events []translator.Event) ([]translator.Event, error) {
	stmt, err := conn.Prepare(selectRow)
	if err != nil {
		return nil, err
	}
	now := r.settings.Now().UTC()
	for _, key := range keys {
		stmt.BindInt64(1, key.id)
		found, err := stmt.Step()
		if found {
			events = r.appendEvent(events, stmt, now)
		}
		stmt.Reset()
		if err != nil {
			return nil, err
		}
	}
	return events, nil
}

// appendEvent appends the event of the statement's row, which was read now.
func (r *Reader) appendEvent(events []translator.Event, stmt *livedb.Stmt, now time.Time) []translator.Event {
	events = append(events, translator.Event{RegistryID: r.settings.RegistryID, Observed: now})
	r.decoder.decode(stmt, &events[len(events)-1])
	return events
}

// batchSize returns how many rows to read in that attempt: half as many after each
// one during which the database changed.
func batchSize(n int, attempt livedb.Attempt) int {
	if attempt.Locked {
		return n
	}
	return max(n>>min(attempt.Number, 30), min(n, minBatch))
}

// ByID returns the events of the rows with these ids, in that order, appended to
// into[:0]. Rows that are not there are skipped. Like those of Read, values that are
// too long to be read whole are described by [translator.Event.Long].
func (r *Reader) ByID(ctx context.Context, ids []int64, into []translator.Event) ([]translator.Event, error) {
	return nil, errors.ErrUnsupported
}

// Newest returns the event of the row with the highest id; ok is false if there are
// no rows.
func (r *Reader) Newest(ctx context.Context) (event translator.Event, ok bool, err error) {
	return translator.Event{}, false, errors.ErrUnsupported
}

// EndBefore returns the cursor after the last row before those, at the end of the
// table, whose timestamps are not before t: the end of the table as it was then.
func (r *Reader) EndBefore(ctx context.Context, t time.Time) (Cursor, error) {
	return r.End(ctx)
}

// End returns the cursor after the current last row.
func (r *Reader) End(ctx context.Context) (Cursor, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var end Cursor
	_, err := r.db.View(ctx, func(conn *livedb.Conn, _ livedb.Attempt) error {
		highest, err := highestID(conn)
		if err != nil {
			return err
		}
		stmt, err := conn.Prepare(selectLast)
		if err != nil {
			return err
		}
		defer stmt.Reset()
		end = Cursor{ID: highest, RegistryID: r.settings.RegistryID}
		found, err := stmt.Step()
		if found && stmt.Column(0).Int64() == highest {
			end.UID = r.decoder.uid(stmt, r.settings.RegistryID)
		}
		return err
	})
	return end, r.wrap("find the last event", err)
}

// Lag is how far a cursor is behind.
type Lag struct {
	// Rows is the highest id in the table minus the cursor's; 0 at the end.
	Rows int64
	// Oldest is the timestamp of the first row after the cursor; the zero
	// time if there is none, or it has no usable one.
	Oldest time.Time
}

// Lag measures how far a cursor at that id is behind.
func (r *Reader) Lag(ctx context.Context, after int64) (Lag, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var lag Lag
	_, err := r.db.View(ctx, func(conn *livedb.Conn, _ livedb.Attempt) error {
		lag = Lag{}
		stmt, err := conn.Prepare(selectLag)
		if err != nil {
			return err
		}
		defer stmt.Reset()
		stmt.BindInt64(1, after)
		found, err := stmt.Step()
		if found {
			lag.Rows = stmt.Column(0).Int64() - after
			lag.Oldest, _ = timestampOf(stmt, 1)
		}
		return err
	})
	return lag, r.wrap("measure the lag", err)
}

// wrap names the file in errors of SQLite, which does not know its path.
func (r *Reader) wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s in database %s: %w", what, r.settings.Path, err)
}
