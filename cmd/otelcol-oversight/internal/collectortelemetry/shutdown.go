// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package collectortelemetry

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/service/telemetry"
	"go.uber.org/zap"
)

// defaultShutdownLimit is how long the collector may take to end after SIGTERM or an
// interrupt. The collector waits for each component without a limit, one after the
// other, and the receiver kafka alone takes two minutes while a broker hangs. The
// receivers oversight need 5 s at most.
const defaultShutdownLimit = 7 * time.Second

// shutdownLimitVariable is the environment variable with another limit, such as 60s,
// or 0 for none.
const shutdownLimitVariable = "OVERSIGHT_SHUTDOWN_LIMIT"

// limitShutdown returns create, with a watch over the end of the process. The logger
// is made when the collector runs a configuration: commands such as validate end as
// they always do. The collector itself looks at signals only once all components have
// started (otelcol v0.152.0, Collector.Run): one that comes before ends the process at
// once, as without this watch.
func limitShutdown(create telemetry.CreateLoggerFunc) telemetry.CreateLoggerFunc {
	var (
		current atomic.Pointer[zap.Logger] // a reload makes another one
		once    sync.Once
	)
	return func(ctx context.Context, set telemetry.LoggerSettings, config component.Config) (*zap.Logger, component.ShutdownFunc, error) {
		limit, err := shutdownLimit(os.Getenv(shutdownLimitVariable))
		if err != nil {
			return nil, nil, err
		}
		logger, shutdown, err := create(ctx, set, config)
		if err != nil {
			return logger, shutdown, err
		}
		current.Store(logger)
		if limit > 0 {
			once.Do(func() {
				signals := make(chan os.Signal, 1)
				signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
				go exitAfter(limit, signals, raiseAgain(signals), current.Load, os.Exit)
			})
		}
		return logger, shutdown, nil
	}
}

func shutdownLimit(text string) (time.Duration, error) {
	if text == "" {
		return defaultShutdownLimit, nil
	}
	limit, err := time.ParseDuration(text)
	if err != nil || limit < 0 {
		return 0, fmt.Errorf("the environment variable %s is %q: must be a duration such as 60s, or 0 for no limit", shutdownLimitVariable, text)
	}
	return limit, nil
}

// raiseAgain returns a function that gives a signal to whoever else waits for it. If
// nobody does, that ends the process. The collector, if it has the signal already, does
// not look at another one. Windows does not know how to: there, such a signal ends the
// process after the limit.
func raiseAgain(signals chan<- os.Signal) func(os.Signal) {
	return func(s os.Signal) {
		signal.Stop(signals)
		if self, err := os.FindProcess(os.Getpid()); err == nil {
			_ = self.Signal(s)
		}
	}
}

// exitAfter ends the process when it still runs so long after a signal. That is as
// safe as a kill: what counts is in a storage whose transactions survive it.
func exitAfter(limit time.Duration, signals <-chan os.Signal, raise func(os.Signal), logger func() *zap.Logger, exit func(int)) {
	raise(<-signals)
	time.Sleep(limit)
	logger().Warn("Shutdown takes too long; exiting",
		zap.Duration("limit", limit), zap.String("variable", shutdownLimitVariable))
	_ = logger().Sync() // standard error cannot be synced on every system
	exit(1)
}
