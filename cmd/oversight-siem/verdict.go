// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
)

// errFindings says that something was checked and is not right.
var errFindings = errors.New("not all is well")

// uncheckedError is what kept a command from checking.
type uncheckedError struct{ error }

func (e uncheckedError) Unwrap() error { return e.error }

// unchecked leaves errors alone that say what was found.
func unchecked(err error) error {
	if err == nil || errors.Is(err, errFindings) {
		return err
	}
	return uncheckedError{err}
}

// orInterrupted is an error, or what it comes from if a signal ended the work.
func orInterrupted(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil && !errors.Is(err, errClosedPipe) {
		return errInterrupted
	}
	return err
}
