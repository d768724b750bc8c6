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
	checked Cursor         // that the database had the row of at that Read
	next    Cursor         // after what that Read returned: its row is one of those
	decoder *decoder
	long    longRows

	currentLayout *layout
	layoutConn    *livedb.Conn // that it was read with
	layoutVersion int64        // of the schema

	registrationsLayout *layout // that the next two are of
	registrations       bool    // the tables of [Registrations] can be read
	eventsOfToken       bool    // rows are found by their token
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

// maxBatchMemory bounds the values of a batch, in bytes: events hold them whole
// until they are checked and cut. One row more is decoded.
const maxBatchMemory = 4 << 20

// batchLimit counts what a batch holds.
type batchLimit struct {
	rows, decoded int
}

// admit reports whether a row that took so many bytes in the database belongs to the
// batch, and counts it if so. The first one always does.
func (l *batchLimit) admit(decoded int) bool {
	if l.rows > 0 && l.decoded+decoded > maxBatchMemory {
		return false
	}
	l.rows++
	l.decoded += decoded
	return true
}

// Batch is consecutive rows.
type Batch struct {
	// Events are the rows in the order of their ids, which are positive.
	Events []translator.Event
	// Next is the cursor after them.
	Next Cursor
	// More reports whether there may be more rows now.
	More bool
	// Notices are what an operator should be told about the database.
	Notices []Notice
}

// Read returns the rows after the cursor, at most maxRows, appended to
// into[:0]. It returns fewer, with More set, if the database is written to all the
// time, or if their values take more than 4 MiB. It returns a *[ReplacedError] if
// the database is not the cursor's.
//
// In a table where id is no INTEGER PRIMARY KEY, an id counts if it is a positive
// integer, of whatever type, and each call reads the ids of all rows. Rows with other
// ids are not returned, and Notices says so.
func (r *Reader) Read(ctx context.Context, cursor Cursor, maxRows int, into []translator.Event) (Batch, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var batch Batch
	read := func(check bool) (livedb.Version, error) {
		return r.db.View(ctx, func(conn *livedb.Conn, attempt livedb.Attempt) (err error) {
			batch, err = r.readBatch(conn, cursor, batchSize(maxRows, attempt), check, into[:0])
			return err
		})
	}
	// The row of the cursor may be long, and need not be read again from the same state.
	known := (cursor == r.checked || cursor == r.next) && !r.mayHaveChanged()
	version, err := read(!known)
	if err == nil && known && version != r.version {
		version, err = read(true)
	}
	r.version, r.checked, r.next = version, cursor, batch.Next
	if err != nil {
		r.checked, r.next = Cursor{}, Cursor{}
		return Batch{}, r.wrap("read events", err)
	}
	return batch, nil
}

func (r *Reader) mayHaveChanged() bool {
	changed, err := r.db.Changed(r.version)
	return changed || err != nil
}

func (r *Reader) readBatch(conn *livedb.Conn, cursor Cursor, maxRows int, check bool, into []translator.Event) (Batch, error) {
	l := r.currentLayout
	if check || r.layoutConn != conn {
		var err error
		if l, err = r.layout(conn); err != nil {
			return Batch{}, err
		}
	}
	if check {
		if err := r.check(conn, &l.delivery, cursor); err != nil {
			return Batch{}, err
		}
	}
	p, err := r.rows(conn, &l.delivery, cursor.ID, maxRows, selection{}, into)
	if err != nil {
		return Batch{}, err
	}
	notices, err := r.notices(conn, l, &p)
	if err != nil {
		return Batch{}, err
	}
	batch := Batch{Events: p.events, Next: cursor, More: p.more, Notices: notices}
	if n := len(batch.Events); n > 0 {
		batch.Next = cursorAfter(&batch.Events[n-1])
		if batch.Next.ID <= cursor.ID {
			return Batch{}, fmt.Errorf("row %d was read after row %d: ids are not in order", batch.Next.ID, cursor.ID)
		}
	}
	return batch, nil
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
	_, err := r.db.View(ctx, func(conn *livedb.Conn, _ livedb.Attempt) (err error) {
		events, err = r.byID(conn, ids, into[:0])
		return err
	})
	if err != nil {
		return nil, r.wrap("read events by id", err)
	}
	return events, nil
}

func (r *Reader) byID(conn *livedb.Conn, ids []int64, events []translator.Event) ([]translator.Event, error) {
	l, err := r.layout(conn)
	if err != nil {
		return nil, err
	}
	now := r.settings.Now().UTC()
	for _, id := range ids {
		if events, err = r.appendRow(conn, &l.delivery, id, events, now); err != nil {
			return nil, err
		}
	}
	return events, nil
}

// UIDs returns the log.record.uids of the rows with these ids, made with that registry
// id; "" for one that is not there.
func (r *Reader) UIDs(ctx context.Context, ids []int64, registryID string) ([]string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	uids := make([]string, len(ids))
	_, err := r.db.View(ctx, func(conn *livedb.Conn, _ livedb.Attempt) error {
		l, err := r.layout(conn)
		if err != nil {
			return err
		}
		for i, id := range ids {
			if uids[i], _, err = r.uidAt(conn, &l.delivery, id, registryID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, r.wrap("read the uids of events", err)
	}
	return uids, nil
}

// Newest returns the event of the row with the highest id; ok is false if there are
// no rows.
func (r *Reader) Newest(ctx context.Context) (event translator.Event, ok bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var events []translator.Event
	_, err = r.db.View(ctx, func(conn *livedb.Conn, _ livedb.Attempt) error {
		l, err := r.layout(conn)
		if err != nil {
			return err
		}
		highest, err := queryInt(conn, l.delivery.highest)
		if err != nil {
			return err
		}
		events, err = r.byID(conn, []int64{highest}, events[:0])
		return err
	})
	if err != nil || len(events) == 0 {
		return translator.Event{}, false, r.wrap("read the newest event", err)
	}
	return events[0], true, nil
}

// wrap names the file in errors of SQLite, which does not know its path.
func (r *Reader) wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s in database %s: %w", what, r.settings.Path, err)
}
