// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// sink takes events to where they are exported to, in order. It is not safe for
// concurrent use.
type sink interface {
	// add takes one event. It may keep its document for a while.
	add(ctx context.Context, e *translator.Event) error
	// flush hands on what is kept.
	flush(ctx context.Context) error
	// accepted says what has arrived, also after an error.
	accepted() tally
	// Close releases what the sink holds. It does not flush.
	io.Closer
}

// tally is what has arrived.
type tally struct {
	events int64
	// last is the id of the last event before the first one that has not
	// arrived; 0 for none.
	last int64
}
