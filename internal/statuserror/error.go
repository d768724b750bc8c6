// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package statuserror has the error of a component status, for components that report one
// status for what changes while it fails.
package statuserror

import "sync"

// Error is the error of a component status: what fails now, or failed last. A status
// is to be reported once, when the first failure begins: health checks count from the
// report on until they fail, so that another one for each attempt, whose words differ,
// would keep them green for ever. Its text is made when it is asked for. It is safe for
// concurrent use.
type Error struct {
	mu  sync.Mutex
	err error
}

// New returns the error of a status that err is the reason of.
func New(err error) *Error { return &Error{err: err} }

// Set changes what fails. The status that was reported has the new text from now on.
func (e *Error) Set(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.err = err
}

// Unwrap returns what fails.
func (e *Error) Unwrap() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.err
}

func (e *Error) Error() string { return e.Unwrap().Error() }
