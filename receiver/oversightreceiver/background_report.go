// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"errors"
	"fmt"
	"time"

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
	recheck.Pruned:   translator.IntegrityRowsPruned,
}

// describeTime bounds how long events wait while changed rows are read again and compared
// with their leaves. Rows beyond that are named, and not described.
const describeTime = 250 * time.Millisecond

// reportChanges makes findings, or records, of what has become of rows.
func (p *poller) reportChanges(ctx context.Context, changes []recheck.Change) {
	if len(changes) == 0 {
		return
	}
	within, cancel := context.WithTimeout(ctx, describeTime)
	defer cancel()
	for i := range changes {
		f := p.changeFinding(within, &changes[i])
		f.SetUID()
		p.addRecord(ctx, f)
		if i < maxChangeLines {
			p.logChange(&f)
		}
	}
	if n := len(changes) - maxChangeLines; n > 0 {
		p.logger.Warn("More delivered rows were changed", zap.Int("findings", n), zap.Int64("last_id", changes[len(changes)-1].Last))
	}
}

// maxChangeLines bounds the lines in the log about a chunk.
const maxChangeLines = 10

func (p *poller) changeFinding(ctx context.Context, change *recheck.Change) finding {
	f := p.newRecord(changeKinds[change.Kind])
	f.EventID, f.RowUID = change.First, change.UID
	if change.Kind == recheck.Pruned || change.Last > change.First {
		f.LastEventID, f.Count = change.Last, change.Rows
		f.Message = rangeMessage(change)
		return f
	}
	f.Message = rowMessage(change)
	if change.Kind != recheck.Deleted {
		p.describeRow(ctx, &f)
	}
	return f
}

func rowMessage(change *recheck.Change) string {
	switch change.Kind {
	case recheck.Edited:
		return fmt.Sprintf("Row %d was changed after it had been delivered.", change.First)
	case recheck.Deleted:
		return fmt.Sprintf("Row %d was deleted after it had been delivered.", change.First)
	default:
		return fmt.Sprintf("Row %d was inserted among rows that had been delivered.", change.First)
	}
}

func rangeMessage(change *recheck.Change) string {
	switch change.Kind {
	case recheck.Edited:
		return fmt.Sprintf("All %d rows from %d to %d were changed after they had been delivered.", change.Rows, change.First, change.Last)
	case recheck.Deleted:
		return fmt.Sprintf("All %d rows from %d to %d were deleted after they had been delivered.", change.Rows, change.First, change.Last)
	case recheck.Inserted:
		return fmt.Sprintf("All %d rows from %d to %d were inserted among rows that had been delivered.", change.Rows, change.First, change.Last)
	default:
		return fmt.Sprintf("All rows up to %d are gone, %d of them since they were delivered, as when old rows are pruned: that they were as delivered until then cannot be checked any more.", change.Last, change.Rows)
	}
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
	if ctx.Err() != nil {
		return
	}
	e, err := p.readByID(ctx, f.EventID)
	if err != nil || e == nil || e.UID != f.RowUID {
		return
	}
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

const (
	// maxRecheckFailures is how often rows cannot be read, where new ones can, until the
	// check goes on behind them.
	maxRecheckFailures = 3
	// unreadableInterval is the least time between two lines in the log about that.
	unreadableInterval = 5 * time.Minute
)

// recheckFailed says once that the check waits where the table cannot be read in parts: it
// may be able to later. Rows that cannot be read, as on a damaged page of the database, do
// not keep it from the others.
func (p *poller) recheckFailed(ctx context.Context, check *recheck.Check, err error) error {
	if errors.Is(err, registry.ErrNoKey) && !p.recheck.off {
		p.recheck.off = true
		p.logger.Warn("Delivered rows are not checked again, because that would read the whole table each time", zap.Error(err))
	}
	if errors.Is(err, registry.ErrNoKey) || ctx.Err() != nil || p.readPause > 0 {
		p.recheck.failures = 0
		return err
	}
	if p.recheck.failures++; p.recheck.failures < maxRecheckFailures {
		return err
	}
	after, last, _ := check.Range()
	if now := p.now(); p.recheck.logged.IsZero() || now.Sub(p.recheck.logged) >= unreadableInterval {
		p.recheck.logged = now
		p.logger.Warn("Delivered rows cannot be read: changes to them are not detected", zap.Int64("after_id", after), zap.Int64("last_id", last), zap.Error(err))
	}
	if check.Skip() {
		p.recheck.failures = 0
	}
	return err
}
