// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
)

// failingMeters is a meter provider whose meters refuse callbacks.
type failingMeters struct{ noop.MeterProvider }

type failingMeter struct{ noop.Meter }

var errMeter = errors.New("no callbacks")

func (failingMeters) Meter(string, ...metric.MeterOption) metric.Meter { return failingMeter{} }

func (failingMeter) RegisterCallback(metric.Callback, ...metric.Observable) (metric.Registration, error) {
	return nil, errMeter
}

// A start that fails half-way leaves nothing behind that a shutdown would wait for.
func TestShutdownAfterAStartThatFailed(t *testing.T) {
	s := newSetup(t, newDatabase(t))
	s.settings.MeterProvider = failingMeters{}
	r, err := NewFactory().CreateLogs(t.Context(), s.settings, s.config, s.sink)
	require.NoError(t, err)
	require.ErrorIs(t, r.Start(t.Context(), s.host), errMeter)
	require.NoError(t, r.Shutdown(t.Context()))
}

// stuck is a pipeline that returns a batch when the test says so, and not before,
// as an exporter does whose client waits without end.
type stuck struct{ called, release, returned chan struct{} }

func newStuck() *stuck {
	return &stuck{make(chan struct{}), make(chan struct{}), make(chan struct{})}
}

func (*stuck) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (s *stuck) ConsumeLogs(context.Context, plog.Logs) error {
	close(s.called)
	<-s.release
	close(s.returned)
	return nil
}

// Shutdown returns without a batch that the pipeline does not return, and what it
// has released is not touched when the batch comes back after all.
func TestShutdownWithoutAStuckBatch(t *testing.T) {
	for name, c := range map[string]struct {
		timeout time.Duration // of the context; 0: none
		want    time.Duration
	}{
		"grace":   {0, shutdownGrace + abortGrace},
		"context": {time.Second, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSetup(t, newDatabase(t, insert("t", 3)))
			synctest.Test(t, func(t *testing.T) {
				next := newStuck()
				r, err := NewFactory().CreateLogs(t.Context(), s.settings, s.config, next)
				require.NoError(t, err)
				require.NoError(t, r.Start(t.Context(), s.host))
				<-next.called
				ctx := t.Context()
				if c.timeout > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, c.timeout)
					defer cancel()
				}
				begin := time.Now()
				require.ErrorContains(t, r.Shutdown(ctx), "reading events or delivering them did not end in time")
				assert.Equal(t, c.want, time.Since(begin))
				close(next.release)
				<-next.returned
				<-r.(*oversightReceiver).done
				assert.Empty(t, s.memory.keys(), "nothing is saved after the shutdown")
			})
			s.restart(t, tokenRange("t", 1, 3)) // nothing is lost
		})
	}
}
