// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"sync"
	"time"
)

const (
	// shutdownTimeout is how long the shutdown of all receivers of a collector may
	// take. Exporters that wait for a destination only give up when they are shut down
	// themselves, which comes after the receivers.
	shutdownTimeout = 5 * time.Second
	// abortTimeout is the last part of it, after the context of what is being
	// delivered was canceled.
	abortTimeout = time.Second
	// minShutdownStep is how long a receiver whose turn comes when the time is over
	// may take all the same, before and after that. A destination that works has
	// answered by then.
	minShutdownStep = 50 * time.Millisecond
	// shutdownMemory is the time after which a shutdown is another one.
	shutdownMemory = 6 * shutdownTimeout
)

// shutdownDeadline is one for the receivers that are shut down together: a collector
// does that one after another, so that each one's own would add up. It is safe for
// concurrent use.
type shutdownDeadline struct {
	mu    sync.Mutex
	begun time.Time // of the shutdown; zero: none
}

// processShutdown is that of all receivers of this process.
var processShutdown shutdownDeadline

// begin returns the times at which to abort and to abandon what is being delivered.
func (d *shutdownDeadline) begin(now time.Time) (abort, abandon time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if since := now.Sub(d.begun); since < 0 || since >= shutdownMemory {
		d.begun = now
	}
	abort = latest(d.begun.Add(shutdownTimeout-abortTimeout), now.Add(minShutdownStep))
	return abort, latest(d.begun.Add(shutdownTimeout), abort.Add(minShutdownStep))
}

// reset says that a receiver starts, so that the next shutdown is another one.
func (d *shutdownDeadline) reset() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.begun = time.Time{}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
