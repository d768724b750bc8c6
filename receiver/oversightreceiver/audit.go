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
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

type finding = translator.Integrity

// How long the log is read on and verified again at a stretch, while there are
// rows to read and while there are none.
const (
	busySlice = 5 * time.Millisecond
	idleSlice = 50 * time.Millisecond
)

// reverifyInterval is how often all of the log is verified again.
const reverifyInterval = 24 * time.Hour

// audit checks the events of a poller against the transparency log. Its fields
// belong to the poller's goroutine, except for size and headSize. A nil *audit
// does nothing.
type audit struct {
	settings  reconcile.Settings
	logger    *zap.Logger
	telemetry *telemetry
	heads     <-chan []byte // nil: none are fetched

	reconciler *reconcile.Reconciler
	snapshot   *reconcile.Snapshot // what to save with the cursor; nil: nothing new
	// reverifying is what was logged last about verifying again; zero: nothing is.
	reverifying tlog.Reverification

	size     atomic.Int64 // leaves read, for metrics
	headSize atomic.Int64 // of the last head that the log agreed with, for metrics
}

// open begins where the last snapshot left off.
func (a *audit) open(ctx context.Context, store *checkpointStore, lastID int64) error {
	if a == nil {
		return nil
	}
	saved, err := store.loadWitness(ctx)
	if err != nil {
		return err
	}
	settings := a.settings
	settings.Saved, settings.Pages, settings.LastID = saved, store, lastID
	settings.ReverifyEvery = reverifyInterval
	if a.reconciler, err = reconcile.Open(settings); err != nil {
		a.logger.Error("What was known of the transparency log cannot be read: its past is taken as it is now", zap.Error(err))
	}
	return nil
}

// check gives events their status, and returns what was found. It never fails:
// what cannot be checked is unavailable.
func (a *audit) check(ctx context.Context, events []event) []finding {
	if a == nil {
		return nil
	}
	passedOver := a.reconciler.SkippedLeaves()
	a.reconciler.Check(ctx, events)
	if n := a.reconciler.SkippedLeaves(); n != passedOver {
		a.logger.Info("Leaves are older than the first row and taken for those of rows that were pruned", zap.Int64("leaves", n))
	}
	a.telemetry.checked(ctx, events)
	a.work(ctx, busySlice)
	return a.reconciler.Findings()
}

// idle goes on where there are no rows, and returns what was found.
func (a *audit) idle(ctx context.Context) []finding {
	if a == nil {
		return nil
	}
	within, cancel := context.WithTimeout(ctx, idleSlice)
	defer cancel()
	a.reconciler.Idle(within)
	a.work(ctx, idleSlice)
	return a.reconciler.Findings()
}

// work compares heads and verifies again, for about that long.
func (a *audit) work(ctx context.Context, slice time.Duration) {
	select {
	case body := <-a.heads:
		if err := a.reconciler.CheckHead(body); err != nil {
			a.logger.Warn("What the registry sent is no tree head", zap.Error(err))
		}
	default:
	}
	a.size.Store(a.reconciler.Size())
	a.headSize.Store(a.reconciler.HeadSize())
	current, active := a.reconciler.Reverification()
	if !active && a.reverifying == (tlog.Reverification{}) {
		return
	}
	if active && current.Cause != a.reverifying.Cause {
		a.logger.Info(reverifyMessages[current.Cause], zap.String("leaves", a.settings.Leaves), zap.Int64("size", a.reconciler.Size()))
	}
	a.reverifying = current
	within, cancel := context.WithTimeout(ctx, slice)
	defer cancel()
	if err := a.reconciler.Reverify(within); err != nil {
		return // trouble tells
	}
	if !active {
		a.logger.Info("Verified again", zap.Int64("leaves", a.reconciler.Size()))
	}
}

// reverifyMessages say why leaves are verified again.
var reverifyMessages = map[tlog.ReverifyCause]string{
	tlog.ReverifyRestart:     "Verifying again the leaves of the transparency log that were verified before the start",
	tlog.ReverifyFileChanged: "The transparency log was changed other than by appending to it: verifying all of it again",
	tlog.ReverifyScheduled:   "Verifying all of the transparency log again, as every day",
}

// busy reports whether there is more to do at once.
func (a *audit) busy() bool {
	if a == nil || a.reconciler == nil || a.trouble() != nil {
		return false
	}
	_, reverifying := a.reconciler.Reverification()
	return reverifying || !a.reconciler.AtEnd()
}

// trouble says why events cannot be checked; nil if they can.
func (a *audit) trouble() error {
	if a == nil || a.reconciler == nil {
		return nil
	}
	return a.reconciler.Err()
}

// pending reports whether there is anything to commit.
func (a *audit) pending() bool { return a != nil && a.reconciler.Pending() }

// commit is called when everything up to lastID was handed on.
func (a *audit) commit(ctx context.Context, lastID int64) error {
	if a == nil || a.reconciler == nil {
		return nil
	}
	a.telemetry.found(ctx, a.reconciler.Findings())
	snapshot, err := a.reconciler.Commit(lastID)
	a.snapshot = snapshot
	return err
}

// unsaved is what to save; nil for nothing.
func (a *audit) unsaved() *reconcile.Snapshot {
	if a == nil {
		return nil
	}
	return a.snapshot
}

// saved is called when the snapshot is in the store.
func (a *audit) saved() {
	if a != nil && a.snapshot != nil {
		a.reconciler.Saved(a.snapshot)
		a.snapshot = nil
	}
}

// replaced makes a finding of another database, which is read from its beginning;
// or which is not, and then the finding is made once, however often the receiver
// is started.
func (a *audit) replaced(err *registry.ReplacedError, once bool) []finding {
	if a == nil {
		return nil
	}
	a.reconciler.Replaced(err.Cursor.ID, err.Cursor.UID, err.Reason, once)
	if !once {
		a.reconciler.ResetClaims()
	}
	return a.reconciler.Findings()
}

func (a *audit) close() error {
	if a == nil || a.reconciler == nil {
		return nil
	}
	return a.reconciler.Close()
}
