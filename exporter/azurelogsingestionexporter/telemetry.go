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

// telemetry is the exporter's own metrics, described in documentation.md.
type telemetry struct {
	builder  *metadata.TelemetryBuilder
	exporter attribute.KeyValue
	always   metric.MeasurementOption
}

func newTelemetry(settings exporter.Settings) (*telemetry, error) {
	builder, err := metadata.NewTelemetryBuilder(settings.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	id := attribute.String("exporter", settings.ID.String())
	return &telemetry{builder: builder, exporter: id, always: metric.WithAttributeSet(attribute.NewSet(id))}, nil
}

func (t *telemetry) with(more attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(t.exporter, more))
}

// requested counts a request; response is nil when there was none.
func (t *telemetry) requested(ctx context.Context, size int64, response *http.Response) {
	status := 0
	if response != nil {
		status = response.StatusCode
	}
	t.builder.AzureLogsIngestionExporterRequests.Add(ctx, 1, t.with(attribute.Int("http.response.status_code", status)))
	t.builder.AzureLogsIngestionExporterRequestSize.Record(ctx, size, t.always)
}

func (t *telemetry) accepted(ctx context.Context, rows []row) {
	cut := 0
	for i := range rows {
		cut += rows[i].cut
	}
	t.builder.AzureLogsIngestionExporterRowsAccepted.Add(ctx, int64(len(rows)), t.always)
	t.builder.AzureLogsIngestionExporterFieldsTruncated.Add(ctx, int64(cut), t.always)
}

func (t *telemetry) dropped(ctx context.Context, reason dropReason, rows int) {
	t.builder.AzureLogsIngestionExporterRowsDropped.Add(ctx, int64(rows), t.with(attribute.String("reason", string(reason))))
}

func (t *telemetry) shutdown() { t.builder.Shutdown() }
