// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"context"
	"net/http"

	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/oversight-protocol/oversight-otelcol/exporter/azurelogsingestionexporter/internal/metadata"
)

// telemetry records the exporter's own metrics, which documentation.md describes.
type telemetry struct {
	builder      *metadata.TelemetryBuilder
	exporter     attribute.KeyValue
	exporterOnly metric.MeasurementOption // no attribute but exporter
}

func newTelemetry(settings exporter.Settings) (*telemetry, error) {
	builder, err := metadata.NewTelemetryBuilder(settings.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	id := attribute.String("exporter", settings.ID.String())
	t := &telemetry{builder: builder, exporter: id, exporterOnly: metric.WithAttributeSet(attribute.NewSet(id))}
	t.exportZeros()
	return t, nil
}

// exportZeros makes the counters of rows exist from the start, so that an increase is
// seen from the first row on.
func (t *telemetry) exportZeros() {
	ctx := context.Background()
	t.accepted(ctx, nil)
	for _, reason := range []dropReason{reasonTooLarge, reasonRefused, reasonInvalidTarget} {
		t.dropped(ctx, reason, 0)
	}
}

// exporterAnd returns the attribute exporter and another one.
func (t *telemetry) exporterAnd(more attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(t.exporter, more))
}

// requested counts a request. response is nil if there was none.
func (t *telemetry) requested(ctx context.Context, size int64, response *http.Response) {
	status := 0
	if response != nil {
		status = response.StatusCode
	}
	t.builder.AzureLogsIngestionExporterRequests.Add(ctx, 1, t.exporterAnd(attribute.Int("http.response.status_code", status)))
	t.builder.AzureLogsIngestionExporterRequestSize.Record(ctx, size, t.exporterOnly)
}

func (t *telemetry) accepted(ctx context.Context, rows []row) {
	truncated := 0
	for i := range rows {
		truncated += rows[i].truncatedFields
	}
	t.builder.AzureLogsIngestionExporterRowsAccepted.Add(ctx, int64(len(rows)), t.exporterOnly)
	t.builder.AzureLogsIngestionExporterFieldsTruncated.Add(ctx, int64(truncated), t.exporterOnly)
}

func (t *telemetry) dropped(ctx context.Context, reason dropReason, rows int) {
	t.builder.AzureLogsIngestionExporterRowsDropped.Add(ctx, int64(rows), t.exporterAnd(attribute.String("reason", string(reason))))
}

func (t *telemetry) shutdown() { t.builder.Shutdown() }
