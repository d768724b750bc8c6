// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Command oversight-siem exports a registry's events once, in the shape that a
// SIEM takes: to standard output, to a file, or over HTTP. It also checks them
// against the registry's transparency log.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

// Exit statuses. Commands that check tell what they find from what keeps them from
// checking. Those above 128 are a shell's for a process that a signal ended.
const (
	exitFailed      = 1
	exitFindings    = 1
	exitUnchecked   = 2
	exitInterrupted = 128 + int(syscall.SIGINT)
	exitClosedPipe  = 128 + int(syscall.SIGPIPE)
)

// gcPercent lets a heap of a few megabytes, which is all that an export has, grow
// to a few tens before it is collected: a sixth of the time is saved.
const gcPercent = 400

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	// A pipe that is closed is an error of writing to it, and main's to judge.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal ends the export between two lines; a second one ends the
	// process.
	context.AfterFunc(ctx, stop)
	os.Exit(report(newCommand().ExecuteContext(ctx), os.Stderr))
}

// report says what is wrong, if anything is, and returns the exit status.
func report(err error, stderr io.Writer) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errClosedPipe): // whoever reads has enough
		return exitClosedPipe
	}
	fmt.Fprintln(stderr, "oversight-siem:", err)
	switch {
	case errors.Is(err, errInterrupted):
		return exitInterrupted
	case errors.Is(err, errFindings):
		return exitFindings
	case errors.As(err, new(uncheckedError)):
		return exitUnchecked
	default:
		return exitFailed
	}
}
