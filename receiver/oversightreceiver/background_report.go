// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/recheck"
	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// changeKinds are the findings of changes.
var changeKinds = map[recheck.Kind]string{
	recheck.Edited:   translator.IntegrityRowEdited,
	recheck.Deleted:  translator.IntegrityRowDeleted,
	recheck.Inserted: translator.IntegrityRowInserted,
	recheck.Several:  translator.IntegrityRowsChanged,
	recheck.Pruned:   translator.IntegrityRowsPruned,
}

// reportChange makes a finding, or a record, of what has become of rows.
func (p *poller) reportChange(ctx context.Context, change *recheck.Change) {
	f := p.newRecord(changeKinds[change.Kind])
	f.EventID = change.First
	if change.Last > change.First {
		f.LastEventID = change.Last
	}
	switch change.Kind {
	case recheck.Edited, recheck.Inserted:
		p.describeRow(ctx, &f)
	case recheck.Deleted:
		f.Message = fmt.Sprintf("Row %d was deleted after it had been delivered.", f.EventID)
	case recheck.Several:
		f.Message = fmt.Sprintf("Several of the rows %d to %d were changed, deleted or inserted after they had been delivered; which ones cannot be told.", change.First, change.Last)
		if named := p.nameChanged(ctx, change); named > 0 {
			f.Message = fmt.Sprintf("Several of the rows %d to %d were changed, deleted or inserted after they had been delivered. %d of them differ from their leaves in the transparency log, which are findings of their own; which others have changed cannot be told.", change.First, change.Last, named)
		}
	case recheck.Pruned:
		f.Count = change.Rows
		f.Message = prunedMessage(change)
	}
	f.SetUID()
	p.logChange(&f)
	p.addRecord(ctx, f)
}

func prunedMessage(change *recheck.Change) string {
	message := fmt.Sprintf("All rows up to %d are gone, %d of them since they were delivered, as when old rows are pruned: that they were as delivered until then cannot be checked any more.", change.Last, change.Rows)
	if change.Block {
		message += fmt.Sprintf(" The rows behind them, up to %d, count as they are now.", change.Last/4096*4096+4095)
	}
	return message
}

func (p *poller) logChange(f *finding) {
	fields := []zap.Field{zap.String("kind", f.Kind), zap.Int64("id", f.EventID), zap.Int64("last_id", max(f.EventID, f.LastEventID)), zap.String("finding", f.Message)}
	if f.Kind == translator.IntegrityRowsPruned {
		p.logger.Info("Delivered rows were pruned", fields...)
		return
	}
	p.logger.Warn("Delivered rows were changed", fields...)
}

// describeRow says what is known of a row that was edited or inserted. With a
// transparency log, the leaf still says what was delivered.
func (p *poller) describeRow(ctx context.Context, f *finding) {
	what := "was changed after it had been delivered"
	if f.Kind == translator.IntegrityRowInserted {
		what = "was inserted among rows that had been delivered"
	}
	f.Message = fmt.Sprintf("Row %d %s.", f.EventID, what)
	e, err := p.readByID(ctx, f.EventID)
	if err != nil || e == nil {
		return
	}
	f.RowUID = e.UID
	f.TlogIndex, f.HasTlogIndex = e.TlogIndex, e.HasTlogIndex
	p.reconciliation.status(ctx, e)
	f.TlogStatus, f.TlogMismatch = e.TlogStatus, e.TlogMismatch
	switch {
	case e.TlogStatus == translator.TlogStatusMismatch:
		f.Message += fmt.Sprintf(" It differs from its leaf %d in the transparency log, in %s.", e.TlogIndex, e.TlogMismatch)
	case e.TlogStatus == translator.TlogStatusVerified && f.Kind == translator.IntegrityRowEdited:
		f.Message += fmt.Sprintf(" It agrees with its leaf %d in the transparency log: the column that was changed is not in the leaf, or the leaf was changed as well.", e.TlogIndex)
	}
}

// recheckFailed ends the check where the table cannot be read in parts.
func (p *poller) recheckFailed(err error) error {
	if errors.Is(err, registry.ErrNoKey) {
		p.recheck.off = true
		p.logger.Warn("Delivered rows are not checked again, because that would read the whole table each time", zap.Error(err))
	}
	return err
}
