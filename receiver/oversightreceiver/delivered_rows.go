// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import "context"

// deliveredRows is the rows up to the cursor, as the database has them now. It is for the
// poller's goroutine.
type deliveredRows struct{ poller *poller }

// After implements [reconcile.Rows].
func (r deliveredRows) After(ctx context.Context, after int64, maxRows int, into []event) (rows []event, more bool, err error) {
	return r.poller.source.After(ctx, after, maxRows, into)
}

// Unreplaced implements [reconcile.Rows].
func (r deliveredRows) Unreplaced(ctx context.Context) error { return r.poller.unreplaced(ctx) }

// unreplaced returns an error if the database went back behind what was delivered, or is
// another one, or if that cannot be found out. Only the one that rows were delivered from
// may be accused. What is to be done about it is for the next read of rows.
func (p *poller) unreplaced(ctx context.Context) error {
	p.more = true // this read makes a change seem to be read already
	_, err := p.source.Read(ctx, p.cursor, 1, nil)
	return err
}
