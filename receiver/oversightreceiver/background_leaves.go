// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import "context"

// status implements [reconciliation].
func (l *logReconciliation) status(ctx context.Context, e *event) {
	within, cancel := context.WithTimeout(ctx, idleSlice)
	defer cancel()
	e.TlogStatus, e.TlogMismatch = l.reconciler.Status(within, e)
}

func (noReconciliation) status(context.Context, *event) {}
