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
	"time"
)

// gracePeriod is how long the process may still run after a second signal. Ctrl-C
// signals all processes of a terminal, and a script among them may pass the signal
// on at once: that must not end the process within the writing of a file.
const gracePeriod = time.Second

func main() {
	if err := newCommand().ExecuteContext(untilSignal()); err != nil {
		fmt.Fprintln(os.Stderr, "oversightgen:", err)
		os.Exit(1)
	}
}

// untilSignal returns a context that is canceled by the first SIGINT or SIGTERM. A
// second one ends a process that hangs.
func untilSignal() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		<-signals
		time.Sleep(gracePeriod)
		fmt.Fprintln(os.Stderr, "oversightgen: stopped by a second signal before all files were closed")
		os.Exit(1)
	}()
	return ctx
}
