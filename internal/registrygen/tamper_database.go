// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// otherContent is combined with a seed for other content.
const otherContent = 0x9e3779b97f4a7c15

func replaceDatabase(ctx context.Context, t *tampering) (Damage, error) {
	first, last, err := t.ids(ctx)
	if err != nil {
		return Damage{}, err
	}
	kept := min(t.middle(first, last), last-1)
	if t.options.At != nil {
		kept = *t.options.At
	}
	if kept >= last {
		return Damage{}, fmt.Errorf("there are no events after row %d to replace: pass a lower id, or none", kept)
	}
	d := Damage{
		Message:  fmt.Sprintf("restored the database from a copy that ends with row %d, and wrote %d other events", kept, last-kept),
		Findings: []string{translator.IntegrityLeafWithoutRow}, Status: translator.TlogStatusVerified,
		FindingsAfterPriorRead: []string{translator.IntegrityRowsRolledBack},
		FirstRow:               kept + 1, LastRow: last,
	}
	if d.FirstLeaf, d.LastLeaf, err = t.minMax(ctx, "tlog_index", "id > ?", kept); err != nil {
		return d, err
	}
	if err := t.restore(ctx, kept); err != nil {
		return d, fmt.Errorf("restore the database: %w", err)
	}
	return d, t.fillOther(context.WithoutCancel(ctx), last-kept)
}

// restore replaces the database by a copy of it without the events after kept.
func (t *tampering) restore(ctx context.Context, kept int64) error {
	path := t.settings.Database
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	restored := path + temporarySuffix
	if err := os.Remove(restored); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := t.copyUntil(ctx, restored, kept); err != nil {
		return errors.Join(err, os.Remove(restored))
	}
	if _, err := os.Stat(path + "-wal"); err == nil {
		return errors.Join(fmt.Errorf("another process has %s open: stop that process and try again", path), os.Remove(restored))
	}
	return errors.Join(os.Chmod(restored, info.Mode().Perm()), os.Rename(restored, path))
}

func (t *tampering) copyUntil(ctx context.Context, restored string, kept int64) error {
	err := t.database.use(func(db *sql.DB) error {
		_, err := db.ExecContext(ctx, "VACUUM INTO ?", restored)
		return err
	})
	if err != nil {
		return err
	}
	copied, err := openDatabase(restored, Python)
	if err != nil {
		return err
	}
	return copied.transact(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM events WHERE id > ?", kept); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "UPDATE sqlite_sequence SET seq = ? WHERE name = 'events'", kept)
		return err
	})
}

// fillOther writes n events of another seed.
func (t *tampering) fillOther(ctx context.Context, n int64) error {
	settings := t.settings
	settings.Seed ^= otherContent
	r, err := Open(ctx, settings)
	if err != nil {
		return err
	}
	return errors.Join(r.Fill(ctx, n), r.Close())
}
