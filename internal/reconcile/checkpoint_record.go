// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
)

// Root returns the root of the log's Size leaves. known is false if the hash of one could
// not be read.
func (r *Reconciler) Root() (root tlog.Hash, known bool) { return r.log.Root() }

// Head returns the newest signed tree head whose root was that of the log at its size; ok
// is false if there was none.
func (r *Reconciler) Head() (head checkpoint.Head, ok bool) {
	if len(r.state.Heads) == 0 {
		return checkpoint.Head{}, false
	}
	return r.state.Heads[len(r.state.Heads)-1], true
}
