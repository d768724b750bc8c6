// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumererror"

	"github.com/oversight-protocol/oversight-otelcol/internal/delivery"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

type checkpointRecord = translator.Checkpoint

// CheckpointRecordsConfig is what a user writes below `checkpoint_records:`. Checkpoint
// records, with the EventName oversight.checkpoint, say up to where events are delivered,
// what was verified, what waits, and which tree head the registry signed.
type CheckpointRecordsConfig struct {
	// Interval is the time between two records. There is one more at shutdown.
	// Default 1h; at least 1s, or 0: none are made, at shutdown neither.
	Interval time.Duration `mapstructure:"interval"`

	// Collector is the name of this collector in the records, which should stay the same
	// over restarts, and be another one on each machine. At most 255 bytes.
	// Default: the machine's host name.
	Collector string `mapstructure:"collector"`

	// prevent unkeyed literal initialization
	_ struct{}
}

const (
	defaultCheckpointInterval = time.Hour
	// minCheckpointInterval catches numbers without a unit, which are nanoseconds.
	minCheckpointInterval = time.Second
	// maxCollectorName is the longest name of a host (RFC 1035, section 2.3.4).
	maxCollectorName = 255
	// lastRecordTimeout bounds the delivery of the record at shutdown, so that other
	// receivers that are shut down later have time for theirs.
	lastRecordTimeout = time.Second
)

// Validate reports every wrong setting. It does no I/O.
func (c *CheckpointRecordsConfig) Validate() error {
	var errs []error
	if c.Interval != 0 && c.Interval < minCheckpointInterval {
		errs = append(errs, fmt.Errorf("`interval` is %s: must be at least %s, or 0 for no checkpoint records; write a unit, such as 1h", c.Interval, minCheckpointInterval))
	}
	if len(c.Collector) > maxCollectorName || !utf8.ValidString(c.Collector) || strings.ContainsFunc(c.Collector, unicode.IsControl) {
		errs = append(errs, fmt.Errorf("`collector` is %q: must be at most %d bytes of text without control characters", c.Collector, maxCollectorName))
	}
	return errors.Join(errs...)
}

// checkpointRecords makes checkpoint records and delivers them. A record that is not
// accepted is not kept: the next one says the same, and more. It is for the poller's
// goroutine.
type checkpointRecords struct {
	interval            time.Duration
	collector, receiver string
	// lag is how many rows are not delivered yet; ok is false if that is not known.
	lag func() (rows int64, ok bool)
	// send hands a record over to the pipeline, and gives up after the timeout, if that
	// is not 0.
	send func(record *checkpointRecord, timeout time.Duration) error

	next     time.Time // when the interval is over
	due      time.Time // when to send next: next, or when the failed attempt is repeated
	retry    func(failures int) time.Duration
	failures int // attempts since one was accepted

	since  time.Time // from when on the following are counted
	counts eventCounts
}

// eventCounts are how many events were delivered, and were found to have each status.
type eventCounts struct {
	delivered                                           int64
	verified, mismatch, missing, duplicate, unavailable int64
}

// newCheckpointRecords returns nil if there are to be none.
func (r *oversightReceiver) newCheckpointRecords(lag *lagMeter) *checkpointRecords {
	config := &r.config.CheckpointRecords
	if config.Interval == 0 {
		return nil
	}
	return &checkpointRecords{
		interval: config.Interval, collector: cmp.Or(config.Collector, hostName(r.settings.TelemetrySettings)), receiver: r.settings.ID.String(),
		lag: func() (int64, bool) {
			measured, ok := lag.lag()
			return measured.Rows, ok && lag.working()
		},
	}
}

// hostName is the machine's, or where that is not known the collector's
// service.instance.id.
func hostName(set component.TelemetrySettings) string {
	if name, err := os.Hostname(); err == nil && name != "" {
		return delivery.CutText(strings.ToValidUTF8(name, "\uFFFD"), maxCollectorName)
	}
	id, _ := set.Resource.Attributes().Get("service.instance.id")
	return id.AsString()
}

// begin starts the interval and the counts.
func (c *checkpointRecords) begin(now time.Time, retry func(int) time.Duration) {
	c.since, c.retry = now, retry
	c.next = now.Add(c.interval)
	c.due = c.next
}

// countChecked counts events by their status.
func (c *eventCounts) countChecked(events []event) {
	for i := range events {
		switch events[i].TlogStatus {
		case translator.TlogStatusVerified:
			c.verified++
		case translator.TlogStatusMismatch:
			c.mismatch++
		case translator.TlogStatusMissing:
			c.missing++
		case translator.TlogStatusDuplicate:
			c.duplicate++
		case translator.TlogStatusUnavailable:
			c.unavailable++
		}
	}
}

// passed counts events whose claims are about to be committed.
func (p *poller) passed(ctx context.Context, events []event) {
	p.reconciliation.passed(ctx, events)
	if p.checkpoints != nil && p.config.TransparencyLog.HasValue() {
		p.checkpoints.counts.countChecked(events)
	}
}

