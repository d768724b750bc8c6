// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"errors"
	"strings"
	"time"

	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/embedded"

	"github.com/oversight-protocol/oversight-otelcol/internal/delivery"
	"github.com/oversight-protocol/oversight-otelcol/internal/reconcile"
	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/receiver/oversightreceiver/internal/metadata"
)

// telemetry is the receiver's own metrics, described in documentation.md, and
// the ones that all receivers have. It is safe for concurrent use.
type telemetry struct {
	builder    *metadata.TelemetryBuilder
	meter      metric.Meter
	obsreport  *receiverhelper.ObsReport
	attributes metric.MeasurementOption
	gauges     gauges

	registration metric.Registration // of the gauges
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
		obsreport: obsreport, attributes: attributes, registration: noRegistration{},
	}, nil
}

// with returns the attributes of the receiver and one more.
func with(key, value string) metric.MeasurementOption {
	return metric.WithAttributes(attribute.String(key, value))
}

// polled reports an attempt to read the database; err is why it failed.
func (t *telemetry) polled(ctx context.Context, took time.Duration, err error) {
	if errors.Is(err, errStopping) {
		return
	}
	t.builder.OversightReceiverPollDuration.Record(ctx, took.Seconds(), t.attributes)
	failed := err != nil && !errors.As(err, new(*registry.ReplacedError)) // which was read
	t.gauges.readable.Store(!failed)
	if failed {
		t.builder.OversightReceiverFailedReads.Add(ctx, 1, t.attributes)
	}
}

// read counts events that were read.
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

// truncated counts the values of delivered events that were cut.
func (t *telemetry) truncated(ctx context.Context, events []event) {
	var values int64
	for i := range events {
		if columns := events[i].Truncated; columns != "" {
			values += int64(strings.Count(columns, ",")) + 1
		}
	}
	if values > 0 {
		t.builder.OversightReceiverValuesTruncated.Add(ctx, values, t.attributes)
	}
}

// sent reports that the pipeline returned what was sent in a lane; err is its answer.
func (t *telemetry) sent(ctx context.Context, lane lane, took time.Duration, err error) {
	t.builder.OversightReceiverDeliveryDuration.Record(ctx, took.Seconds(), t.attributes)
	if err == nil {
		t.gauges.lastSuccess.Store(time.Now().Unix())
		return
	}
	t.builder.OversightReceiverFailedDeliveries.Add(ctx, 1, t.attributes,
		with("lane", string(lane)), with("class", classNames[delivery.Classify(err)]))
}

// refused counts events that a destination refuses while it accepts others.
func (t *telemetry) refused(ctx context.Context, outcome outcome, events int) {
	t.builder.OversightReceiverEventsRefused.Add(ctx, int64(events), t.attributes, with("outcome", string(outcome)))
}

// refusedDelivered counts events that were refused, and accepted whole later.
func (t *telemetry) refusedDelivered(ctx context.Context, events int) {
	t.builder.OversightReceiverRefusedDelivered.Add(ctx, int64(events), t.attributes)
}

// givenUp counts events that were refused and are not retried any more.
func (t *telemetry) givenUp(ctx context.Context, reason giveUpReason, events int) {
	t.builder.OversightReceiverEventsGivenUp.Add(ctx, int64(events), t.attributes, with("reason", string(reason)))
}

// checkpointFailed counts an attempt to save the checkpoint that failed.
func (t *telemetry) checkpointFailed(ctx context.Context) {
	t.builder.OversightReceiverCheckpointFailures.Add(ctx, 1, t.attributes)
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
		t.builder.OversightReceiverTlogEvents.Add(ctx, n, t.attributes, with("status", status))
	}
}

// rechecked counts rows that were looked at again.
func (t *telemetry) rechecked(ctx context.Context, rows int) {
	t.builder.OversightReceiverRecheckedRows.Add(ctx, int64(rows), t.attributes)
}

// found counts findings by their kind.
func (t *telemetry) found(ctx context.Context, findings []finding) {
	for i := range findings {
		t.builder.OversightReceiverTlogFindings.Add(ctx, 1, t.attributes, with("kind", findings[i].Kind))
	}
}

// head counts a request for a tree head.
func (t *telemetry) head(ctx context.Context, result reconcile.HeadResult) {
	t.builder.OversightReceiverTlogHeads.Add(ctx, 1, t.attributes, with("result", string(result)))
}

// shutdown ends the observation of gauges. It may be called twice.
func (t *telemetry) shutdown() {
	_ = t.registration.Unregister() // it never fails
	t.builder.Shutdown()
}

// noRegistration is a registration before there is one.
type noRegistration struct{ embedded.Registration }

func (noRegistration) Unregister() error { return nil }
