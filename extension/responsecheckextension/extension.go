// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package responsecheckextension

import (
	"context"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"github.com/oversight-protocol/oversight-otelcol/extension/responsecheckextension/internal/metadata"
)

// logInterval is the least time between two log lines about the same kind of answer.
const logInterval = time.Minute

// responseCheck is the extension. It is safe for concurrent use by several exporters.
type responseCheck struct {
	id        component.ID
	config    *Config
	logger    *zap.Logger
	telemetry *metadata.TelemetryBuilder

	failureStoreLog, trackLog *rate.Limiter

	// receiverReports says that receivers `oversight`, and no others, feed the
	// exporters `elasticsearch` that use this extension.
	receiverReports atomic.Bool
}

var _ extension.Extension = (*responseCheck)(nil)

func newResponseCheck(set extension.Settings, cfg *Config) (*responseCheck, error) {
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return &responseCheck{
		id: set.ID, config: cfg, logger: set.Logger, telemetry: telemetry,
		failureStoreLog: rate.NewLimiter(rate.Every(logInterval), 1),
		trackLog:        rate.NewLimiter(rate.Every(logInterval), 1),
	}, nil
}

// Start makes the counters exist, so that an alert sees their first increment.
func (rc *responseCheck) Start(ctx context.Context, _ component.Host) error {
	rc.startCounters(ctx)
	return nil
}

// Shutdown ends the metrics.
func (rc *responseCheck) Shutdown(context.Context) error {
	rc.telemetry.Shutdown()
	return nil
}
