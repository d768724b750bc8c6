// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package responsecheckextension

import (
	"context"

	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/guarantee"
)

// NotifyConfig warns of what breaks the guarantee of the pipelines that a receiver
// `oversight` feeds, and finds out whether such receivers report refusals. It gets the
// effective configuration, in which defaults are set, at each start and after each reload.
//
// It implements extensioncapabilities.ConfigWatcher, which is not named here, since
// later releases of the core do not have it: with them there are no warnings,
// and the exporter `elasticsearch` reports each refusal as its status.
func (rc *responseCheck) NotifyConfig(ctx context.Context, conf *confmap.Conf) error {
	values := conf.ToStringMap()
	rc.receiverReports.Store(guarantee.ReceiverReports(values, rc.id.String()))
	warnings := guarantee.Check(values)
	for _, w := range warnings {
		rc.logger.Warn("The configuration can lose or repeat events",
			zap.String("pipeline", w.Pipeline), zap.String("part", w.Part),
			zap.String("problem", w.Problem), zap.String("remedy", w.Remedy))
	}
	rc.telemetry.ResponsecheckConfigurationWarnings.Record(ctx, int64(len(warnings)))
	return nil
}
