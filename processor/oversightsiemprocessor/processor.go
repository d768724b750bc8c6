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
	"github.com/oversight-protocol/oversight-otelcol/translator/siem"
)

// siemProcessor has no state but its metrics.
type siemProcessor struct {
	shape      shape
	telemetry  *metadata.TelemetryBuilder
	attributes metric.MeasurementOption
}

func newSIEMProcessor(set processor.Settings, config *Config) (*siemProcessor, error) {
	shape, err := newShape(&config.Config)
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

// processLogs translates what is Oversight's, events and findings, and leaves
// everything else as it is.
func (p *siemProcessor) processLogs(ctx context.Context, logs plog.Logs) (plog.Logs, error) {
	foreign := p.separate(logs)
	if foreign > 0 {
		p.telemetry.OversightSiemPassedThrough.Add(ctx, int64(foreign), p.attributes)
	}
	return logs, nil
}

// separate gives the records that are Oversight's resources of their own,
// translated, so that what is said of these is said of no foreign record. It
// returns how many of those there are.
func (p *siemProcessor) separate(logs plog.Logs) (foreign int) {
	for _, from := range resourcesOf(logs) {
		ours, others := count(from)
		foreign += others
		switch {
		case ours == 0:
		case others == 0:
			p.translate(from)
		default:
			p.translate(split(logs, from))
		}
	}
	return foreign
}

// resourcesOf lists what is there before anything is added.
func resourcesOf(logs plog.Logs) []plog.ResourceLogs {
	all := make([]plog.ResourceLogs, 0, logs.ResourceLogs().Len())
	for _, resource := range logs.ResourceLogs().All() {
		all = append(all, resource)
	}
	return all
}

func count(resource plog.ResourceLogs) (ours, others int) {
	for _, scope := range resource.ScopeLogs().All() {
		for _, record := range scope.LogRecords().All() {
			if siem.HasShape(record) {
				ours++
			} else {
				others++
			}
		}
	}
	return ours, others
}

// split moves what is Oversight's out of a resource into a new one like it.
func split(logs plog.Logs, from plog.ResourceLogs) plog.ResourceLogs {
	to := logs.ResourceLogs().AppendEmpty()
	from.Resource().CopyTo(to.Resource())
	to.SetSchemaUrl(from.SchemaUrl())
	from.ScopeLogs().RemoveIf(func(scope plog.ScopeLogs) bool {
		moved := to.ScopeLogs().AppendEmpty()
		scope.Scope().CopyTo(moved.Scope())
		moved.SetSchemaUrl(scope.SchemaUrl())
		scope.LogRecords().RemoveIf(func(record plog.LogRecord) bool {
			if !siem.HasShape(record) {
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

func (p *siemProcessor) translate(resource plog.ResourceLogs) {
	for _, scope := range resource.ScopeLogs().All() {
		for _, record := range scope.LogRecords().All() {
			p.shape.record(resource.Resource(), record)
		}
		p.shape.scope(scope.Scope())
	}
	p.shape.resource(resource.Resource())
}
