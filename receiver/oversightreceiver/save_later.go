// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/delivery"
)

// saveLater reports whether the rows of a step are saved together with those that
// follow. A request holds fewer rows than `batch_size`, because of `batch_bytes`, and
// each save is synced to the disk. One save for `batch_size` rows, in any number of
// requests, still means that a crash repeats no more than that: fewer are read until
// then. Whatever is not an ordinary delivery, or has no more rows behind it, is saved at
// once.
func (p *poller) saveLater(step *delivery.Step[event]) bool {
	ordinary := step.Err == nil && step.Blamed == nil && len(step.Ahead) == 0 && !step.HoldEnded
	if !ordinary || !p.more && p.pending.empty() || p.unsaved != nil || p.unsavedRows+step.Passed >= p.config.BatchSize || p.reconciliation.pending() {
		return false
	}
	p.unsavedRows += step.Passed
	p.delivered.Store(p.cursor.ID)
	return true
}

// saveWhileWaiting saves what saveLater has put off if the pipeline does not answer for a
// second, so that neither a long outage nor a stop leaves it to be repeated. The function
// that it returns is to be called when the pipeline has answered; until then the caller
// does nothing else.
func (p *poller) saveWhileWaiting(ctx context.Context) (answered func()) {
	if p.unsavedRows == 0 {
		return func() {}
	}
	saved := make(chan struct{})
	timer := time.AfterFunc(time.Second, func() {
		defer close(saved)
		p.save(ctx)
	})
	return func() {
		if !timer.Stop() {
			<-saved
		}
	}
}

// saveUnsavedRows saves what saveLater has put off.
func (p *poller) saveUnsavedRows(ctx context.Context) {
	if p.unsavedRows > 0 {
		p.save(ctx)
	}
}
