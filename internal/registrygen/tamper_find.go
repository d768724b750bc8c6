// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// eventRow is the part of a row that damage needs.
type eventRow struct {
	id    int64
	index sql.NullInt64
	value string // of the selected column
}

// hasLeaf reports whether the row claims a leaf.
func (r eventRow) hasLeaf() bool { return r.index.Valid && r.index.Int64 >= 0 }

// pickRow returns the row with the id in the options, or else the first suitable one
// from the middle on. need says for errors what suitable rows have.
func (t *tampering) pickRow(ctx context.Context, column, need string, suitable func(eventRow) bool) (row eventRow, err error) {
	if at := t.options.At; at != nil {
		err = t.findRow(ctx, column, "id = ?", *at, suitable, &row)
		if err == nil && row.id == 0 {
			err = fmt.Errorf("there is no row %d that has %s: pass another id, or none", *at, need)
		}
		return row, err
	}
	first, last, err := t.ids(ctx)
	if err != nil {
		return row, err
	}
	start := t.middle(first, last)
	for _, condition := range []string{"id >= ?", "id < ?"} {
		if err := t.findRow(ctx, column, condition, start, suitable, &row); err != nil || row.id != 0 {
			return row, err
		}
	}
	return row, fmt.Errorf("no row has %s: write more events first", need)
}

// findRow sets found to the first suitable row that meets a condition, if there is one.
func (t *tampering) findRow(ctx context.Context, column, condition string, argument int64, suitable func(eventRow) bool, found *eventRow) error {
	return t.database.use(func(db *sql.DB) (err error) {
		rows, err := db.QueryContext(ctx,
			"SELECT id, tlog_index, coalesce(CAST("+column+" AS TEXT), '') FROM events WHERE "+condition+" ORDER BY id", argument) //nolint:gosec // column and condition are constants of this package
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for rows.Next() {
			var row eventRow
			if err := rows.Scan(&row.id, &row.index, &row.value); err != nil {
				return err
			}
			if suitable(row) {
				*found = row
				return nil
			}
		}
		return rows.Err()
	})
}

// rowOf returns the first row that claims a leaf; its id is 0 if none does.
func (t *tampering) rowOf(ctx context.Context, column string, leaf int64) (row eventRow, err error) {
	err = t.findRow(ctx, column, "tlog_index = ?", leaf, func(eventRow) bool { return true }, &row)
	return row, err
}

// ids returns the lowest and the highest id.
func (t *tampering) ids(ctx context.Context) (first, last int64, err error) {
	first, last, err = t.minMax(ctx, "id", "true")
	if err == nil && last == 0 {
		err = errors.New("the database holds no events: write some first")
	}
	return first, last, err
}

// minMax returns the lowest and the highest value of a column in the rows that meet a
// condition; 0 if there are none.
func (t *tampering) minMax(ctx context.Context, column, condition string, arguments ...any) (first, last int64, err error) {
	err = t.database.use(func(db *sql.DB) error {
		query := fmt.Sprintf("SELECT coalesce(min(%[1]s), 0), coalesce(max(%[1]s), 0) FROM events WHERE %s", column, condition)
		return db.QueryRowContext(ctx, query, arguments...).Scan(&first, &last)
	})
	return first, last, err
}

// execute runs a statement in a transaction of its own.
func (t *tampering) execute(ctx context.Context, statement string, arguments ...any) (result sql.Result, err error) {
	err = t.database.transact(ctx, func(tx *sql.Tx) error {
		result, err = tx.ExecContext(ctx, statement, arguments...)
		return err
	})
	return result, err
}
