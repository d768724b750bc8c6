// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/receiver/oversightreceiver/internal/metadata"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

type event = translator.Event

// consume hands events, findings and checkpoint records over to the pipeline as log records. It makes
// new records each time, since a pipeline may change what it receives, even if it
// then returns an error.
func (r *oversightReceiver) consume(ctx context.Context, events []event, findings []finding, checkpoints ...*checkpointRecord) error {
	ctx = r.telemetry.obsreport.StartLogsOp(ctx)
	err := r.next.ConsumeLogs(ctx, r.toLogs(events, findings, checkpoints))
	r.telemetry.obsreport.EndLogsOp(ctx, metadata.Type.String(), len(events)+len(findings)+len(checkpoints), err)
	return err
}

func (r *oversightReceiver) toLogs(events []event, findings []finding, checkpoints []*checkpointRecord) plog.Logs {
	logs := plog.NewLogs()
	resource := logs.ResourceLogs().AppendEmpty()
	resource.SetSchemaUrl(translator.SchemaURL)
	translator.SetResource(resource.Resource(), r.config.RegistryID)
	scope := resource.ScopeLogs().AppendEmpty()
	scope.SetSchemaUrl(translator.SchemaURL)
	scope.Scope().SetName(metadata.ScopeName)
	scope.Scope().SetVersion(r.settings.BuildInfo.Version)
	records := scope.LogRecords()
	records.EnsureCapacity(len(events) + len(findings) + len(checkpoints))
	for i := range events {
		events[i].ToLogRecord(records.AppendEmpty())
	}
	for i := range findings {
		findings[i].ToLogRecord(records.AppendEmpty())
	}
	for _, c := range checkpoints {
		c.ToLogRecord(records.AppendEmpty())
	}
	return logs
}
