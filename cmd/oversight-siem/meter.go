// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

// meter is the progress of reading all rows in the order of their ids.
type meter struct {
	stdout, stderr io.Writer
	bar            *progress // nil before start and after clear
	before         int64     // the id before the first one
}

// newMeter returns a meter that may be shown beside standard output, unless that
// is lines of JSON.
func newMeter(json bool, stdout, stderr io.Writer) *meter {
	if !json {
		stdout = nil // it is written to when the bar is gone
	}
	return &meter{stdout: stdout, stderr: stderr}
}

// start is called at the first row. How many there are is known but for gaps.
func (m *meter) start(ctx context.Context, reader *registry.Reader, first int64) {
	m.before = first - 1
	lag, err := reader.Lag(ctx, m.before)
	if err != nil { // reading on will tell
		lag.Rows = 0
	}
	m.bar = newProgress("verifying", lag.Rows, m.stdout, m.stderr)
}

func (m *meter) set(id int64) {
	if m.bar != nil {
		m.bar.set(id - m.before)
	}
}

// notice prints a line on standard error, in the place of the bar.
func (m *meter) notice(line string) {
	m.clear()
	fmt.Fprintln(m.stderr, "oversight-siem:", line)
}

// clear takes the bar away, for good.
func (m *meter) clear() {
	if m.bar != nil {
		m.bar.clear()
		m.bar = nil
	}
}
