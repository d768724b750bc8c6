// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Command oversightgen writes a registry's database and transparency log, at a
// chosen rate, for demonstrations, tests and benchmarks.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal ends the writing; a second one ends the process.
	context.AfterFunc(ctx, stop)
	if err := newCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "oversightgen:", err)
		os.Exit(1)
	}
}
