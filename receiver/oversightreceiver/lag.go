// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"sync"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

// lagTimeout bounds how long the collection of metrics waits for a measurement.
const lagTimeout = time.Second

// lagMeter measures how far the receiver is behind, once for each collection of
// metrics. A database that answers slowly, or not at all, does not delay a
// collection: the last measurement counts until there is a new one. It is safe
// for concurrent use.
type lagMeter struct {
	measure func(context.Context) (registry.Lag, error)
	ctx     context.Context // of measurements, which may outlast a collection
	cancel  context.CancelFunc

	mu      sync.Mutex
	running chan struct{} // closed when the measurement has ended; nil: none is under way
	last    registry.Lag
	known   bool // last was measured
	closed  bool
}

func newLagMeter(measure func(context.Context) (registry.Lag, error)) *lagMeter {
	m := &lagMeter{measure: measure}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	return m
}

// lag returns a new measurement, or the last one if the new one takes longer than
// lagTimeout. ok is false as long as none has succeeded.
func (m *lagMeter) lag(ctx context.Context) (lag registry.Lag, ok bool) {
	timer := time.NewTimer(lagTimeout)
	defer timer.Stop()
	select {
	case <-m.start():
	case <-ctx.Done():
	case <-timer.C:
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.last, m.known
}

// start starts a measurement, unless one is under way. The channel is closed when
// it has ended.
func (m *lagMeter) start() <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.running != nil {
		return m.running
	}
	ended := make(chan struct{})
	if m.closed {
		close(ended)
		return ended
	}
	m.running = ended
	go m.run(ended)
	return ended
}

func (m *lagMeter) run(ended chan struct{}) {
	defer close(ended)
	lag, err := m.measure(m.ctx)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.running = nil; err == nil {
		m.last, m.known = lag, true
	}
}

// close ends the measurement that is under way and waits for it.
func (m *lagMeter) close() {
	m.cancel()
	m.mu.Lock()
	m.closed = true
	running := m.running
	m.mu.Unlock()
	if running != nil {
		<-running
	}
}
