// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"context"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
)

// keptRoot returns the root that a complete chunk of the log had when it was saved.
func (r *Reconciler) keptRoot(chunk int64) (root tlog.Hash, ok bool) {
	p, err := r.pages.page(context.Background(), chunk*checkpoint.ChunkLeaves)
	if err != nil {
		return tlog.Hash{}, false // Err says why
	}
	n := chunk % checkpoint.PageChunks
	return p.kept.Chunks[n], p.kept.ChunksKnown&(1<<n) != 0
}
