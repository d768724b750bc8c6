// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package verification

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/readahead"
	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

const (
	// RowDelay is how long a row may be inserted after its leaf was written, in
	// which the registry waits for another writer of its database. It gives up
	// after five seconds.
	RowDelay = 10 * time.Second
	// rowPollInterval is the time between two reads while a row is awaited.
	rowPollInterval = 250 * time.Millisecond
)

// readRows reads and checks the rows that were inserted since the last call.
func (v *verification) readRows(ctx context.Context) error {
	rows := readahead.Start(ctx, v.nextRows)
	defer rows.Stop()
	for {
		events, err := rows.Next()
		if err != nil {
			return v.rowError(err)
		}
		if len(events) == 0 {
			return nil
		}
		if err := v.checkRows(ctx, events); err != nil {
			return err
		}
		rows.Release(events)
	}
}

func (v *verification) nextRows(ctx context.Context, into []translator.Event) ([]translator.Event, error) {
	batch, err := v.reader.Read(ctx, v.cursor, readahead.BatchSize, into)
	if err != nil {
		return nil, err
	}
	v.cursor = batch.Next
	for _, n := range batch.Notices {
		if n.Kind == registry.NoticeIDs {
			v.hasOddIDs = true // see readOddRows
		} else {
			v.addNotice(n)
		}
	}
	return batch.Events, nil
}

// addNotice keeps the first notice of each kind.
func (v *verification) addNotice(n registry.Notice) {
	known := slices.ContainsFunc(v.summary.Notices, func(known Notice) bool { return known.Kind == string(n.Kind) })
	if !known {
		v.summary.Notices = append(v.summary.Notices, Notice{string(n.Kind), n.Text})
	}
}

func (v *verification) rowError(err error) error {
	if errors.As(err, new(*registry.ReplacedError)) {
		return fmt.Errorf("--db %s: the database was replaced while it was read: run the command again: %w", v.settings.Database.Path, err)
	}
	return v.settings.Database.ReadError(err)
}

func (v *verification) checkRows(ctx context.Context, events []translator.Event) error {
	if v.firstID == 0 {
		v.firstID = events[0].ID
		v.startBar(ctx)
	}
	if err := v.checkBatch(ctx, events); err != nil {
		return err
	}
	v.lastID = events[len(events)-1].ID
	v.bar.Set(v.lastID - v.firstID + 1)
	return v.commit()
}

// checkBatch compares rows with the log and counts them.
func (v *verification) checkBatch(ctx context.Context, events []translator.Event) error {
	v.reconciler.Check(ctx, events)
	if err := v.logError(ctx); err != nil {
		return err
	}
	for i := range events {
		if err := v.countRow(&events[i]); err != nil {
			return err
		}
	}
	return nil
}

// startBar shows the bar. The ids may have gaps: the number of rows is an
// estimate.
func (v *verification) startBar(ctx context.Context) {
	lag, err := v.reader.Lag(ctx, v.firstID-1)
	if err != nil {
		return // the next read returns the error
	}
	v.bar.Start(lag.Rows)
}

func (v *verification) countRow(e *translator.Event) error {
	s := &v.summary
	s.Rows++
	switch e.TlogStatus {
	case translator.TlogStatusVerified:
		s.Verified++
		v.oldestVerified = min(v.oldestVerified, e.TlogIndex)
	case translator.TlogStatusMismatch:
		s.Mismatch++
	case translator.TlogStatusMissing:
		s.Missing++
	case translator.TlogStatusDuplicate:
		s.Duplicate++
	default:
		if _, active := v.reconciler.Reverification(); active { // the file was replaced
			return v.settings.Log.ReadError(fmt.Errorf("leaf %d of row %d could not be read: run the command again", e.TlogIndex, e.ID))
		}
		s.Unavailable++ // its leaf is corrupt, which is a finding
	}
	return nil
}

// awaitRows waits for the rows of leaves that have none, if the log was written
// to a moment ago.
func (v *verification) awaitRows(ctx context.Context, expected int64) error {
	info, err := os.Stat(v.settings.Leaves)
	if err != nil {
		return v.settings.Log.ReadError(err)
	}
	// A clock of another machine that is ahead does not make this longer.
	wait := min(time.Until(info.ModTime().Add(RowDelay)), RowDelay)
	deadline := time.Now().Add(wait)
	for noticed := false; time.Now().Before(deadline); {
		unclaimed, err := v.hasUnclaimed(ctx, expected)
		if err != nil || !unclaimed {
			return err
		}
		if !noticed {
			v.bar.Notice(fmt.Sprintf("a recent leaf of the log has no row yet: waiting up to %s for the row", wait.Round(time.Second)))
			noticed = true
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(rowPollInterval):
		}
		if err := v.readRows(ctx); err != nil {
			return err
		}
	}
	return nil
}

// hasUnclaimed reports whether one of the first expected leaves has no row and
// would be a finding.
func (v *verification) hasUnclaimed(ctx context.Context, expected int64) (bool, error) {
	first := int64(0)
	if v.mayBePruned() {
		first = v.oldestVerified
	}
	return v.reconciler.HasUnclaimed(ctx, first, expected)
}
