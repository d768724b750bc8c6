// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/embedded"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/receiver/oversightreceiver/internal/metadata"
)

// telemetry is the receiver's own metrics, described in documentation.md, and
// the ones that all receivers have.
type telemetry struct {
	builder    *metadata.TelemetryBuilder
	meter      metric.Meter
	obsreport  *receiverhelper.ObsReport
	attributes metric.MeasurementOption

	lagRegistration metric.Registration
}

func newTelemetry(settings receiver.Settings) (*telemetry, error) {
	builder, err := metadata.NewTelemetryBuilder(settings.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	obsreport, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{
		ReceiverID:             settings.ID,
		Transport:              "file",
		ReceiverCreateSettings: settings,
	})
	if err != nil {
		return nil, err
	}
	attributes := metric.WithAttributeSet(attribute.NewSet(attribute.String("receiver", settings.ID.String())))
	return &telemetry{
		builder: builder, meter: metadata.Meter(settings.TelemetrySettings),
		obsreport: obsreport, attributes: attributes, lagRegistration: noRegistration{},
	}, nil
}

func (t *telemetry) polled(ctx context.Context, took time.Duration) {
	t.builder.OversightReceiverPollDuration.Record(ctx, took.Seconds(), t.attributes)
}

func (t *telemetry) read(ctx context.Context, events []event) {
	var undecoded int64
	for i := range events {
		if events[i].DecodeError != "" {
			undecoded++
		}
	}
	t.builder.OversightReceiverEventsRead.Add(ctx, int64(len(events)), t.attributes)
	t.builder.OversightReceiverDecodeErrors.Add(ctx, undecoded, t.attributes)
}

func (t *telemetry) refused(ctx context.Context) {
	t.builder.OversightReceiverBatchesRefused.Add(ctx, 1, t.attributes)
}

func (t *telemetry) replaced(ctx context.Context) {
	t.builder.OversightReceiverDatabaseReplacements.Add(ctx, 1, t.attributes)
}

// checked counts events by their status.
func (t *telemetry) checked(ctx context.Context, events []event) {
	statuses := map[string]int64{}
	for i := range events {
		statuses[events[i].TlogStatus]++
	}
	for status, n := range statuses {
		t.builder.OversightReceiverTlogEvents.Add(ctx, n, t.attributes, metric.WithAttributes(attribute.String("status", status)))
	}
}

// found counts findings by their kind.
func (t *telemetry) found(ctx context.Context, findings []finding) {
	for i := range findings {
		t.builder.OversightReceiverTlogFindings.Add(ctx, 1, t.attributes, metric.WithAttributes(attribute.String("kind", findings[i].Kind)))
	}
}

// observeLog observes the sizes whenever metrics are collected.
func (t *telemetry) observeLog(sizes *logSizes) error {
	err := t.builder.RegisterOversightReceiverTlogSizeCallback(func(_ context.Context, o metric.Int64Observer) error {
		o.Observe(sizes.leaves.Load(), t.attributes)
		return nil
	})
	if err != nil {
		return err
	}
	return t.builder.RegisterOversightReceiverTlogHeadSizeCallback(func(_ context.Context, o metric.Int64Observer) error {
		o.Observe(sizes.head.Load(), t.attributes)
		return nil
	})
}

// observeLag measures the lag once whenever metrics are collected, so that it is
// right also while the pipeline blocks a batch. Nothing is observed before the
// database could be read for the first time.
func (t *telemetry) observeLag(meter *lagMeter) error {
	rows, seconds := t.builder.OversightReceiverLag, t.builder.OversightReceiverOldestUnreadAge
	registration, err := t.meter.RegisterCallback(func(ctx context.Context, o metric.Observer) error {
		if lag, ok := meter.lag(ctx); ok {
			o.ObserveInt64(rows, lag.Rows, t.attributes)
			o.ObserveFloat64(seconds, age(lag), t.attributes)
		}
		return nil
	}, rows, seconds)
	if err == nil {
		t.lagRegistration = registration
	}
	return err
}

// age is that of the oldest unread row in seconds. It is 0 where the clock is behind
// the registry's.
func age(lag registry.Lag) float64 {
	if lag.Oldest.IsZero() {
		return 0
	}
	return max(0, time.Since(lag.Oldest).Seconds())
}

// shutdown ends the observation of gauges. It may be called twice.
func (t *telemetry) shutdown() {
	_ = t.lagRegistration.Unregister() // it never fails
	t.builder.Shutdown()
}

// noRegistration is a registration before there is one.
type noRegistration struct{ embedded.Registration }

func (noRegistration) Unregister() error { return nil }
