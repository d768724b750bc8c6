// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package output writes exported events: [Sink] is any destination, [Lines] is
// one that writes JSON lines to standard output or a file.
package output

import (
	"context"
	"io"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// Sink is a destination of exported events. It accepts events in order and is
// not safe for concurrent use.
type Sink interface {
	// Add accepts one event. It may buffer its document until Flush.
	Add(ctx context.Context, e *translator.Event) error
	// Flush delivers everything that is buffered.
	Flush(ctx context.Context) error
	// Delivered counts the events that have arrived. It is also right after an
	// error.
	Delivered() Counts
	// Close releases the sink's resources. It does not flush.
	io.Closer
}

// Counts is how many events have arrived.
type Counts struct {
	// Events is their number.
	Events int64
	// LastID is the id of the last event before the first one that has not
	// arrived, and was not refused; 0 for none.
	LastID int64
	// Refused are the ids of events that the destination refuses for what they are,
	// while it accepts others. They were skipped.
	Refused []int64
}

// Encode appends an event's document, one JSON object without a line end.
type Encode = func(dst []byte, e *translator.Event) []byte
