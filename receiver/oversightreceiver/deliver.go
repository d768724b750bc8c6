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

// ignoreIfStopping returns the error, or errStopping if it is only an effect of the
// shutdown.
func ignoreIfStopping(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errStopping
	}
	return err
}

// deliverWithRetry delivers events and findings until the pipeline accepts them or
// refuses them permanently. It returns nil in both cases: the cursor may move. With
// any error the events must be read again.
func (p *poller) deliverWithRetry(ctx context.Context, events []event, findings []finding) error {
	retry := &p.config.RetryConfig
	interval := p.newBackOff()
	first := time.Now()
	for {
		err := p.deliver(events, findings)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, errStopping):
			return err
		case consumererror.IsPermanent(err):
			p.dropped(ctx, events, findings, err, "Dropped events: the pipeline refused them permanently")
			return nil
		case ctx.Err() != nil:
			return errStopping
		case !retry.Enabled:
			return fmt.Errorf("deliver %s: %w", described(events, findings), err)
		case retry.MaxElapsedTime > 0 && time.Since(first) >= retry.MaxElapsedTime:
			p.dropped(ctx, events, findings, err, "Dropped events: the pipeline did not accept them within `retry_on_failure.max_elapsed_time`")
			return nil
		}
		p.health.recoverable(failureDeliver, fmt.Errorf("deliver %s: %w", described(events, findings), err))
		if !sleep(ctx, interval.NextBackOff()) {
			return errStopping
		}
	}
}

func (p *poller) newBackOff() *backoff.ExponentialBackOff {
	retry := &p.config.RetryConfig
	return &backoff.ExponentialBackOff{
		InitialInterval:     retry.InitialInterval,
		RandomizationFactor: retry.RandomizationFactor,
		Multiplier:          retry.Multiplier,
		MaxInterval:         retry.MaxInterval,
	}
}

func (p *poller) dropped(ctx context.Context, events []event, findings []finding, err error, message string) {
	p.telemetry.refused(ctx, outcomeDropped, len(events))
	fields := []zap.Field{zap.Int("events", len(events)), zap.Int("findings", len(findings))}
	if len(events) > 0 {
		fields = append(fields, zap.Int64("first_id", events[0].ID), zap.Int64("last_id", events[len(events)-1].ID))
	}
	for i := range findings { // the log is the only place that still has them
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
