// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package collectortelemetry

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// The process ends some time after the signal, not before, and says why. The test of
// the built collector is in test/.
func TestExitAfterSignal(t *testing.T) {
	const limit = 50 * time.Millisecond
	core, logs := observer.New(zap.InfoLevel)
	signals, exited := make(chan os.Signal, 1), make(chan int)
	raised := make(chan os.Signal, 1)
	raise := func(s os.Signal) { raised <- s }
	go exitAfter(limit, signals, raise, func() *zap.Logger { return zap.New(core) }, func(code int) { exited <- code })
	select {
	case <-exited:
		require.Fail(t, "ended without a signal")
	case <-time.After(2 * limit):
	}
	begin := time.Now()
	signals <- os.Interrupt
	assert.Equal(t, 1, <-exited)
	assert.Equal(t, os.Interrupt, <-raised)
	assert.GreaterOrEqual(t, time.Since(begin), limit)
	require.Len(t, logs.FilterMessageSnippet("Shutdown takes too long").All(), 1)
}

func TestShutdownLimit(t *testing.T) {
	for text, want := range map[string]time.Duration{"": defaultShutdownLimit, "1m": time.Minute, "0": 0} {
		got, err := shutdownLimit(text)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	for _, text := range []string{"60", "-1s", "off"} {
		_, err := shutdownLimit(text)
		require.ErrorContains(t, err, shutdownLimitVariable)
	}
}
