// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import "github.com/oversight-protocol/oversight-otelcol/internal/tlog"

// Root returns the root of the log's Size leaves. known is false if the hash of one could
// not be read.
func (r *Reconciler) Root() (root tlog.Hash, known bool) { return r.log.Root() }
