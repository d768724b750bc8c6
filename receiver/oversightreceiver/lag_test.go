// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

// The lag is measured every second. A database that cannot be read leaves the last
// value.
func TestLagIsMeasuredEverySecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var calls, position atomic.Int64
		var fails atomic.Bool
		fails.Store(true)
		position.Store(10)
		meter := newLagMeter(func(_ context.Context, after int64) (registry.Lag, error) {
			assert.Equal(t, position.Load(), after)
			n := calls.Add(1)
			if fails.Load() {
				return registry.Lag{}, errors.New("no such file")
			}
			return registry.Lag{Rows: n}, nil
		}, position.Load)
		assert.False(t, meter.working(), "nothing was measured yet")
		go meter.run(ctx)
		synctest.Wait()
		_, ok := meter.lag()
		assert.False(t, ok)
		assert.False(t, meter.working())

		fails.Store(false)
		time.Sleep(lagInterval)
		synctest.Wait()
		lag, ok := meter.lag()
		assert.True(t, ok)
		assert.Equal(t, registry.Lag{Rows: 2}, lag)
		assert.True(t, meter.working())

		fails.Store(true)
		time.Sleep(lagInterval)
		synctest.Wait()
		lag, _ = meter.lag()
		assert.Equal(t, registry.Lag{Rows: 2}, lag, "the last value")
		assert.False(t, meter.working())

		position.Store(11) // a row was delivered that had been read
		lag, _ = meter.lag()
		assert.Equal(t, registry.Lag{Rows: 1}, lag)
		position.Store(13)
		lag, _ = meter.lag()
		assert.Equal(t, registry.Lag{}, lag)
	})
}

// A measurement that does not return delays nobody, and stands out.
func TestLagOfADatabaseThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		hangs := make(chan struct{})
		calls := 0
		meter := newLagMeter(func(context.Context, int64) (registry.Lag, error) {
			if calls++; calls == 2 {
				<-hangs
			}
			return registry.Lag{Rows: 3}, nil
		}, func() int64 { return 0 })
		go meter.run(ctx)
		time.Sleep(lagInterval + stuckAfter - 1)
		synctest.Wait()
		assert.True(t, meter.working())
		time.Sleep(time.Nanosecond)
		lag, ok := meter.lag()
		assert.True(t, ok)
		assert.Equal(t, registry.Lag{Rows: 3}, lag, "the last value")
		assert.False(t, meter.working())
		close(hangs)
		synctest.Wait()
		assert.True(t, meter.working())
	})
}

// Before the checkpoint is loaded, nothing is known.
func TestLagBeforeTheCheckpointIsLoaded(t *testing.T) {
	meter := newLagMeter(func(context.Context, int64) (registry.Lag, error) {
		return registry.Lag{Rows: 1_000_000}, nil
	}, func() int64 { return -1 })
	meter.measureOnce(t.Context())
	_, ok := meter.lag()
	assert.False(t, ok)
	assert.False(t, meter.working())
}
