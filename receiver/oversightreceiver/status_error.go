// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import "sync"

// statusError is the error of a status: what fails now, or failed last. A status is
// reported once, when the first failure begins: health checks count from the report
// on until they fail, so that another one for each attempt, whose words differ, would
// keep them green for ever. Its text is made when it is asked for. It is safe for
// concurrent use.
type statusError struct {
	mu  sync.Mutex
	err error
}

func (e *statusError) set(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.err = err
}

// Unwrap returns what fails.
func (e *statusError) Unwrap() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.err
}

func (e *statusError) Error() string { return e.Unwrap().Error() }
