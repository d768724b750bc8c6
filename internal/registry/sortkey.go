// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"cmp"
	"context"
	"slices"

	"github.com/oversight-protocol/oversight-otelcol/internal/livedb"
)

// scanBatch is how many sort keys are read at once: the work of a millisecond, so
// that a registry that writes now and then seldom interferes.
const scanBatch = 4096

// sortKey is what rows are ordered by: the timestamp, see [timeKey], and the key of
// their queries, which is the id in a registry's own table.
type sortKey struct{ seconds, id int64 }

func (k sortKey) compare(other sortKey) int {
	return cmp.Or(cmp.Compare(k.seconds, other.seconds), cmp.Compare(k.id, other.id))
}

// sortKeyIn reads the row.
func sortKeyIn(stmt *livedb.Stmt) sortKey {
	key, timestamp := stmt.Column(0).Int64(), stmt.Column(1)
	if timestamp.Type() == livedb.TypeInteger { // nearly always
		return sortKey{min(max(timestamp.Int64(), noTime+1), unknownTime-1), key}
	}
	return sortKey{timeKey(secondsIn(timestamp)), key}
}

// scan calls visit for the keys of the rows to be read with ids above after, up
// to last, in the order of ids.
func (o *Ordered) scan(ctx context.Context, reader *Reader, after, last int64, visit func(sortKey)) error {
	for keys := make([]sortKey, 0, scanBatch); ; {
		more := false
		err := o.view(ctx, reader, func(conn *livedb.Conn, q *queries, attempt livedb.Attempt) (err error) {
			n := batchSize(scanBatch, attempt)
			keys, err = o.sortKeys(conn, q, after, last, n, keys[:0])
			more = len(keys) == n
			return err
		})
		if err != nil {
			return err
		}
		for _, key := range keys {
			if o.limits.includes(key.seconds) {
				visit(key)
			}
		}
		if !more {
			return nil
		}
		after = keys[len(keys)-1].id
	}
}

func (o *Ordered) sortKeys(conn *livedb.Conn, q *queries, after, last int64, n int, into []sortKey) ([]sortKey, error) {
	keys, err := o.runSortKeys(conn, q, q.timestamps, after, last, n, into)
	if livedb.IsTooBig(err) {
		return o.runSortKeys(conn, q, q.safeTimestamps, after, last, n, into)
	}
	return keys, err
}

func (o *Ordered) runSortKeys(conn *livedb.Conn, q *queries, query string, after, last int64, n int, into []sortKey) ([]sortKey, error) {
	stmt, err := conn.Prepare(query)
	if err != nil {
		return nil, err
	}
	defer stmt.Reset()
	stmt.BindInt64(1, after)
	stmt.BindInt64(2, last)
	stmt.BindInt64(3, int64(n))
	if q.keyColumn > 0 {
		stmt.BindInt64(4, o.lowestID())
	}
	for {
		found, err := stmt.Step()
		if err != nil || !found {
			return into, err
		}
		into = append(into, sortKeyIn(stmt))
	}
}

// sortedKeys returns the keys of the rows to be read of an id range, sorted.
func (o *Ordered) sortedKeys(ctx context.Context, reader *Reader, r idRange) ([]sortKey, error) {
	keys := make([]sortKey, 0, r.rows)
	err := o.scan(ctx, reader, r.first-1, r.last, func(key sortKey) { keys = append(keys, key) })
	slices.SortFunc(keys, sortKey.compare)
	return keys, err
}
