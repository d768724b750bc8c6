// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"cmp"
	"context"
	"slices"

	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
)

// doneAhead is the rows behind the cursor that were delivered, because a row in
// front of them was refused. The zero value has none.
type doneAhead struct {
	rows  map[int64]checkpoint.Row
	dirty bool
}

// load reads what was saved.
func (d *doneAhead) load(ctx context.Context, get getter) error {
	*d = doneAhead{}
	data, err := get(ctx, checkpoint.DoneAheadKey)
	if err != nil || data == nil {
		return err
	}
	rows, err := checkpoint.DecodeRows(data)
	if err != nil {
		return err
	}
	d.rows = make(map[int64]checkpoint.Row, len(rows))
	for _, row := range rows {
		d.rows[row.ID] = row
	}
	return nil
}

// add remembers a row, if there is room: one that is not remembered is delivered twice.
func (d *doneAhead) add(e *event) {
	row, ok := checkpoint.NewRow(e.ID, e.UID)
	if !ok || row.ID < 1 || d.room() < 1 {
		return
	}
	if d.rows == nil {
		d.rows = map[int64]checkpoint.Row{}
	}
	d.rows[row.ID], d.dirty = row, true
}

// room is how many more rows there is room for.
func (d *doneAhead) room() int { return checkpoint.MaxDoneAhead - len(d.rows) }

// has reports whether the row was delivered. A row that was assigned the id of
// another one is a new row: ok is false then, and the other one is forgotten.
func (d *doneAhead) has(e *event) (delivered, ok bool) {
	known, found := d.rows[e.ID]
	if !found {
		return false, true
	}
	if row, valid := checkpoint.NewRow(e.ID, e.UID); valid && row == known {
		return true, true
	}
	delete(d.rows, e.ID)
	d.dirty = true
	return false, false
}

// rename replaces the uid of a row.
func (d *doneAhead) rename(id int64, old, uid string) {
	before, _ := checkpoint.NewRow(id, old)
	after, valid := checkpoint.NewRow(id, uid)
	if known, found := d.rows[id]; found && valid && known == before {
		d.rows[id], d.dirty = after, true
	}
}

// pass forgets the rows that the cursor has passed.
func (d *doneAhead) pass(cursor int64) {
	for id := range d.rows {
		if id <= cursor {
			delete(d.rows, id)
			d.dirty = true
		}
	}
}

// reset forgets all rows.
func (d *doneAhead) reset() { d.rows, d.dirty = nil, true }

func (d *doneAhead) changes() ([]*storage.Operation, error) {
	switch {
	case !d.dirty:
		return nil, nil
	case len(d.rows) == 0:
		return []*storage.Operation{storage.DeleteOperation(checkpoint.DoneAheadKey)}, nil
	}
	rows := make([]checkpoint.Row, 0, len(d.rows))
	for _, row := range d.rows {
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b checkpoint.Row) int { return cmp.Compare(a.ID, b.ID) })
	data, err := checkpoint.EncodeRows(rows)
	return []*storage.Operation{storage.SetOperation(checkpoint.DoneAheadKey, data)}, err
}

func (d *doneAhead) markSaved() { d.dirty = false }
