// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package delivery_test

import (
	"context"
	"fmt"
	"slices"

	"github.com/oversight-protocol/oversight-otelcol/internal/delivery"
)

// One of four rows is refused, unless without its text from strangers.
func ExampleLane() {
	send := func(_ context.Context, rows []string, form delivery.Form) error {
		if form == delivery.Whole && slices.Contains(rows, "c") {
			return errContent
		}
		return nil
	}
	lane := delivery.NewLane(delivery.Settings{MaxRows: 1000}, func(row string) string { return row })
	pending := []string{"a", "b", "c", "d"}
	for len(pending) > 0 {
		step := lane.Step(context.Background(), pending, send)
		fmt.Println("passed", pending[:step.Passed], "error:", step.Err)
		if step.Blamed != nil {
			fmt.Println("owed", step.Blamed.Row)
		}
		pending = pending[step.Passed:]
	}
	// Output:
	// passed [] error: Permanent error: refused: content
	// passed [a b] error: <nil>
	// passed [] error: Permanent error: refused: content
	// passed [] error: <nil>
	// passed [c] error: Permanent error: refused: content
	// owed c
	// passed [d] error: <nil>
}
