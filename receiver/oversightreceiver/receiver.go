// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/reconcile"
	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

// shutdownGrace is how long a batch that is being handed on may still take at
// shutdown. Exporters that wait for a destination only give up when they are
// shut down themselves, which comes after the receivers.
const shutdownGrace = 5 * time.Second

// oversightReceiver owns one goroutine, which polls and delivers, and one that
// fetches tree heads where these are configured.
type oversightReceiver struct {
	settings receiver.Settings
	config   *Config
	next     consumer.Logs

	telemetry *telemetry
	reader    *registry.Reader
	store     *checkpointStore
	audit     *audit // nil without `transparency_log`

	stop  context.CancelFunc // ends the loops between two batches; nil until Start
	abort context.CancelFunc // ends a batch that is being handed on
	done  chan struct{}      // closed when the loops have ended
}

func newReceiver(settings receiver.Settings, config *Config, next consumer.Logs) (*oversightReceiver, error) {
	telemetry, err := newTelemetry(settings)
	if err != nil {
		return nil, err
	}
	return &oversightReceiver{settings: settings, config: config, next: next, telemetry: telemetry}, nil
}

// Start gets the storage and starts the loop. It does not touch the database,
// which may appear later.
func (r *oversightReceiver) Start(ctx context.Context, host component.Host) error {
	since, err := parseSince(r.config.Since)
	if err != nil {
		return err
	}
	r.store, err = openCheckpointStore(ctx, host, r.config.StorageID, r.settings.ID)
	if err != nil {
		return err
	}
	if r.config.StorageID == nil {
		r.settings.Logger.Warn("No `storage` is set: every restart begins again where `start_at` says",
			zap.String("start_at", r.config.StartAt))
	}
	heads, err := r.newAudit(ctx, host)
	if err != nil {
		return errors.Join(err, r.release(ctx))
	}
	r.reader = registry.Open(registry.Settings{Path: r.config.Database, RegistryID: r.config.RegistryID})
	poller := &poller{
		config:    r.config,
		since:     since,
		logger:    r.settings.Logger,
		source:    r.reader,
		store:     r.store,
		telemetry: r.telemetry,
		health:    newHealth(host, r.settings.Logger),
		audit:     r.audit,
	}
	var deliverCtx, stopCtx context.Context
	deliverCtx, r.abort = context.WithCancel(context.WithoutCancel(ctx))
	stopCtx, r.stop = context.WithCancel(deliverCtx)
	poller.deliver = func(events []event, findings []finding) error { return r.consume(deliverCtx, events, findings) }
	if err := r.telemetry.observeLag(r.reader, poller.position); err != nil {
		return errors.Join(err, r.release(ctx))
	}
	var loops sync.WaitGroup
	loops.Go(func() { poller.run(stopCtx) })
	if heads != nil {
		loops.Go(func() { heads.run(stopCtx) })
	}
	r.done = make(chan struct{})
	go func() {
		defer close(r.done)
		loops.Wait()
	}()
	return nil
}

// newAudit prepares what `transparency_log` asks for, if it does.
func (r *oversightReceiver) newAudit(ctx context.Context, host component.Host) (*treeHeads, error) {
	config := r.config.TransparencyLog.Get()
	if config == nil {
		return nil, nil
	}
	key, err := config.key(r.config.RegistryID)
	if err != nil {
		return nil, err
	}
	r.audit = &audit{
		settings: reconcile.Settings{
			Leaves: config.Leaves, RegistryID: r.config.RegistryID, Key: key, Wait: config.Wait, Grace: config.Grace,
		},
		logger:    r.settings.Logger,
		telemetry: r.telemetry,
	}
	if !config.TreeHead.HasValue() {
		return nil, r.telemetry.observeLog(&r.audit.size, &r.audit.headSize)
	}
	heads, err := newTreeHeads(ctx, config.TreeHead.Get(), host, r.settings.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	r.audit.heads = heads.bodies
	return heads, r.telemetry.observeLog(&r.audit.size, &r.audit.headSize)
}

// Shutdown lets the batch at hand be delivered and its checkpoint be saved. A
// batch that takes longer than the context or 5 seconds is given up: it is read
// again after the next start.
func (r *oversightReceiver) Shutdown(ctx context.Context) error {
	if r.stop == nil { // never started
		return r.release(ctx)
	}
	r.stop()
	grace := time.NewTimer(shutdownGrace)
	defer grace.Stop()
	select {
	case <-r.done:
	case <-ctx.Done():
	case <-grace.C:
	}
	r.abort()
	select {
	case <-r.done:
	case <-ctx.Done():
		return fmt.Errorf("the pipeline still holds a batch: %w", ctx.Err())
	}
	return r.release(ctx)
}

// release gives back what Start took. It may be called twice.
func (r *oversightReceiver) release(ctx context.Context) error {
	r.telemetry.shutdown()
	var errs []error
	if r.reader != nil {
		errs = append(errs, r.reader.Close())
		r.reader = nil
	}
	errs = append(errs, r.audit.close())
	r.audit = nil
	if r.store != nil {
		errs = append(errs, r.store.close(ctx))
		r.store = nil
	}
	return errors.Join(errs...)
}
