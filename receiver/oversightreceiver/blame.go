// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"

	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/delivery"
)

// blame does what `on_refusal` says with an event that a destination refuses while it
// accepts others. checked is the event with its status.
func (p *poller) blame(ctx context.Context, blamed *delivery.Blamed[event], checked *event) {
	now := p.now().UTC()
	entry := checkpoint.Refused{
		ID: checked.ID, UID: checked.UID, Reason: reasonOf(blamed.Reason), Since: now, Tried: now,
		TlogStatus: checked.TlogStatus, TlogMismatch: checked.TlogMismatch,
	}
	p.listSoon()
	switch {
	case p.config.OnRefusal == RefusalDrop:
		p.telemetry.refused(ctx, outcomeDropped, 1)
		p.logLost(messageDropped, &p.backlog.dropped, entry)
	case blamed.Outcome == delivery.Owed:
		p.telemetry.refused(ctx, outcomeReduced, 1)
		p.logBlamed(zap.WarnLevel, "The destination refuses an event and accepts its reduced form: delivered that; the whole event is kept and retried", entry)
		p.owe(ctx, entry)
	default:
		p.telemetry.refused(ctx, outcomeQuarantined, 1)
		p.logBlamed(zap.WarnLevel, "The destination refuses an event while it accepts others: the event is in quarantine and is retried", entry)
		p.store.quarantine.add(entry)
	}
}

const (
	messageDropped  = "Dropped an event that the destination refuses while it accepts others: `on_refusal` is `drop`"
	messageOverflow = "Gave up delivering an event whole, because too many are owed: its reduced form was delivered, and its row is in the database"
)

// owe adds an event that is owed, and gives up the oldest one where there is no room:
// a stranger must not stop the rest, and the trace of the oldest was delivered.
func (p *poller) owe(ctx context.Context, entry checkpoint.Refused) {
	if p.store.owed.full() {
		oldest := p.store.owed.all()[0]
		p.store.owed.remove(oldest.ID)
		p.telemetry.givenUp(ctx, giveUpOverflow, 1)
		p.logLost(messageOverflow, &p.backlog.overflow, oldest)
	}
	p.store.owed.add(entry)
}
