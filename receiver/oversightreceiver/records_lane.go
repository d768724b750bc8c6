// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/delivery"
)

// recordsLane is the delivery of findings. They wait in the outbox, so that a
// destination that does not accept them gets the events all the same, and the other way
// round.
type recordsLane struct {
	lane *delivery.Lane[*outboxRecord]
	due  time.Time // when to send next; the zero time: at once
	// sent are the records that were sent last, and err is the answer.
	sent     []*outboxRecord
	err      error
	refusals refusals
	findings []finding // kept for the next request
}

// maxRecordsTogether bounds the records of one request.
const maxRecordsTogether = 1000

func (p *poller) newRecordsLane() *delivery.Lane[*outboxRecord] {
	return delivery.NewLane(delivery.Settings{
		MaxRows: maxRecordsTogether, NextInterval: p.newRetryInterval(), Now: p.now,
	}, func(r *outboxRecord) string { return r.finding.UID })
}

// takeFindings puts new findings into the outbox, and delivers them at once if the
// destination accepts them. It returns errStopping, or nil.
func (p *poller) takeFindings(ctx context.Context) error {
	findings := p.reconciliation.findings()
	if len(findings) == 0 {
		return nil
	}
	p.store.outbox.add(findings)
	for p.store.outbox.size() > 0 && !p.now().Before(p.records.due) {
		progress, err := p.stepRecords(ctx)
		if err != nil || !progress {
			return err
		}
	}
	return nil
}

// turnRecords sends findings that wait, if it is time to.
func (p *poller) turnRecords(ctx context.Context) error {
	if p.store.outbox.size() == 0 || p.now().Before(p.records.due) {
		return nil
	}
	progress, err := p.stepRecords(ctx)
	if progress {
		p.save(ctx)
	}
	return err
}

// stepRecords sends findings once, and removes those that were accepted from the
// outbox. The next save removes them from the storage.
func (p *poller) stepRecords(ctx context.Context) (progress bool, err error) {
	records := p.store.outbox.within(p.config.BatchBytes)
	step := p.records.lane.Step(ctx, records, p.sendRecords)
	if isStopping(ctx, &step) {
		return false, errStopping
	}
	p.records.due = time.Time{}
	if step.Wait > 0 {
		p.records.due = p.now().Add(step.Wait)
	}
	p.telemetry.gauges.setHolding(laneRecords, step.Holding)
	progress = step.Passed > 0 || len(step.Ahead) > 0
	p.reportStep(&p.records.refusals, &stepReport{
		class: failureDeliverRecords, sent: fmt.Sprintf("%d findings", len(p.records.sent)), err: step.Err,
		accepted: progress, waits: step.Wait > 0,
	})
	p.store.outbox.remove(deliveredRecords(&step, records)...)
	if step.Blamed != nil {
		p.blameRecord(step.Blamed)
	}
	return progress, nil
}

// deliveredRecords are the records that were accepted in a step.
func deliveredRecords(step *delivery.Step[*outboxRecord], records []*outboxRecord) []*outboxRecord {
	passed := step.Passed
	if step.Blamed != nil {
		passed-- // the last one
	}
	delivered := slices.Clone(records[:passed])
	for _, i := range step.Ahead {
		delivered = append(delivered, records[i])
	}
	return delivered
}

// sendRecords sends findings once.
func (p *poller) sendRecords(_ context.Context, records []*outboxRecord, form delivery.Form) error {
	if form == delivery.Reduced { // there is none: it is refused as the whole record was
		return p.records.err
	}
	findings := p.records.findings[:0]
	for _, r := range records {
		findings = append(findings, r.finding)
	}
	p.records.sent, p.records.findings = records, findings
	p.records.refusals.sent = p.now()
	p.records.err = p.deliver(nil, findings)
	return p.records.err
}

// blameRecord moves a finding that is refused while others are accepted to the end of
// the outbox, where it is retried: there is no row from which it could be read again.
func (p *poller) blameRecord(blamed *delivery.Blamed[*outboxRecord]) {
	r := blamed.Row
	p.store.outbox.moveToEnd(r)
	if r.reported {
		return
	}
	r.reported = true
	p.logger.Warn("The destination refuses a finding while it accepts others; the finding is kept and retried",
		zap.String("uid", r.finding.UID), zap.String("kind", r.finding.Kind), zap.String("finding", r.finding.Message),
		zap.String("reason", reasonOf(blamed.Reason)))
}
