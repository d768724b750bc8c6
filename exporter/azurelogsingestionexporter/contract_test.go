// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pipeline"
	"go.opentelemetry.io/collector/receiver"

	"github.com/oversight-protocol/oversight-otelcol/exporter/azurelogsingestionexporter/internal/metadata"
)

// What the collector expects of any exporter, with one row in each request.
func TestConsumeContract(t *testing.T) {
	other := &contractReceiver{t: t}
	s := newSetup(t, other.answer)
	exportertest.CheckConsumeContract(exportertest.CheckConsumeContractParams{
		T:                    t,
		NumberOfTestElements: 100,
		Signal:               pipeline.SignalLogs,
		ExporterFactory:      withBodies(),
		ExporterConfig:       s.config,
		ReceiverFactory: receiver.NewFactory(metadata.Type, createDefaultConfig,
			receiver.WithLogs(other.create, component.StabilityLevelDevelopment)),
		ReceiverConfig: s.config,
	})
	assert.NotEmpty(t, s.service.rows())
}

// contractReceiver passes the service's rows to the contract test, which decides
// on the response.
type contractReceiver struct {
	component.StartFunc
	component.ShutdownFunc
	t *testing.T

	mu   sync.Mutex
	next consumer.Logs // of the current scenario
}

func (o *contractReceiver) create(_ context.Context, _ receiver.Settings, _ component.Config, next consumer.Logs) (receiver.Logs, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.next = next
	return o, nil
}

func (o *contractReceiver) answer(c *call) answer {
	o.mu.Lock()
	defer o.mu.Unlock()
	logs := plog.NewLogs()
	records := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for _, row := range c.rows {
		records.AppendEmpty().Body().SetStr(string(row))
	}
	err := o.next.ConsumeLogs(o.t.Context(), logs)
	switch {
	case err == nil:
		return accepted
	case consumererror.IsPermanent(err):
		return refused(err.Error())
	default:
		return broken
	}
}

// withBodies makes rows of the attributes by which the contract test knows its
// records.
func withBodies() exporter.Factory {
	return exporter.NewFactory(metadata.Type, createDefaultConfig, exporter.WithLogs(
		func(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Logs, error) {
			e, err := createLogs(ctx, set, cfg)
			return &bodies{e}, err
		}, metadata.LogsStability))
}

type bodies struct{ exporter.Logs }

func (b *bodies) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	record := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
	record.Attributes().CopyTo(record.Body().SetEmptyMap())
	return b.Logs.ConsumeLogs(ctx, logs)
}
