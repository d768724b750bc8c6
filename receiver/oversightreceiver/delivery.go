// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.uber.org/zap"
)

// errStopping ends the loop: the receiver is being shut down.
var errStopping = errors.New("shutting down")

// stoppingOr is err, unless that is only an effect of the shutdown.
func stoppingOr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errStopping
	}
	return err
}

// deliverWithRetry hands events on until the pipeline takes them or refuses
// them for good. It returns nil in both cases: the cursor may move. Any error
// means that the events have to be read again.
func (p *poller) deliverWithRetry(ctx context.Context, events []event, findings []finding) error {
	retry := p.newBackOff()
	first := time.Now()
	for {
		err := p.deliver(events, findings)
		switch {
		case err == nil:
			return nil
		case consumererror.IsPermanent(err):
			p.refused(ctx, events, findings, err, "The pipeline refused events for good: they are dropped")
			return nil
		case ctx.Err() != nil:
			return errStopping
		case !p.config.Enabled:
			return fmt.Errorf("hand on events: %w", err)
		case p.config.MaxElapsedTime > 0 && time.Since(first) >= p.config.MaxElapsedTime:
			p.refused(ctx, events, findings, err, "The pipeline did not take events within `retry_on_failure.max_elapsed_time`: they are dropped")
			return nil
		}
		p.health.recoverable(fmt.Errorf("hand on %s, trying again: %w", described(events, findings), err))
		if !sleep(ctx, retry.NextBackOff()) {
			return errStopping
		}
	}
}

func (p *poller) newBackOff() *backoff.ExponentialBackOff {
	return &backoff.ExponentialBackOff{
		InitialInterval:     p.config.InitialInterval,
		RandomizationFactor: p.config.RandomizationFactor,
		Multiplier:          p.config.Multiplier,
		MaxInterval:         p.config.MaxInterval,
	}
}

func (p *poller) refused(ctx context.Context, events []event, findings []finding, err error, message string) {
	p.telemetry.refused(ctx)
	fields := []zap.Field{zap.Int("events", len(events)), zap.Int("findings", len(findings))}
	if len(events) > 0 {
		fields = append(fields, zap.Int64("first_id", events[0].ID), zap.Int64("last_id", events[len(events)-1].ID))
	}
	for i := range findings { // which nothing else tells any more
		fields = append(fields, zap.String("finding", findings[i].Message))
	}
	p.logger.Error(message, append(fields, zap.Error(err))...)
}

func described(events []event, findings []finding) string {
	if len(events) == 0 {
		return fmt.Sprintf("%d findings", len(findings))
	}
	return fmt.Sprintf("events %d to %d", events[0].ID, events[len(events)-1].ID)
}
