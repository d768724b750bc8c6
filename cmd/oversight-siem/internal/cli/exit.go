// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package cli has what the commands share: groups of flags, how secrets are
// read, errors and exit statuses.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/output"
)

// Exit statuses. Commands that check distinguish findings from a check that could
// not be done. Those above 128 are what a shell returns for a process that a
// signal ended.
const (
	StatusFailed       = 1
	StatusFindings     = 1
	StatusNotChecked   = 2
	StatusInterrupted  = 128 + int(syscall.SIGINT)
	StatusOutputClosed = 128 + int(syscall.SIGPIPE)
)

// ErrInterrupted says that a signal ended the command.
var ErrInterrupted = errors.New("interrupted")

// ErrFindings says that something was checked and is wrong.
var ErrFindings = errors.New("verification failed")

// ErrChecksFailed says that a check of an installation failed.
var ErrChecksFailed = errors.New("checks failed")

// notCheckedError is an error that kept a command from checking.
type notCheckedError struct{ error }

func (e notCheckedError) Unwrap() error { return e.error }

// notChecked marks an error of a command that checks, so that the exit status is
// [StatusNotChecked]. An error that matches [ErrFindings] or [ErrChecksFailed] stays as it is.
func notChecked(err error) error {
	if err == nil || errors.Is(err, ErrFindings) || errors.Is(err, ErrChecksFailed) {
		return err
	}
	return notCheckedError{err}
}

// Interrupted returns err, or [ErrInterrupted] if a signal is the cause: ctx is
// done then.
func Interrupted(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil && !errors.Is(err, output.ErrClosed) {
		return ErrInterrupted
	}
	return err
}

// Report writes a command's error to stderr and returns the exit status. Output
// that its reader has closed is not reported.
func Report(err error, stderr io.Writer) int {
	if err == nil {
		return 0
	}
	if errors.Is(err, output.ErrClosed) {
		return StatusOutputClosed
	}
	fmt.Fprintln(stderr, "oversight-siem:", PrintableLines(err.Error()))
	switch {
	case errors.Is(err, ErrInterrupted):
		return StatusInterrupted
	case errors.Is(err, ErrFindings), errors.Is(err, ErrChecksFailed):
		return StatusFindings
	case errors.As(err, new(notCheckedError)):
		return StatusNotChecked
	default:
		return StatusFailed
	}
}
