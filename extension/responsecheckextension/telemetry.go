// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package responsecheckextension

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// startCounters makes every counter exist at 0.
func (rc *responseCheck) startCounters(ctx context.Context) {
	rc.telemetry.ResponsecheckConfigurationWarnings.Record(ctx, 0)
	rc.telemetry.ResponsecheckFailureStoreDocuments.Add(ctx, 0)
	rc.telemetry.ResponsecheckRedirectsRefused.Add(ctx, 0)
	classes := []string{classDestination, classContent, classSize, classUnknown, classBusy, classRetryable}
	for _, protocol := range []string{protocolHEC, protocolBulk, protocolOTLP, protocolTrack, protocolOther} {
		rc.telemetry.ResponsecheckRequests.Add(ctx, 0, requestAttributes(protocol, outcomeAccepted))
		for _, class := range classes {
			rc.telemetry.ResponsecheckRequests.Add(ctx, 0, requestAttributes(protocol, class))
			rc.telemetry.ResponsecheckRefusedDocuments.Add(ctx, 0, documentAttributes(protocol, class))
		}
	}
}

// count counts a request.
func (rc *responseCheck) count(ctx context.Context, protocol, outcome string) {
	rc.telemetry.ResponsecheckRequests.Add(ctx, 1, requestAttributes(protocol, outcome))
}

// countRefusal counts a request that was refused, and its documents.
func (rc *responseCheck) countRefusal(ctx context.Context, protocol string, refused *refusal) {
	rc.count(ctx, protocol, refused.class)
	rc.telemetry.ResponsecheckRefusedDocuments.Add(ctx, int64(refused.documents), documentAttributes(protocol, refused.class))
}

func requestAttributes(protocol, outcome string) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(
		attribute.String("protocol", protocol), attribute.String("outcome", outcome)))
}

func documentAttributes(protocol, class string) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(
		attribute.String("protocol", protocol), attribute.String("class", class)))
}
