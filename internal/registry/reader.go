// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/livedb"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

var (
	selectRows = "SELECT " + columns + " FROM events WHERE id > ?1 ORDER BY id LIMIT ?2"
	selectRow  = "SELECT " + columns + " FROM events WHERE id = ?1"
	selectLast = "SELECT " + columns + " FROM events ORDER BY id DESC LIMIT 1"

	selectTimestampsBackward = "SELECT id, timestamp FROM events ORDER BY id DESC"

	selectLag = "SELECT (SELECT max(id) FROM events), timestamp FROM events WHERE id > ?1 ORDER BY id LIMIT 1"
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

// maxBatchMemory bounds the values of a batch, in bytes: events hold them whole
// until they are checked and cut. One row more is decoded.
const maxBatchMemory = 4 << 20

// batchLimit counts what a batch holds.
type batchLimit struct {
	limits         Limits
	rows           int
	bytes, decoded int
}

// admit reports whether the event of a row that took so many bytes in the database
// belongs to the batch, and counts it if so. The first one always does.
func (l *batchLimit) admit(e *translator.Event, decoded int) bool {
	bytes := 0
	if l.limits.Bytes > 0 {
		bytes = e.EncodedSize(l.limits.ValueBytes)
	}
	if l.rows > 0 && (l.decoded+decoded > maxBatchMemory || l.limits.Bytes > 0 && l.bytes+bytes > l.limits.Bytes) {
		return false
	}
	l.rows++
	l.bytes += bytes
	l.decoded += decoded
	return true
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
// time, or if their values take more than 4 MiB. It returns a *[ReplacedError] if
// the database is not the cursor's.
func (r *Reader) Read(ctx context.Context, cursor Cursor, limits Limits, into []translator.Event) (Batch, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var batch Batch
	version, err := r.db.View(ctx, func(conn *livedb.Conn, attempt livedb.Attempt) error {
		if err := r.check(conn, cursor); err != nil {
			return err
		}
		limits := limits
		limits.Rows = batchSize(limits.Rows, attempt)
		events, more, err := r.rows(conn, cursor.ID, limits, into[:0])
		batch = Batch{Events: events, Next: cursor, More: more}
		return err
	})
	r.version = version
	if err != nil {
		return Batch{}, r.wrap("read events", err)
	}
	if n := len(batch.Events); n > 0 {
		batch.Next = cursorAfter(&batch.Events[n-1])
	}
	return batch, nil
}

// rows appends the events of the rows with ids above after, within the limits. more
// reports that a limit was reached.
func (r *Reader) rows(conn *livedb.Conn, after int64, limits Limits, events []translator.Event) (_ []translator.Event, more bool, err error) {
	stmt, err := conn.Prepare(selectRows)
	if err != nil {
		return nil, false, err
	}
	defer stmt.Reset()
	stmt.BindInt64(1, after)
	stmt.BindInt64(2, int64(limits.Rows))
	limit := batchLimit{limits: limits}
	now := r.settings.Now().UTC()
	for {
		found, err := stmt.Step()
		if err != nil || !found {
			return events, limit.rows == limits.Rows, err
		}
		events = r.appendEvent(events, stmt, now)
		last := len(events) - 1
		if !limit.admit(&events[last], len(r.decoder.encoded)) {
			events[last] = translator.Event{}
			return events[:last], true, nil
		}
	}
}

// rowsByKey reads rows one by one, until a batch is full, and returns how many keys
// it used. Rows that were pruned are skipped.
func (r *Reader) rowsByKey(conn *livedb.Conn, keys []sortKey, events []translator.Event) (_ []translator.Event, used int, err error) {
	stmt, err := conn.Prepare(selectRow)
	if err != nil {
		return nil, 0, err
	}
	limit := batchLimit{}
	now := r.settings.Now().UTC()
	for i, key := range keys {
		stmt.BindInt64(1, key.id)
		before := len(events)
		if events, err = r.appendFirst(events, stmt, now); err != nil {
			return nil, 0, err
		}
		if len(events) > before && !limit.admit(&events[before], len(r.decoder.encoded)) {
			events[before] = translator.Event{}
			return events[:before], i, nil
		}
	}
	return events, len(keys), nil
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
// too long to be read whole are described by [translator.Event.Long]. Nothing else
// bounds the memory of the events: pass few ids.
func (r *Reader) ByID(ctx context.Context, ids []int64, into []translator.Event) ([]translator.Event, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var events []translator.Event
	_, err := r.db.View(ctx, func(conn *livedb.Conn, _ livedb.Attempt) error {
		stmt, err := conn.Prepare(selectRow)
		if err != nil {
			return err
		}
		defer stmt.Reset()
		events = into[:0]
		now := r.settings.Now().UTC()
		for _, id := range ids {
			stmt.BindInt64(1, id)
			if events, err = r.appendFirst(events, stmt, now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, r.wrap("read events by id", err)
	}
	return events, nil
}

// Newest returns the event of the row with the highest id; ok is false if there are
// no rows.
func (r *Reader) Newest(ctx context.Context) (event translator.Event, ok bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var events []translator.Event
	_, err = r.db.View(ctx, func(conn *livedb.Conn, _ livedb.Attempt) error {
		stmt, err := conn.Prepare(selectLast)
		if err != nil {
			return err
		}
		events, err = r.appendFirst(events[:0], stmt, r.settings.Now().UTC())
		return err
	})
	if err != nil || len(events) == 0 {
		return translator.Event{}, false, r.wrap("read the newest event", err)
	}
	return events[0], true, nil
}

// appendFirst appends the event of the statement's first row, if there is one, and
// resets the statement.
func (r *Reader) appendFirst(events []translator.Event, stmt *livedb.Stmt, now time.Time) ([]translator.Event, error) {
	defer stmt.Reset()
	found, err := stmt.Step()
	if err != nil || !found {
		return events, err
	}
	return r.appendEvent(events, stmt, now), nil
}

// End returns the cursor after the current last row.
func (r *Reader) End(ctx context.Context) (Cursor, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var end Cursor
	_, err := r.db.View(ctx, func(conn *livedb.Conn, _ livedb.Attempt) (err error) {
		end, err = r.end(conn)
		return err
	})
	return end, r.wrap("find the last event", err)
}

func (r *Reader) end(conn *livedb.Conn) (Cursor, error) {
	highest, err := highestID(conn)
	if err != nil {
		return Cursor{}, err
	}
	end := Cursor{ID: highest, RegistryID: r.settings.RegistryID}
	end.UID, _, err = r.uidAt(conn, highest, r.settings.RegistryID)
	return end, err
}

// EndBefore returns the cursor after the last row before those, at the end of the
// table, whose timestamps are not before t: the end of the table as it was then. A
// row without a readable timestamp counts as later. It reads rows from the end.
func (r *Reader) EndBefore(ctx context.Context, t time.Time) (Cursor, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var end Cursor
	_, err := r.db.View(ctx, func(conn *livedb.Conn, _ livedb.Attempt) (err error) {
		end, err = r.endBefore(conn, t)
		return err
	})
	return end, r.wrap("find the last event before "+t.UTC().Format(time.RFC3339), err)
}

func (r *Reader) endBefore(conn *livedb.Conn, t time.Time) (Cursor, error) {
	stmt, err := conn.Prepare(selectTimestampsBackward)
	if err != nil {
		return Cursor{}, err
	}
	defer stmt.Reset()
	for first := true; ; first = false {
		found, err := stmt.Step()
		if err != nil {
			return Cursor{}, err
		}
		if !found && !first {
			return Cursor{RegistryID: r.settings.RegistryID}, nil // before the first row
		}
		timestamp, ok := time.Time{}, false
		if found {
			timestamp, ok = timestampOf(stmt, 1)
		}
		switch {
		case !found, first && ok && timestamp.Before(t):
			return r.end(conn)
		case ok && timestamp.Before(t):
			end := Cursor{ID: stmt.Column(0).Int64(), RegistryID: r.settings.RegistryID}
			end.UID, _, err = r.uidAt(conn, end.ID, end.RegistryID)
			return end, err
		}
	}
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
