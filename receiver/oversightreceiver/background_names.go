// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"fmt"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/recheck"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

const (
	// maxNamed bounds the findings about single rows of a block.
	maxNamed = 100
	// namingTime bounds how long events wait for that.
	namingTime = 250 * time.Millisecond
)

// nameChanged names rows of a block in which several have changed: those that differ from
// their leaves in the transparency log. It returns how many there are. A row that was
// deleted, or whose changed column is not in the leaf, is not named, and none without a
// log.
func (p *poller) nameChanged(ctx context.Context, change *recheck.Change) (named int) {
	if !p.config.TransparencyLog.HasValue() {
		return 0
	}
	within, cancel := context.WithTimeout(ctx, namingTime)
	defer cancel()
	var rows []event
	for after, more := change.First-1, true; more; more = more && len(rows) > 0 {
		var err error
		if rows, more, err = p.source.After(within, after, maxRecheckRows, rows); err != nil {
			return named
		}
		for i := range rows {
			e := &rows[i]
			if after = e.ID; after > change.Last || named == maxNamed {
				return named
			}
			if p.reconciliation.status(within, e); e.TlogStatus == translator.TlogStatusMismatch {
				p.addRecord(ctx, p.mismatchOf(e))
				named++
			}
		}
	}
	return named
}

// mismatchOf is the finding of a row that differs from its leaf now. Whether it did when it
// was delivered is not known; there is a finding from then if so.
func (p *poller) mismatchOf(e *event) finding {
	f := p.newRecord(translator.IntegrityRowMismatch)
	f.EventID, f.RowUID = e.ID, e.UID
	f.TlogIndex, f.HasTlogIndex = e.TlogIndex, e.HasTlogIndex
	f.TlogStatus, f.TlogMismatch = e.TlogStatus, e.TlogMismatch
	f.Message = fmt.Sprintf("Row %d differs from its leaf %d in the transparency log, in %s: one of the two was changed.", e.ID, e.TlogIndex, e.TlogMismatch)
	f.SetUID()
	return f
}
