// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package deadletterconnector

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pipeline"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/oversight-protocol/oversight-otelcol/connector/deadletterconnector/internal/metadata"
	"github.com/oversight-protocol/oversight-otelcol/internal/delivery"
)

// classNames are the values of attributes.
var classNames = map[delivery.Class]string{
	delivery.ClassUnknown:     delivery.RefusedUnknown,
	delivery.ClassRetryable:   "retryable",
	delivery.ClassBusy:        delivery.RefusedBusy,
	delivery.ClassDestination: delivery.RefusedByDestination,
	delivery.ClassContent:     delivery.RefusedContent,
	delivery.ClassSize:        delivery.RefusedSize,
}

// telemetry is the connector's own metrics, described in documentation.md. It is safe
// for concurrent use.
type telemetry struct {
	builder *metadata.TelemetryBuilder
	id      attribute.KeyValue
	self    metric.MeasurementOption
}

func newTelemetry(settings component.TelemetrySettings, id component.ID) (*telemetry, error) {
	builder, err := metadata.NewTelemetryBuilder(settings)
	if err != nil {
		return nil, err
	}
	attr := attribute.String("connector", id.String())
	return &telemetry{builder: builder, id: attr, self: metric.WithAttributeSet(attribute.NewSet(attr))}, nil
}

// start makes counters that have counted nothing visible, with 0, and observes the
// pipelines.
func (t *telemetry) start(pipelines []*output, isTarget func(*output) bool, kept func(id string) int64) error {
	ctx := context.Background()
	t.builder.ConnectorDeadLetterExpiredRecords.Add(ctx, 0, t.self)
	t.builder.ConnectorDeadLetterOffsetResets.Add(ctx, 0, t.self)
	for _, p := range pipelines {
		p.metrics.accepted(ctx, 0)
		for class := range classNames {
			p.metrics.failed(ctx, class, 0)
			if isTarget(p) && class != delivery.ClassBusy {
				p.metrics.refused(ctx, class, 0)
			}
		}
	}
	err := t.builder.RegisterConnectorDeadLetterKeptRecordsCallback(func(_ context.Context, observer metric.Int64Observer) error {
		for _, p := range pipelines {
			if isTarget(p) {
				observer.Observe(kept(p.id), p.metrics.attributes)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return t.builder.RegisterConnectorDeadLetterHoldingCallback(func(_ context.Context, observer metric.Int64Observer) error {
		for _, p := range pipelines {
			holding := int64(0)
			if p.isHolding() {
				holding = 1
			}
			observer.Observe(holding, p.metrics.attributes)
		}
		return nil
	})
}

// pipelineMetrics are those of one pipeline.
type pipelineMetrics struct {
	builder    *metadata.TelemetryBuilder
	attributes metric.MeasurementOption
	ofClass    map[delivery.Class]metric.MeasurementOption
}

func (t *telemetry) forPipeline(id pipeline.ID) *pipelineMetrics {
	name := attribute.String("pipeline", id.String())
	m := &pipelineMetrics{
		builder:    t.builder,
		attributes: metric.WithAttributeSet(attribute.NewSet(t.id, name)),
		ofClass:    map[delivery.Class]metric.MeasurementOption{},
	}
	for class, className := range classNames {
		m.ofClass[class] = metric.WithAttributeSet(attribute.NewSet(t.id, name, attribute.String("class", className)))
	}
	return m
}

func (m *pipelineMetrics) accepted(ctx context.Context, records int) {
	m.builder.ConnectorDeadLetterAcceptedRecords.Add(ctx, int64(records), m.attributes)
}

func (m *pipelineMetrics) failed(ctx context.Context, class delivery.Class, requests int) {
	m.builder.ConnectorDeadLetterFailedRequests.Add(ctx, int64(requests), m.ofClass[class])
}

func (m *pipelineMetrics) refused(ctx context.Context, class delivery.Class, records int) {
	m.builder.ConnectorDeadLetterRefusedRecords.Add(ctx, int64(records), m.ofClass[class])
}
