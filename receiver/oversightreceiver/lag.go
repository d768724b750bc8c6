// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"sync"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

// lagInterval is the time between two measurements.
const lagInterval = time.Second

// lagMeter measures again and again how far the receiver is behind, also while the
// pipeline blocks a batch, in a loop of its own: whoever wants to know gets the last
// measurement at once. It is safe for concurrent use.
type lagMeter struct {
	measure  func(ctx context.Context, after int64) (registry.Lag, error)
	position func() int64 // the id of the last row delivered; negative: not known yet

	mu      sync.Mutex
	end     int64     // the highest id of the table, at the last measurement
	oldest  time.Time // of the first row that was not delivered then
	known   bool      // these were measured
	ok      bool      // the last attempt succeeded
	started time.Time // of the measurement that is under way; zero: none
}

func newLagMeter(measure func(context.Context, int64) (registry.Lag, error), position func() int64) *lagMeter {
	return &lagMeter{measure: measure, position: position}
}

// run measures until the context is done.
func (m *lagMeter) run(ctx context.Context) {
	for {
		m.measureOnce(ctx)
		if !sleep(ctx, lagInterval) {
			return
		}
	}
}

func (m *lagMeter) measureOnce(ctx context.Context) {
	after := m.position()
	if after < 0 { // the whole table would seem to be undelivered
		return
	}
	m.mu.Lock()
	m.started = time.Now()
	m.mu.Unlock()
	lag, err := m.measure(ctx, after)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.started, m.ok = time.Time{}, err == nil
	if err == nil {
		m.end, m.oldest, m.known = after+lag.Rows, lag.Oldest, true
	}
}

// lag returns the last measurement, less what was delivered since. ok is false as
// long as none has succeeded.
func (m *lagMeter) lag() (lag registry.Lag, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if rows := m.end - m.position(); rows > 0 {
		lag = registry.Lag{Rows: rows, Oldest: m.oldest}
	}
	return lag, m.known
}

// working reports whether the database can be measured: the last attempt succeeded,
// and the one that is under way is not stuck.
func (m *lagMeter) working() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ok && (m.started.IsZero() || time.Since(m.started) < stuckAfter)
}
