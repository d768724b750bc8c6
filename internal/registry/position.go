// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/livedb"
)

// End returns the cursor after the current last row.
func (r *Reader) End(ctx context.Context) (Cursor, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var end Cursor
	_, err := r.db.View(ctx, func(conn *livedb.Conn, _ livedb.Attempt) error {
		l, err := r.layout(conn)
		if err == nil {
			end, err = r.end(conn, &l.delivery)
		}
		return err
	})
	return end, r.wrap("find the last event", err)
}

// end is the cursor after the last row, by the key of the queries.
func (r *Reader) end(conn *livedb.Conn, q *queries) (Cursor, error) {
	highest, err := highestKey(conn, q)
	if err != nil {
		return Cursor{}, err
	}
	return r.cursorAt(conn, q, highest)
}

// cursorAt is the cursor after the row with that key, whether or not there is one.
func (r *Reader) cursorAt(conn *livedb.Conn, q *queries, key int64) (Cursor, error) {
	uid, _, err := r.uidAt(conn, q, key, r.settings.RegistryID)
	return Cursor{ID: key, UID: uid, RegistryID: r.settings.RegistryID}, err
}

// EndBefore returns the cursor after the last row before those, at the end of the
// table, whose timestamps are not before t: the end of the table as it was then. A
// row without a readable timestamp counts as later. It reads rows from the end.
func (r *Reader) EndBefore(ctx context.Context, t time.Time) (Cursor, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var end Cursor
	_, err := r.db.View(ctx, func(conn *livedb.Conn, _ livedb.Attempt) error {
		l, err := r.layout(conn)
		if err == nil {
			end, err = r.endBefore(conn, &l.delivery, t)
		}
		return err
	})
	return end, r.wrap("find the last event before "+t.UTC().Format(time.RFC3339), err)
}

func (r *Reader) endBefore(conn *livedb.Conn, q *queries, t time.Time) (Cursor, error) {
	stmt, err := conn.Prepare(q.backwards)
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
		isBefore := false
		if found {
			timestamp, ok := timestampOf(stmt, 1)
			isBefore = ok && timestamp.Before(t)
		}
		switch {
		case first && (isBefore || !found):
			return r.end(conn, q)
		case isBefore:
			return r.cursorAt(conn, q, stmt.Column(0).Int64())
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
		l, err := r.layout(conn)
		if err != nil {
			return err
		}
		stmt, err := conn.Prepare(l.delivery.lag)
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
