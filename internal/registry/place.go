// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"cmp"
	"context"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/livedb"
)

// scanBatch is how many places are read at once: the work of a millisecond, so
// that a registry that writes now and then does not come in between.
const scanBatch = 4096

const (
	selectPlaces = "SELECT id, timestamp FROM events WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3"
	selectPlace  = "SELECT id, timestamp FROM events WHERE id = ?1"
)

// place is where a row stands in the order of timestamps and ids.
type place struct{ seconds, id int64 }

func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(p.seconds, q.seconds), cmp.Compare(p.id, q.id))
}

// placeIn reads the row. What is no integer has no place in time, like 0.
func placeIn(stmt *livedb.Stmt) place {
	p := place{id: stmt.ColumnInt64(0)}
	if timestamp := stmt.Column(1); timestamp.Type() == livedb.TypeInteger {
		p.seconds = timestamp.Int64()
	}
	return p
}

// has reports whether the row at that place is to be read, as far as its
// timestamp goes.
func (l *Range) has(p place) bool {
	t, ok := toTime(p.seconds)
	if !ok {
		t = time.Time{}
	}
	return l.hasTime(t)
}

// scan calls visit for the places that are to be read of the rows with ids
// above after, up to last, in the order of ids.
func (o *Ordered) scan(ctx context.Context, after, last int64, visit func(place)) error {
	return o.scanWith(ctx, o.reader, after, last, visit)
}

func (o *Ordered) scanWith(ctx context.Context, r *Reader, after, last int64, visit func(place)) error {
	for buffer := make([]place, 0, scanBatch); ; {
		more := false
		err := o.viewWith(ctx, r, func(conn *livedb.Conn, attempt livedb.Attempt) (err error) {
			n := batchSize(scanBatch, attempt)
			buffer, err = places(conn, after, last, n, buffer[:0])
			more = len(buffer) == n
			return err
		})
		if err != nil {
			return err
		}
		for _, p := range buffer {
			if o.limits.has(p) {
				visit(p)
			}
		}
		if !more {
			return nil
		}
		after = buffer[len(buffer)-1].id
	}
}

func places(conn *livedb.Conn, after, last int64, n int, into []place) ([]place, error) {
	stmt, err := conn.Prepare(selectPlaces)
	if err != nil {
		return nil, err
	}
	defer stmt.Reset()
	stmt.BindInt64(1, after)
	stmt.BindInt64(2, last)
	stmt.BindInt64(3, int64(n))
	for {
		found, err := stmt.Step()
		if err != nil || !found {
			return into, err
		}
		into = append(into, placeIn(stmt))
	}
}

// placeOf finds one row.
func (o *Ordered) placeOf(ctx context.Context, id int64) (p place, found bool, err error) {
	err = o.view(ctx, func(conn *livedb.Conn, _ livedb.Attempt) error {
		stmt, err := conn.Prepare(selectPlace)
		if err != nil {
			return err
		}
		defer stmt.Reset()
		stmt.BindInt64(1, id)
		if found, err = stmt.Step(); found {
			p = placeIn(stmt)
		}
		return err
	})
	return p, found, err
}
