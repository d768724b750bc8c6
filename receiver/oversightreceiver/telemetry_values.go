// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"

	"go.opentelemetry.io/otel/metric"

	"github.com/oversight-protocol/oversight-otelcol/internal/delivery"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// lane is what is delivered: a value of the attribute `lane`.
type lane string

const (
	laneEvents  lane = "events"  // rows of the table
	laneRecords lane = "records" // findings
)

// outcome is what became of a refused event: a value of the attribute `outcome`.
type outcome string

const (
	outcomeReduced     outcome = "reduced"     // its reduced form was accepted, the whole event is owed
	outcomeQuarantined outcome = "quarantined" // no form was accepted; it is retried
	outcomeDropped     outcome = "dropped"     // `on_refusal` is `drop`
)

// giveUpReason is why a refused event is not retried any more: a value of the
// attribute `reason`.
type giveUpReason string

const (
	giveUpConfiguration giveUpReason = "configuration" // `give_up` names it
	giveUpOverflow      giveUpReason = "overflow"      // too many events are owed
	giveUpMissing       giveUpReason = "missing"       // the row is gone, or is another event now
)

// classNames are the values of the attribute `class`.
var classNames = map[delivery.Class]string{
	delivery.ClassUnknown:     "unknown",
	delivery.ClassRetryable:   "retryable",
	delivery.ClassBusy:        delivery.RefusedBusy,
	delivery.ClassDestination: delivery.RefusedByDestination,
	delivery.ClassContent:     delivery.RefusedContent,
	delivery.ClassSize:        delivery.RefusedSize,
}

// tlogStatuses are the values of the attribute `status`.
var tlogStatuses = []string{
	translator.TlogStatusVerified, translator.TlogStatusMismatch, translator.TlogStatusMissing,
	translator.TlogStatusDuplicate, translator.TlogStatusUnavailable,
}

// integrityKinds are the values of the attribute `kind`.
var integrityKinds = []string{
	translator.IntegrityRowMismatch, translator.IntegrityLeafWithoutRow, translator.IntegrityLogRewritten,
	translator.IntegrityLeafCorrupt, translator.IntegrityHeadSignatureInvalid, translator.IntegrityHeadInconsistent,
	translator.IntegrityDatabaseReplaced,
	translator.IntegrityRowUnlogged,
	translator.IntegrityRowEdited,
	translator.IntegrityRowDeleted,
	translator.IntegrityRowInserted,
	translator.IntegrityRowsChanged,
	translator.IntegrityHeadNotCompared,
	translator.IntegrityHeadWentBack,
	translator.IntegrityHeadMissing,
	translator.IntegrityTokenRebound,
	translator.IntegrityManifestReplaced,
	translator.IntegrityRowsRechecked,
	translator.IntegrityRowsPruned,
	translator.IntegrityRowsRolledBack,
	translator.IntegrityLeafIndexJumped,
}

// begin makes every counter exist at 0, with each combination of attributes that can
// occur: the increase of a counter that appears with its first increment is not seen.
func (t *telemetry) begin(ctx context.Context, withLog bool) {
	t.read(ctx, nil)
	t.refusedDelivered(ctx, 0)
	t.rechecked(ctx, 0)
	for _, counter := range []metric.Int64Counter{
		t.builder.OversightReceiverDatabaseReplacements, t.builder.OversightReceiverFailedReads,
		t.builder.OversightReceiverCheckpointFailures, t.builder.OversightReceiverValuesTruncated,
	} {
		counter.Add(ctx, 0, t.attributes)
	}
	for _, lane := range []lane{laneEvents, laneRecords} {
		for _, class := range classNames {
			t.builder.OversightReceiverFailedDeliveries.Add(ctx, 0, t.attributes, with("lane", string(lane)), with("class", class))
		}
	}
	for _, outcome := range []outcome{outcomeReduced, outcomeQuarantined, outcomeDropped} {
		t.refused(ctx, outcome, 0)
	}
	for _, reason := range []giveUpReason{giveUpConfiguration, giveUpOverflow, giveUpMissing} {
		t.givenUp(ctx, reason, 0)
	}
	for _, kind := range integrityKinds { // some are found without a log
		t.builder.OversightReceiverTlogFindings.Add(ctx, 0, t.attributes, with("kind", kind))
	}
	if !withLog {
		return
	}
	for _, status := range tlogStatuses {
		t.builder.OversightReceiverTlogEvents.Add(ctx, 0, t.attributes, with("status", status))
	}
	for _, result := range headResults() {
		t.builder.OversightReceiverTlogHeads.Add(ctx, 0, t.attributes, with("result", string(result)))
	}
}
