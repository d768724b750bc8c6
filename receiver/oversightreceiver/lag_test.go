// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/receiver/oversightreceiver/internal/metadatatest"
)

// The query behind the two gauges of the lag runs once for each collection.
func TestLagIsMeasuredOncePerCollection(t *testing.T) {
	tt := componenttest.NewTelemetry()
	t.Cleanup(func() { assert.NoError(t, tt.Shutdown(context.WithoutCancel(t.Context()))) })
	telemetry, err := newTelemetry(metadatatest.NewSettings(tt))
	require.NoError(t, err)
	var calls atomic.Int64
	meter := newLagMeter(func(context.Context) (registry.Lag, error) {
		return registry.Lag{Rows: 3}, failIf(calls.Add(1) == 2)
	})
	t.Cleanup(meter.close)
	require.NoError(t, telemetry.observeLag(meter))
	t.Cleanup(telemetry.shutdown)
	for want := range int64(3) {
		_, err := tt.GetMetric("otelcol_oversight_receiver_lag")
		require.NoError(t, err, "a database that cannot be read leaves the last value")
		assert.Equal(t, want+1, calls.Load())
	}
}

// A read that hangs does not hold up a collection, nor another measurement later.
func TestLagOfADatabaseThatHangs(t *testing.T) {
	release := make(chan struct{})
	var hangs atomic.Bool
	meter := newLagMeter(func(ctx context.Context) (registry.Lag, error) {
		if hangs.Load() {
			select {
			case <-release:
			case <-ctx.Done():
				return registry.Lag{}, ctx.Err()
			}
		}
		return registry.Lag{Rows: 3}, nil
	})
	lag, ok := meter.lag(t.Context())
	require.True(t, ok)
	assert.Equal(t, int64(3), lag.Rows)
	hangs.Store(true)
	done, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the collection has no more time"))
	for range 2 {
		lag, ok = meter.lag(done)
		require.True(t, ok)
		assert.Equal(t, int64(3), lag.Rows, "the last value")
	}
	lag, ok = meter.lag(t.Context()) // which does have time
	require.True(t, ok)
	assert.Equal(t, int64(3), lag.Rows)
	meter.close()
	lag, _ = meter.lag(t.Context())
	assert.Equal(t, int64(3), lag.Rows, "closed")
	close(release)
}
