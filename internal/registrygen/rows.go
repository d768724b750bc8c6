// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// insert inserts the events' rows in one transaction and returns their ids.
func insert(ctx context.Context, to *database, events []event) (ids []int64, err error) {
	err = to.transact(ctx, func(tx *sql.Tx) error {
		statement, err := tx.PrepareContext(ctx, insertEvent)
		if err != nil {
			return fmt.Errorf("insert into events: %w", err)
		}
		defer statement.Close()
		ids = make([]int64, 0, len(events))
		for i := range events {
			result, err := statement.ExecContext(ctx, events[i].row()...)
			if err != nil {
				return fmt.Errorf("insert into events: %w", err)
			}
			id, err := result.LastInsertId()
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	})
	return ids, err
}

// insert inserts the rows of a registered document.
func (r *registration) insert(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, insertManifest,
		r.fileID, r.recipientID, r.issuerID, r.issuerKey, r.manifest(), r.registeredAt)
	if err != nil {
		return err
	}
	for _, b := range r.beacons {
		_, err := tx.ExecContext(ctx, insertBeacon,
			b.token, r.fileID, r.recipientID, r.issuerID, b.kind, r.registeredAt)
		if err != nil {
			return err
		}
	}
	_, err = tx.ExecContext(ctx, insertWatermark,
		r.mark, "L1_zero_width", r.fileID, r.recipientID, r.issuerID, r.registeredAt)
	return err
}

// loadBeacons returns the beacons in the order of their registration.
func loadBeacons(ctx context.Context, db *sql.DB) (beacons []beacon, err error) {
	rows, err := db.QueryContext(ctx, selectBeacons)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		b := beacon{document: &document{}}
		d := b.document
		if err := rows.Scan(&b.token, &b.kind, &d.fileID, &d.recipientID, &d.issuerID); err != nil {
			return nil, err
		}
		beacons = append(beacons, b)
	}
	return beacons, rows.Err()
}
