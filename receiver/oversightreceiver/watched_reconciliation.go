// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/reconcile"
)

// watchedReconciliation reports a read of the transparency log that does not return.
type watchedReconciliation struct {
	reconciliation
	health *health
	path   string
	after  time.Duration // how long reading it may take
}

// watched returns what opens a reconciliation that is watched. It may wait for a leaf for
// that long.
func (open openReconciliation) watched(health *health, path string, wait time.Duration) openReconciliation {
	return func(ctx context.Context, store *checkpointStore, rows reconcile.Rows, lastID int64) (reconciliation, error) {
		opened, err := open(ctx, store, rows, lastID)
		if err != nil {
			return nil, err
		}
		return &watchedReconciliation{opened, health, path, wait + stuckAfter}, nil
	}
}

func (r *watchedReconciliation) watch() (returned func()) {
	return r.health.watchAfter(r.after, failureFileStuck, func() string { return "reading transparency log " + r.path })
}

func (r *watchedReconciliation) check(ctx context.Context, events []event) {
	defer r.watch()()
	r.reconciliation.check(ctx, events)
}

func (r *watchedReconciliation) idle(ctx context.Context) {
	defer r.watch()()
	r.reconciliation.idle(ctx)
}
