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
	"go.opentelemetry.io/collector/receiver"
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
		"grace":   {0, shutdownTimeout},
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

// Receivers that are shut down one after another share one deadline, and those whose
// destination works still end in order.
func TestShutdownOfManyReceivers(t *testing.T) {
	const receivers = 5
	s := newSetup(t, newDatabase(t, insert("t", 3)))
	s.config.StorageID = nil
	synctest.Test(t, func(t *testing.T) {
		var hung []*stuck
		var running []receiver.Logs
		run := func(next consumer.Logs) {
			r, err := NewFactory().CreateLogs(t.Context(), s.settings, s.config, next)
			require.NoError(t, err)
			require.NoError(t, r.Start(t.Context(), s.host))
			running = append(running, r)
		}
		for range receivers {
			hung = append(hung, newStuck())
			run(hung[len(hung)-1])
		}
		run(s.sink) // its turn comes last
		synctest.Wait()
		begin := time.Now()
		for _, r := range running[:receivers] {
			require.ErrorContains(t, r.Shutdown(t.Context()), "did not end in time")
		}
		require.NoError(t, running[receivers].Shutdown(t.Context()))
		assert.Equal(t, shutdownTimeout+(receivers-1)*2*minShutdownStep, time.Since(begin))
		for i, next := range hung {
			close(next.release)
			<-running[i].(*oversightReceiver).done
		}
	})
}

// A shutdown after another start, and one long after the last, has the whole time.
func TestShutdownDeadlines(t *testing.T) {
	var d shutdownDeadline
	now := time.Unix(1_700_000_000, 0)
	for _, c := range []struct {
		name           string
		after          time.Duration
		reset          bool
		abort, abandon time.Duration // from now
	}{
		{"first", 0, false, 4 * time.Second, 5 * time.Second},
		{"together", time.Second, false, 3 * time.Second, 4 * time.Second},
		{"late", 3500 * time.Millisecond, false, 50 * time.Millisecond, 500 * time.Millisecond},
		{"too late", time.Second, false, 50 * time.Millisecond, 100 * time.Millisecond},
		{"after a start", time.Second, true, 4 * time.Second, 5 * time.Second},
		{"another one", time.Minute, false, 4 * time.Second, 5 * time.Second},
		{"clock set back", -time.Minute, false, 4 * time.Second, 5 * time.Second},
	} {
		now = now.Add(c.after)
		if c.reset {
			d.reset()
		}
		abort, abandon := d.begin(now)
		assert.Equal(t, c.abort, abort.Sub(now), c.name)
		assert.Equal(t, c.abandon, abandon.Sub(now), c.name)
	}
}
