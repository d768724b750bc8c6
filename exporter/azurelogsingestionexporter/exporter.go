// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"
)

// logsExporter is called by the exporter helper, which queues and retries. It is
// safe for concurrent use after start.
type logsExporter struct {
	config    *Config
	settings  exporter.Settings
	logger    *zap.Logger
	telemetry *telemetry

	// Set at start.
	client    *client
	health    *health
	preflight *preflight
}

func newLogsExporter(settings exporter.Settings, config *Config) (*logsExporter, error) {
	telemetry, err := newTelemetry(settings)
	if err != nil {
		return nil, err
	}
	return &logsExporter{config: config, settings: settings, logger: settings.Logger, telemetry: telemetry}, nil
}

func (e *logsExporter) target() target { return target{e.config.RuleID, e.config.StreamName} }

// start creates the clients. It sends nothing, except for `preflight`, which runs
// in the background.
func (e *logsExporter) start(ctx context.Context, host component.Host) error {
	var err error
	if e.client, err = newClient(ctx, e.config, host, e.settings.TelemetrySettings, e.telemetry); err != nil {
		return err
	}
	e.health = newHealth(host, e.logger)
	if e.config.Preflight {
		e.preflight = startPreflight(ctx, e)
	}
	return nil
}

// shutdown is called after the queue has been drained.
func (e *logsExporter) shutdown(context.Context) error {
	e.preflight.stop()
	if e.client != nil {
		e.client.close()
	}
	e.telemetry.shutdown()
	return nil
}

// push sends records to the service. It returns nil if every row was accepted, and
// otherwise a [pushError]. It is safe for concurrent use.
func (e *logsExporter) push(ctx context.Context, logs plog.Logs) error {
	d := e.newDelivery(logs.LogRecordCount())
	for _, group := range d.groupByTarget(ctx, logs) {
		d.send(ctx, group.target, group.resources)
	}
	return d.err(logs)
}
