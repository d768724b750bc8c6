// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package verification

import (
	"context"
	"fmt"
	"math"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/readahead"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// readOddRows reads and checks the rows with ids of 0 and below, which a cursor does not
// reach, after all others: of two rows that claim a leaf, the odd one is the duplicate.
func (v *verification) readOddRows(ctx context.Context) error {
	if !v.hasOddIDs {
		return nil
	}
	lastID := v.lastID
	var events []translator.Event
	for first, done := int64(math.MinInt64), false; !done; {
		var err error
		if events, err = v.reader.UpToZero(ctx, first, readahead.BatchSize, events); err != nil {
			return v.rowError(err)
		}
		if len(events) == 0 {
			break
		}
		if err := v.checkOddRows(ctx, events); err != nil {
			return err
		}
		last := events[len(events)-1].ID
		first, done = last+1, last == 0
	}
	v.lastID = lastID
	return v.readWithoutInteger(ctx)
}

func (v *verification) checkOddRows(ctx context.Context, events []translator.Event) error {
	oldest := v.oldestVerified
	if err := v.checkBatch(ctx, events); err != nil {
		return err
	}
	v.oldestVerified = oldest // no row is old because of an id that somebody chose
	for i := range events {
		if err := v.addOddRow(&events[i]); err != nil {
			return err
		}
	}
	return v.commit()
}

// addOddRow adds the finding that the row has an id that no registry hands out.
func (v *verification) addOddRow(e *translator.Event) error {
	v.summary.IDsUpToZero++
	f := translator.Integrity{
		RegistryID: v.settings.Database.RegistryID, Kind: translator.IntegrityRowInserted,
		EventID: e.ID, RowUID: e.UID, TlogIndex: e.TlogIndex, HasTlogIndex: e.HasTlogIndex, TlogStatus: e.TlogStatus,
		Message: fmt.Sprintf("Row %d has an id that no registry hands out, since ids begin at 1: the row was inserted, or its id was changed. The collector does not deliver it, and the registry includes it in evidence bundles.", e.ID),
	}
	f.SetUID()
	return v.addFinding(&f)
}

// readWithoutInteger adds the notice of rows whose id is no integer.
func (v *verification) readWithoutInteger(ctx context.Context) error {
	notice, ok, err := v.reader.WithoutInteger(ctx)
	if ok {
		v.addNotice(notice)
	}
	if err != nil {
		return v.rowError(err)
	}
	return nil
}
