// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightsiemprocessor

import (
	"context"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/oversight-protocol/oversight-otelcol/processor/oversightsiemprocessor/internal/metadata"
	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/siem"
)

// siemProcessor has no state but its metrics.
type siemProcessor struct {
	shape      siem.Translator
	telemetry  *metadata.TelemetryBuilder
	attributes metric.MeasurementOption
}

func newSIEMProcessor(set processor.Settings, config *Config) (*siemProcessor, error) {
	shape, err := config.Shape.NewTranslator()
	if err != nil {
		return nil, err
	}
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	attributes := metric.WithAttributeSet(attribute.NewSet(attribute.String("processor", set.ID.String())))
	return &siemProcessor{shape, telemetry, attributes}, nil
}

func (p *siemProcessor) shutdown(context.Context) error {
	p.telemetry.Shutdown()
	return nil
}

// processLogs translates events, findings and checkpoint records, and leaves all other
// records as they are.
func (p *siemProcessor) processLogs(ctx context.Context, logs plog.Logs) (plog.Logs, error) {
	others := p.translateLogs(logs)
	if others > 0 {
		p.telemetry.OversightSiemPassedThrough.Add(ctx, int64(others), p.attributes)
	}
	return logs, nil
}

// translateLogs translates events, findings and checkpoint records, and returns the number
// of other records. Where a resource has both, it moves the former to a new resource first,
// since translation changes resource and scope too.
func (p *siemProcessor) translateLogs(logs plog.Logs) (others int) {
	var document translator.Document
	for i, n := 0, logs.ResourceLogs().Len(); i < n; i++ { // split appends more, which are done
		resource := logs.ResourceLogs().At(i)
		documents, rest := count(resource)
		others += rest
		if documents == 0 {
			continue
		}
		if rest > 0 {
			resource = split(logs, resource)
		}
		p.translateResource(resource, &document)
	}
	return others
}

// count returns how many records become documents, and how many do not.
func count(resource plog.ResourceLogs) (documents, others int) {
	for _, scope := range resource.ScopeLogs().All() {
		for _, record := range scope.LogRecords().All() {
			if translator.HasDocument(record) {
				documents++
			} else {
				others++
			}
		}
	}
	return documents, others
}

// split moves what becomes documents out of a resource into a new one like it.
func split(logs plog.Logs, from plog.ResourceLogs) plog.ResourceLogs {
	to := logs.ResourceLogs().AppendEmpty()
	from.Resource().CopyTo(to.Resource())
	to.SetSchemaUrl(from.SchemaUrl())
	from.ScopeLogs().RemoveIf(func(scope plog.ScopeLogs) bool {
		moved := to.ScopeLogs().AppendEmpty()
		scope.Scope().CopyTo(moved.Scope())
		moved.SetSchemaUrl(scope.SchemaUrl())
		scope.LogRecords().RemoveIf(func(record plog.LogRecord) bool {
			if !translator.HasDocument(record) {
				return false
			}
			record.MoveTo(moved.LogRecords().AppendEmpty())
			return true
		})
		return scope.LogRecords().Len() == 0
	})
	to.ScopeLogs().RemoveIf(func(scope plog.ScopeLogs) bool { return scope.LogRecords().Len() == 0 })
	return to
}

// translateResource translates a resource that holds nothing but what becomes documents.
func (p *siemProcessor) translateResource(resource plog.ResourceLogs, document *translator.Document) {
	for _, scope := range resource.ScopeLogs().All() {
		for _, record := range scope.LogRecords().All() {
			document.SetLogRecord(resource.Resource(), record)
			p.shape.TranslateRecord(resource.Resource(), scope.Scope(), record, document)
		}
		p.shape.TranslateScope(scope.Scope())
	}
	p.shape.TranslateResource(resource.Resource())
}
