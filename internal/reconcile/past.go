// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"context"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// Status compares a row that was delivered before with its leaf, without claiming that.
// It returns what [Reconciler.Check] sets, but for duplicates.
func (r *Reconciler) Status(ctx context.Context, e *translator.Event) (status, mismatch string) {
	_, status, mismatch, _ = r.statusOf(ctx, ctx, e)
	return status, mismatch
}

// excuseLost resolves all leaves that have no row, if rows that waited to be compared are
// gone with a database that went back: these leaves may be theirs. It must be called when
// all rows have been committed.
func (r *Reconciler) excuseLost(ctx context.Context) {
	if !r.state.RowsLost || r.lastErr != nil || !r.log.AtEnd() || r.rereading() {
		return
	}
	first := r.state.ResolvedUpTo
	if len(r.reviews.list) > 0 { // they may lower it
		first = 0
	}
	for index := first; index < r.log.Size(); {
		known, err := r.pages.page(ctx, index)
		if err != nil { // Err returns it
			return
		}
		next := known.firstUnresolved(index)
		if next < min(r.log.Size(), (index/checkpoint.PageLeaves+1)*checkpoint.PageLeaves) {
			known.resolve(next)
			next++
		}
		index = next
	}
	r.state.RowsLost, r.dirty = false, true
}
