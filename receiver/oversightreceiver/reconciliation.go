// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"

	"github.com/oversight-protocol/oversight-otelcol/internal/reconcile"
	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

type finding = translator.Integrity

// reconciliation checks the events of a poller against the transparency log. It is
// for the poller's goroutine.
type reconciliation interface {
	// check sets the status of events, and returns what was found. It never fails:
	// the status of what cannot be checked is unavailable.
	check(ctx context.Context, events []event) []finding
	// idle reads more of the log when there are no rows, and returns what was found.
	idle(ctx context.Context) []finding
	// replaced makes a finding of another database. With restart, that is read from
	// its beginning; otherwise the finding is made once, even after a restart.
	replaced(err *registry.ReplacedError, restart bool) []finding
	// pending reports whether there is anything to commit.
	pending() bool
	// commit makes final what was found, when the rows up to lastID and the findings
	// have been delivered. It returns what to save; nil for nothing.
	commit(ctx context.Context, lastID int64) (*reconcile.Snapshot, error)
	// saved is called when a snapshot is in the store.
	saved(snapshot *reconcile.Snapshot)
	// busy reports whether there is more to do at once.
	busy() bool
	// err says why events cannot be checked; nil if they can.
	err() error
	close() error
}

// openReconciliation returns a reconciliation that continues from what the store
// has, when the rows up to lastID have been delivered.
type openReconciliation func(ctx context.Context, store *checkpointStore, lastID int64) (reconciliation, error)

// noReconciliation is for a receiver without `transparency_log`.
type noReconciliation struct{}

func openNoReconciliation(context.Context, *checkpointStore, int64) (reconciliation, error) {
	return noReconciliation{}, nil
}

func (noReconciliation) check(context.Context, []event) []finding         { return nil }
func (noReconciliation) idle(context.Context) []finding                   { return nil }
func (noReconciliation) replaced(*registry.ReplacedError, bool) []finding { return nil }
func (noReconciliation) pending() bool                                    { return false }
func (noReconciliation) saved(*reconcile.Snapshot)                        {}
func (noReconciliation) busy() bool                                       { return false }
func (noReconciliation) err() error                                       { return nil }
func (noReconciliation) close() error                                     { return nil }

func (noReconciliation) commit(context.Context, int64) (*reconcile.Snapshot, error) {
	return nil, nil
}
