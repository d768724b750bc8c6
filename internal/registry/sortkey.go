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

const selectSortKeys = "SELECT id, timestamp FROM events WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3"

// sortKey is what rows are ordered by.
type sortKey struct{ seconds, id int64 }

func (k sortKey) compare(other sortKey) int {
	return cmp.Or(cmp.Compare(k.seconds, other.seconds), cmp.Compare(k.id, other.id))
}

// sortKeyIn reads the row. A timestamp that is not an integer sorts like 0.
func sortKeyIn(stmt *livedb.Stmt) sortKey {
	key := sortKey{id: stmt.Column(0).Int64()}
	if timestamp := stmt.Column(1); timestamp.Type() == livedb.TypeInteger {
		key.seconds = timestamp.Int64()
	}
	return key
}

// scan calls visit for the keys of the rows to be read with ids above after, up
// to last, in the order of ids.
func (o *Ordered) scan(ctx context.Context, reader *Reader, after, last int64, visit func(sortKey)) error {
	for keys := make([]sortKey, 0, scanBatch); ; {
		more := false
		err := o.view(ctx, reader, func(conn *livedb.Conn, attempt livedb.Attempt) (err error) {
			n := batchSize(scanBatch, attempt)
			keys, err = sortKeys(conn, after, last, n, keys[:0])
			more = len(keys) == n
			return err
		})
		if err != nil {
			return err
		}
		for _, key := range keys {
			if o.limits.includesKey(key) {
				visit(key)
			}
		}
		if !more {
			return nil
		}
		after = keys[len(keys)-1].id
	}
}

func sortKeys(conn *livedb.Conn, after, last int64, n int, into []sortKey) ([]sortKey, error) {
	stmt, err := conn.Prepare(selectSortKeys)
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
