// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"

	"github.com/oversight-protocol/oversight-otelcol/internal/livedb"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// After returns the events of the rows with ids above after, at most maxRows, in the
// order of their ids and appended to into[:0]; more reports whether there may be
// others. It is [Reader.Read] for rows that have been read before: nothing is compared
// with a cursor, and the next Read is not affected.
func (r *Reader) After(ctx context.Context, after int64, maxRows int, into []translator.Event) (events []translator.Event, more bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, err = r.db.View(ctx, func(conn *livedb.Conn, attempt livedb.Attempt) error {
		l, err := r.layout(conn)
		if err != nil {
			return err
		}
		p, err := r.rows(conn, &l.delivery, after, batchSize(maxRows, attempt), selection{}, into[:0])
		events, more = p.events, p.more
		return err
	})
	if err != nil {
		return nil, false, r.wrap("read events again", err)
	}
	return events, more, nil
}