// countDelivered counts the events that a step has delivered, whole or reduced.
func (p *poller) countDelivered(step *delivery.Step[event]) {
	if p.checkpoints == nil {
		return
	}
	p.checkpoints.counts.delivered += int64(step.Passed + len(step.Ahead))
	if step.Blamed != nil && step.Blamed.Outcome == delivery.Quarantined {
		p.checkpoints.counts.delivered--
	}
}

// turnCheckpointRecord delivers a checkpoint record if it is time to. It returns
// errStopping, or nil.
func (p *poller) turnCheckpointRecord(ctx context.Context) error {
	c := p.checkpoints
	if c == nil || p.now().Before(c.due) {
		return nil
	}
	record := p.newCheckpointRecord(translator.CheckpointReasonInterval)
	err := c.send(record, 0)
	if errors.Is(err, errStopping) || err != nil && ctx.Err() != nil {
		return errStopping
	}
	c.sent(record, err, p.now())
	if err != nil {
		err = fmt.Errorf("deliver a checkpoint record: %w", err)
	}
	p.reportFailure(failureDeliverCheckpoint, err)
	return nil
}

// sent takes over what became of a record.
func (c *checkpointRecords) sent(record *checkpointRecord, err error, now time.Time) {
	for !c.next.After(now) {
		c.next = c.next.Add(c.interval)
	}
	c.due = c.next
	if err == nil {
		c.failures, c.since, c.counts = 0, record.Observed, eventCounts{}
		return
	}
	c.failures++
	if !consumererror.IsPermanent(err) { // otherwise the next attempt would fail, too
		c.due = earliest(c.next, now.Add(c.retry(c.failures)))
	}
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// sendLastCheckpointRecord delivers a record when the receiver is being shut down, if the
// pipeline has accepted what was sent last: the time for a shutdown is short.
func (p *poller) sendLastCheckpointRecord(ctx context.Context) {
	c := p.checkpoints
	if c == nil || !p.started || ctx.Err() == nil || c.failures > 0 || p.events.refused || p.events.holding || p.store.outbox.size() > 0 {
		return
	}
	// Best effort: what it would have said is in the first record after the next start.
	_ = c.send(p.newCheckpointRecord(translator.CheckpointReasonShutdown), lastRecordTimeout)
}

// newCheckpointRecord is a record of what is delivered and what waits now.
func (p *poller) newCheckpointRecord(reason string) *checkpointRecord {
	c := p.checkpoints
	record := &checkpointRecord{
		RegistryID: p.config.RegistryID, Observed: p.now().UTC(), Collector: c.collector, Receiver: c.receiver, Reason: reason,
		LastEventID: max(0, p.cursor.ID), LastRowUID: p.cursor.UID,
		Since: c.since.UTC(), Delivered: c.counts.delivered,
		Verified: c.counts.verified, Mismatch: c.counts.mismatch, Missing: c.counts.missing,
		Duplicate: c.counts.duplicate, Unavailable: c.counts.unavailable,
		Quarantined: int64(p.store.quarantine.size), Reduced: int64(p.store.owed.size), Findings: int64(p.store.outbox.size()),
		HoldingSince: p.events.holdingSince.UTC(),
	}
	record.Undelivered, record.HasUndelivered = c.lag()
	if p.events.holdingSince.IsZero() {
		record.HoldingSince = time.Time{}
	}
	p.reconciliation.report(record)
	record.Message = checkpointMessage(record)
	record.SetUID()
	return record
}

// checkpointMessage is one sentence for a person.
func checkpointMessage(c *checkpointRecord) string {
	text := "No event is delivered yet"
	if c.LastEventID != 0 {
		text = fmt.Sprintf("Events up to id %d are delivered, %d of them since %s", c.LastEventID, c.Delivered, c.Since.Format(time.RFC3339))
	}
	if c.Checked {
		text += fmt.Sprintf("; %d were verified, and the transparency log has %d leaves", c.Verified, c.TlogSize)
	}
	if !c.HoldingSince.IsZero() {
		text += "; the destination accepts nothing since " + c.HoldingSince.Format(time.RFC3339)
	}
	return text + "."
}

// report implements [reconciliation].
func (noReconciliation) report(*checkpointRecord) {}

// report implements [reconciliation].
func (l *logReconciliation) report(record *checkpointRecord) {
	record.Checked, record.TlogSize = true, l.reconciler.Size()
	if root, known := l.reconciler.Root(); known {
		record.TlogRoot = root.String()
	}
	if head := l.reconciler.SignedHead(); head != nil {
		record.HeadSize, record.HeadRoot, record.HeadSignature = head.Size, head.Root, head.Signature
	}
}

// deliverCheckpointRecord hands a record over to the pipeline.
func (r *oversightReceiver) deliverCheckpointRecord(ctx context.Context, record *checkpointRecord, timeout time.Duration) error {
	if ctx.Err() != nil {
		return errStopping
	}
	within := ctx
	if timeout > 0 {
		var cancel context.CancelFunc
		within, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	return r.watched(ctx, laneRecords, func() string { return "delivering a checkpoint record" }, func() error {
		return r.consume(within, nil, nil, record)
	})
}
