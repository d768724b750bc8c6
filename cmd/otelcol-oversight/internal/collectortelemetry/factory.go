// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package collectortelemetry is the collector's own telemetry: that of the stock
// collectors, configured below service::telemetry in the same way, with fewer
// repeats in the log (see repeatCore), and a limit on the time that the collector
// takes to end (see limitShutdown).
package collectortelemetry

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/service/telemetry"
	"go.opentelemetry.io/collector/service/telemetry/otelconftelemetry"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// NewFactory returns the factory that the builder puts into the collector, see
// `telemetry` in builder-config.yaml.
func NewFactory() telemetry.Factory {
	stock := otelconftelemetry.NewFactory()
	return telemetry.NewFactory(
		stock.CreateDefaultConfig,
		telemetry.WithCreateResource(stock.CreateResource),
		telemetry.WithCreateLogger(limitShutdown(limitRepeats(stock.CreateLogger))),
		telemetry.WithCreateMeterProvider(stock.CreateMeterProvider),
		telemetry.WithCreateTracerProvider(stock.CreateTracerProvider),
	)
}

// limitRepeats returns create with a logger that limits repeats.
func limitRepeats(create telemetry.CreateLoggerFunc) telemetry.CreateLoggerFunc {
	return func(ctx context.Context, set telemetry.LoggerSettings, config component.Config) (*zap.Logger, component.ShutdownFunc, error) {
		build := set.BuildZapLogger
		if build == nil {
			build = zap.Config.Build
		}
		set.BuildZapLogger = func(zapConfig zap.Config, options ...zap.Option) (*zap.Logger, error) {
			limit := zap.WrapCore(func(core zapcore.Core) zapcore.Core { return newRepeatCore(core, time.Now) })
			// Innermost, as the first option: the options of others see every line.
			return build(zapConfig, append([]zap.Option{limit}, options...)...)
		}
		return create(ctx, set, config)
	}
}
