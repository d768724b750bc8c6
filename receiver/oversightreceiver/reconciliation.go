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
	// check sets the status of events, in place of those that were checked before. It
	// never fails: the status of what cannot be checked is unavailable.
	check(ctx context.Context, events []event)
	// drop forgets the events that were checked last: they were not delivered.
	drop()
	// passed is called with the events that were checked last, if they were delivered,
	// before commit.
	passed(ctx context.Context, events []event)
	// idle reads more of the log when all rows have been passed.
	idle(ctx context.Context)
	// replaced makes a finding of another database. With restart, that is read from
	// its beginning; otherwise the finding is made once, even after a restart.
	replaced(err *registry.ReplacedError, restart bool)
	// report adds what is known of the log to a checkpoint record.
	report(record *checkpointRecord)
	// findings are what was found since the last commit.
	findings() []finding
	// pending reports whether there is anything to commit.
	pending() bool
	// commit makes final what was found, when the rows up to lastID have been passed
	// and the findings are delivered or in the outbox. It returns what to save; nil for
	// nothing.
	commit(ctx context.Context, lastID int64) (*reconcile.Snapshot, error)
	// saved is called when a snapshot is in the store.
	saved(snapshot *reconcile.Snapshot)
	// busy reports whether there is more to do at once.
	busy() bool
	// status sets the status of a row that was delivered before, without a claim.
	status(ctx context.Context, e *event)
	// err says why events cannot be checked; nil if they can.
	err() error
	close() error
}

// openReconciliation returns a reconciliation that continues from what the store
// has, when the rows up to lastID have been delivered, and reads rows again from rows.
type openReconciliation func(ctx context.Context, store *checkpointStore, rows reconcile.Rows, lastID int64) (reconciliation, error)

// noReconciliation is for a receiver without `transparency_log`.
type noReconciliation struct{}

func openNoReconciliation(context.Context, *checkpointStore, reconcile.Rows, int64) (reconciliation, error) {
	return noReconciliation{}, nil
}

func (noReconciliation) check(context.Context, []event)         {}
func (noReconciliation) drop()                                  {}
func (noReconciliation) passed(context.Context, []event)        {}
func (noReconciliation) idle(context.Context)                   {}
func (noReconciliation) replaced(*registry.ReplacedError, bool) {}
func (noReconciliation) findings() []finding                    { return nil }
func (noReconciliation) pending() bool                          { return false }
func (noReconciliation) saved(*reconcile.Snapshot)              {}
func (noReconciliation) busy() bool                             { return false }
func (noReconciliation) err() error                             { return nil }
func (noReconciliation) close() error                           { return nil }

func (noReconciliation) commit(context.Context, int64) (*reconcile.Snapshot, error) {
	return nil, nil
}
