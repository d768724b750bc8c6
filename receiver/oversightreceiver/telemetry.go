// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/receiver/oversightreceiver/internal/metadata"
)

// telemetry is the receiver's own metrics, described in documentation.md, and
// the ones that all receivers have.
type telemetry struct {
	builder    *metadata.TelemetryBuilder
	obsreport  *receiverhelper.ObsReport
	attributes metric.MeasurementOption
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
	return &telemetry{builder, obsreport, attributes}, nil
}

func (t *telemetry) polled(ctx context.Context, took time.Duration) {
	t.builder.OversightReceiverPollDuration.Record(ctx, took.Seconds(), t.attributes)
}

func (t *telemetry) read(ctx context.Context, events []event) {
	var faulty int64
	for i := range events {
		if events[i].DecodeError != "" {
			faulty++
		}
	}
	t.builder.OversightReceiverEventsRead.Add(ctx, int64(len(events)), t.attributes)
	t.builder.OversightReceiverDecodeErrors.Add(ctx, faulty, t.attributes)
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

// observeLog tells how many leaves of the transparency log were read, and how
// many of them the last signed head that agreed with them is of.
func (t *telemetry) observeLog(size, headSize *atomic.Int64) error {
	err := t.builder.RegisterOversightReceiverTlogSizeCallback(func(_ context.Context, o metric.Int64Observer) error {
		o.Observe(size.Load(), t.attributes)
		return nil
	})
	if err != nil {
		return err
	}
	return t.builder.RegisterOversightReceiverTlogHeadSizeCallback(func(_ context.Context, o metric.Int64Observer) error {
		o.Observe(headSize.Load(), t.attributes)
		return nil
	})
}

// observeLag measures the lag whenever metrics are collected, so that it is
// right also while the pipeline holds a batch up. Nothing is observed while the
// database cannot be read.
func (t *telemetry) observeLag(reader *registry.Reader, position func() int64) error {
	err := t.builder.RegisterOversightReceiverLagCallback(func(ctx context.Context, o metric.Int64Observer) error {
		if lag, err := reader.Lag(ctx, position()); err == nil {
			o.Observe(lag.Rows, t.attributes)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return t.builder.RegisterOversightReceiverOldestUnreadAgeCallback(func(ctx context.Context, o metric.Float64Observer) error {
		if lag, err := reader.Lag(ctx, position()); err == nil {
			o.Observe(age(lag), t.attributes)
		}
		return nil
	})
}

// age is that of the oldest unread row in seconds. A clock that is behind the
// registry's gives no negative ages.
func age(lag registry.Lag) float64 {
	if lag.Oldest.IsZero() {
		return 0
	}
	return max(0, time.Since(lag.Oldest).Seconds())
}

func (t *telemetry) shutdown() { t.builder.Shutdown() }
