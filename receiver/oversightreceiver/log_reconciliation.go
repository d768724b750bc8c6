// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/reconcile"
	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
)

// How long the log is read and verified again without a break, while there are rows
// to read and while there are none.
const (
	busySlice = 5 * time.Millisecond
	idleSlice = 50 * time.Millisecond
)

// reverifyInterval is how often the whole log is verified again.
const reverifyInterval = 24 * time.Hour

// logSettings is what a logReconciliation needs to know.
type logSettings struct {
	reconcile.Settings
	logger    *zap.Logger
	telemetry *telemetry
	heads     <-chan []byte // nil: no tree heads are fetched
	sizes     *logSizes
}

// logSizes is what metrics report about the log.
type logSizes struct {
	leaves atomic.Int64 // read
	head   atomic.Int64 // of the last head that matched the log
	// waiting is how many rows are to be compared again.
	waiting atomic.Int64
}

// logReconciliation is for a receiver with `transparency_log`.
type logReconciliation struct {
	settings   logSettings
	reconciler *reconcile.Reconciler
	// reverification is the one that was logged; the zero value if none is under way.
	reverification tlog.Reverification
	heads          *headLog
	// registrationsMissing was logged.
	registrationsMissing bool
}

func (s logSettings) open(ctx context.Context, store *checkpointStore, rows reconcile.Rows, lastID int64) (reconciliation, error) {
	saved, err := store.loadLog(ctx)
	if err != nil {
		return nil, err
	}
	if s.SavedReviews, err = store.loadReviews(ctx); err != nil {
		return nil, err
	}
	s.Saved, s.Pages, s.Rows, s.LastID = saved, store, rows, lastID
	heads := newHeadLog(&s)
	s.OnHead = heads.checked
	reconciler, err := reconcile.Open(s.Settings)
	if err != nil {
		s.logger.Error("The checkpoint of the transparency log is damaged: changes to the log made before this start are not detected", zap.Error(err))
	}
	return &logReconciliation{settings: s, reconciler: reconciler, heads: heads}, nil
}

func (l *logReconciliation) check(ctx context.Context, events []event) {
	l.drop() // before anything else is claimed, or the log turns out to be another one
	l.work(ctx, busySlice)
	l.reconciler.Check(ctx, events)
}

func (l *logReconciliation) drop() { l.reconciler.Unstage() }

func (l *logReconciliation) passed(ctx context.Context, events []event) {
	l.settings.telemetry.checked(ctx, events)
}

func (l *logReconciliation) findings() []finding { return l.reconciler.Findings() }

func (l *logReconciliation) idle(ctx context.Context) {
	within, cancel := context.WithTimeout(ctx, idleSlice)
	defer cancel()
	l.reconciler.Idle(within)
	l.logRegistrations()
	l.work(ctx, idleSlice)
}

// work compares a head, verifies again, and compares rows again, each for about that
// long.
func (l *logReconciliation) work(ctx context.Context, slice time.Duration) {
	l.checkHeads(ctx)
	l.settings.sizes.leaves.Store(l.reconciler.Size())
	l.settings.sizes.head.Store(l.reconciler.HeadSize())
	l.reverify(ctx, slice)
	l.reconciler.LookAgain(ctx, slice)
	l.settings.sizes.waiting.Store(l.reconciler.WaitingRows())
}

// reverify verifies the log again, if that is under way.
func (l *logReconciliation) reverify(ctx context.Context, slice time.Duration) {
	if !l.logReverification() {
		return
	}
	within, cancel := context.WithTimeout(ctx, slice)
	defer cancel()
	if err := l.reconciler.Reverify(within); err != nil {
		return // err says why
	}
	l.logReverification()
}

// reverifyCauses are the values of the field `cause`.
var reverifyCauses = map[tlog.ReverifyCause]string{
	tlog.ReverifyRestart:     "restart",
	tlog.ReverifyFileChanged: "file changed other than by appending",
	tlog.ReverifyScheduled:   "scheduled",
}

// logReverification logs that a verification has started or finished, and reports
// whether one is under way. Which leaves are verified again, and why, is for the log
// alone to decide.
func (l *logReconciliation) logReverification() (active bool) {
	logged := l.reverification
	current, active := l.reconciler.Reverification()
	switch {
	case active && current.Cause != logged.Cause:
		l.settings.logger.Info("Verifying the transparency log again", zap.String("cause", reverifyCauses[current.Cause]),
			zap.String("leaves", l.settings.Leaves), zap.Int64("from", current.From), zap.Int64("to", current.To))
	case !active && logged.Cause != 0:
		l.settings.logger.Info("Verified the transparency log again", zap.String("cause", reverifyCauses[logged.Cause]),
			zap.Int64("size", l.reconciler.Size()), zap.Duration("took", l.settings.Now().Sub(logged.Started)))
	}
	l.reverification = current
	return active
}

func (l *logReconciliation) busy() bool {
	if l.err() != nil {
		return false
	}
	_, active := l.reconciler.Reverification()
	return active || !l.reconciler.AtEnd() || l.reconciler.MayLookAgain()
}

func (l *logReconciliation) err() error    { return l.reconciler.Err() }
func (l *logReconciliation) pending() bool { return l.reconciler.Pending() }
func (l *logReconciliation) close() error  { return l.reconciler.Close() }

func (l *logReconciliation) commit(ctx context.Context, lastID int64) (*reconcile.Snapshot, error) {
	l.settings.telemetry.found(ctx, l.reconciler.Findings())
	skipped := l.reconciler.SkippedLeaves()
	snapshot, err := l.reconciler.Commit(lastID)
	if n := l.reconciler.SkippedLeaves(); n != skipped {
		l.settings.logger.Info("Skipped leaves that are older than the first row: their rows were probably pruned", zap.Int64("leaves", n))
	}
	return snapshot, err
}

func (l *logReconciliation) saved(snapshot *reconcile.Snapshot) { l.reconciler.Saved(snapshot) }

func (l *logReconciliation) replaced(err *registry.ReplacedError, restart bool) {
	l.reconciler.Replaced(err.Cursor.ID, err.Cursor.UID, err.Reason, !restart)
	if restart {
		l.reconciler.ResetClaims()
	}
}
