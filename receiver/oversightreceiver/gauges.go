// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/metric"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

// gauges are what metrics report when they are collected. They are set when they
// change, so that a collection waits for nothing. They are safe for concurrent use.
type gauges struct {
	readable    atomic.Bool  // the last attempt to read the database succeeded
	lastSuccess atomic.Int64 // unix seconds
	quarantined atomic.Int64 // events in quarantine
	owed        atomic.Int64 // events delivered in their reduced form only
	outbox      atomic.Int64 // records that are saved and not delivered yet
	// recheckCycle is how long the last look at all delivered rows took, in nanoseconds.
	recheckCycle atomic.Int64

	holdingEvents, holdingRecords atomic.Bool
}

// setHolding says whether a lane holds.
func (g *gauges) setHolding(lane lane, holding bool) {
	if lane == laneRecords {
		g.holdingRecords.Store(holding)
		return
	}
	g.holdingEvents.Store(holding)
}

// setRefused says how many events were refused and are retried.
func (g *gauges) setRefused(quarantined, owed int) {
	g.quarantined.Store(int64(quarantined))
	g.owed.Store(int64(owed))
}

// setOutbox says how many records are saved and not delivered yet.
func (g *gauges) setOutbox(records int) { g.outbox.Store(int64(records)) }

// setRecheckCycle says how long the last look at all delivered rows took.
func (g *gauges) setRecheckCycle(took time.Duration) { g.recheckCycle.Store(int64(took)) }

// observe observes all gauges whenever metrics are collected. sizes is nil without
// a transparency log.
func (t *telemetry) observe(lag *lagMeter, sizes *logSizes) error {
	t.gauges.lastSuccess.Store(time.Now().Unix())
	b := t.builder
	registration, err := t.meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		t.observeDelivery(o)
		t.observeDatabase(o, lag)
		if sizes != nil {
			o.ObserveInt64(b.OversightReceiverTlogSize, sizes.leaves.Load(), t.attributes)
			o.ObserveInt64(b.OversightReceiverTlogHeadSize, sizes.head.Load(), t.attributes)
			o.ObserveInt64(b.OversightReceiverTlogWaitingRows, sizes.waiting.Load(), t.attributes)
		}
		return nil
	}, b.OversightReceiverTlogSize, b.OversightReceiverTlogHeadSize, b.OversightReceiverTlogWaitingRows, b.OversightReceiverHolding,
		b.OversightReceiverLastSuccessTime, b.OversightReceiverQuarantinedEvents, b.OversightReceiverOwedEvents,
		b.OversightReceiverOutboxRecords, b.OversightReceiverRecheckCycleDuration, b.OversightReceiverDatabaseReadable, b.OversightReceiverLag,
		b.OversightReceiverOldestUnreadAge)
	if err == nil {
		t.registration = registration
	}
	return err
}

func (t *telemetry) observeDelivery(o metric.Observer) {
	b, g := t.builder, &t.gauges
	o.ObserveInt64(b.OversightReceiverHolding, zeroOrOne(g.holdingEvents.Load()), t.attributes, with("lane", string(laneEvents)))
	o.ObserveInt64(b.OversightReceiverHolding, zeroOrOne(g.holdingRecords.Load()), t.attributes, with("lane", string(laneRecords)))
	o.ObserveInt64(b.OversightReceiverLastSuccessTime, g.lastSuccess.Load(), t.attributes)
	o.ObserveInt64(b.OversightReceiverQuarantinedEvents, g.quarantined.Load(), t.attributes)
	o.ObserveInt64(b.OversightReceiverOwedEvents, g.owed.Load(), t.attributes)
	o.ObserveInt64(b.OversightReceiverOutboxRecords, g.outbox.Load(), t.attributes)
	o.ObserveFloat64(b.OversightReceiverRecheckCycleDuration, time.Duration(g.recheckCycle.Load()).Seconds(), t.attributes)
}

func (t *telemetry) observeDatabase(o metric.Observer, meter *lagMeter) {
	b := t.builder
	readable := t.gauges.readable.Load() && meter.working()
	o.ObserveInt64(b.OversightReceiverDatabaseReadable, zeroOrOne(readable), t.attributes)
	rows, seconds := int64(-1), float64(-1)
	if lag, ok := meter.lag(); ok {
		rows, seconds = lag.Rows, age(lag)
	}
	o.ObserveInt64(b.OversightReceiverLag, rows, t.attributes)
	o.ObserveFloat64(b.OversightReceiverOldestUnreadAge, seconds, t.attributes)
}

// age is that of the oldest unread row in seconds. It is 0 where the clock is behind
// the registry's.
func age(lag registry.Lag) float64 {
	if lag.Oldest.IsZero() {
		return 0
	}
	return max(0, time.Since(lag.Oldest).Seconds())
}

func zeroOrOne(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
