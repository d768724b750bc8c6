// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"math"

	"github.com/oversight-protocol/oversight-otelcol/internal/livedb"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// UpToZero returns the events of the rows with ids from first up to 0, at most maxRows,
// in the order of their ids and appended to into[:0]; none are left if it returns none.
// No registry hands out such ids, and [Reader.Read] does not return the rows.
func (r *Reader) UpToZero(ctx context.Context, first int64, maxRows int, into []translator.Event) ([]translator.Event, error) {
	if first == math.MinInt64 { // After cannot reach it
		events, err := r.ByID(ctx, []int64{first}, into)
		if err != nil || len(events) > 0 {
			return events, err
		}
		first++
	}
	events, _, err := r.After(ctx, first-1, maxRows, into)
	for n := len(events); n > 0 && events[n-1].ID > 0; n-- {
		events = events[:n-1]
	}
	return events, err
}

// WithoutInteger returns the notice of a row whose id is no integer, which no method
// reads in the order of ids; ok is false if there is none.
func (r *Reader) WithoutInteger(ctx context.Context) (notice Notice, ok bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, err = r.db.View(ctx, func(conn *livedb.Conn, _ livedb.Attempt) error {
		ok = false
		l, err := r.layout(conn)
		if err != nil || l.hasKey {
			return err
		}
		return eachRow(conn, l.delivery.withoutInteger, func(stmt *livedb.Stmt) {
			position, id := stmt.Column(0).Int64(), string(stmt.Column(1).Text())
			notice, ok = r.addNotice(nil, NoticeIDs, "the row at position %d has the id %s, which is not an integer: this row and others like it are not read in the order of ids; oversight-siem export exports them", position, id)[0], true
		})
	})
	return notice, ok, r.wrap("read ids", err)
}
