// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/reconcile"
	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

// oversightReceiver owns one goroutine, which polls and delivers, and one that
// fetches tree heads where these are configured. What these use, they release.
type oversightReceiver struct {
	settings  receiver.Settings
	config    *Config
	next      consumer.Logs
	telemetry *telemetry
	store     *checkpointStore // nil until Start
	health    *health          // nil until Start

	reverifyEvery time.Duration // how often the whole transparency log is verified again
	now           func() time.Time

	stop      context.CancelFunc // ends the loops between two batches; nil until Start has succeeded
	abort     context.CancelFunc // cancels the batch that is being delivered
	done      chan struct{}      // closed when the loops have ended and released what they used
	loopsErr  error              // of releasing that; to be read when done is closed
	abandoned atomic.Bool        // Shutdown has returned without waiting for the loops
}

func newReceiver(settings receiver.Settings, config *Config, next consumer.Logs) (*oversightReceiver, error) {
	telemetry, err := newTelemetry(settings)
	if err != nil {
		return nil, err
	}
	return &oversightReceiver{
		settings: settings, config: config, next: next, telemetry: telemetry, reverifyEvery: reverifyInterval, now: time.Now,
	}, nil
}

// Start gets the storage and starts the loops. It does not touch the database,
// which may appear later.
func (r *oversightReceiver) Start(ctx context.Context, host component.Host) error {
	if err := checkPlatform(runtime.GOOS); err != nil {
		return err
	}
	processShutdown.reset()
	if err := r.start(ctx, host); err != nil {
		return errors.Join(err, r.release(ctx))
	}
	return nil
}

// checkPlatform returns an error where a database cannot be read without a trace.
func checkPlatform(goos string) error {
	if goos == "windows" {
		return errors.New("`database` is not supported on windows: reading a live SQLite database without locks needs the file system of Linux, macOS or FreeBSD. Run the collector on one of these, or use oversight-siem export on a copy of the database")
	}
	return nil
}

func (r *oversightReceiver) start(ctx context.Context, host component.Host) (err error) {
	since, err := registry.ParseTime("`since`", r.config.Since)
	if err != nil {
		return err
	}
	logger := r.settings.Logger
	r.health = newHealth(host, logger)
	r.store, err = openCheckpointStore(ctx, host, r.config.StorageID, r.settings.ID, r.health, logger)
	if err != nil {
		return err
	}
	r.store.background.enabled = r.config.StorageID != nil && r.config.Recheck.Rate > 0
	r.store.background.registryID = r.config.RegistryID
	if r.config.StorageID == nil {
		logger.Warn("No `storage` is set: every restart reads from `start_at`", zap.String("start_at", r.config.StartAt))
	}
	reader := registry.Open(registry.Settings{Path: r.config.Database, RegistryID: r.config.RegistryID})
	openReconciliation, sizes, loops, err := r.newReconciliation(ctx, host, reader)
	if err != nil {
		return errors.Join(err, reader.Close())
	}
	poller := &poller{
		config:             r.config,
		since:              since,
		logger:             logger,
		source:             &watchedSource{reader, r.health, r.config.Database, newNoticeLog(logger)},
		store:              r.store,
		telemetry:          r.telemetry,
		health:             r.health,
		now:                r.now,
		openReconciliation: openReconciliation,
		reconciliation:     noReconciliation{}, // until the checkpoint is loaded
	}
	poller.delivered.Store(-1) // until the checkpoint is loaded
	lag := newLagMeter(reader.Lag, poller.position)
	poller.checkpoints = r.newCheckpointRecords(lag)
	r.telemetry.begin(ctx, sizes != nil)
	if err := r.telemetry.observe(lag, sizes); err != nil {
		return errors.Join(err, reader.Close())
	}
	deliverCtx, abort := context.WithCancel(context.WithoutCancel(ctx))
	stopCtx, stop := context.WithCancel(deliverCtx)
	poller.deliver = func(events []event, findings []finding) error {
		return r.deliver(deliverCtx, events, findings)
	}
	if poller.checkpoints != nil {
		poller.checkpoints.send = func(record *checkpointRecord, timeout time.Duration) error {
			return r.deliverCheckpointRecord(deliverCtx, record, timeout)
		}
	}
	r.stop, r.abort, r.done = stop, abort, make(chan struct{})
	go func() {
		defer close(r.done)
		runAll(stopCtx, append(loops, poller.run, lag.run))
		r.loopsErr = errors.Join(poller.reconciliation.close(), reader.Close())
	}()
	return nil
}

// deliver hands events and findings over to the pipeline, and reports how that goes.
func (r *oversightReceiver) deliver(ctx context.Context, events []event, findings []finding) error {
	lane := laneEvents
	if len(events) == 0 {
		lane = laneRecords
	}
	return r.watched(ctx, lane, func() string { return "delivering " + described(events, findings) }, func() error {
		return r.consume(ctx, events, findings)
	})
}

// watched calls consume, and reports how that goes.
func (r *oversightReceiver) watched(ctx context.Context, lane lane, what func() string, consume func() error) error {
	returned := r.health.watchDelivery(what)
	begin := time.Now()
	err := consume()
	returned(err)
	if r.abandoned.Load() {
		return errStopping
	}
	if ctx.Err() == nil { // otherwise the error says nothing
		r.telemetry.sent(ctx, lane, time.Since(begin), err)
	}
	return err
}

// loop runs until the context is done.
type loop = func(context.Context)

// runAll returns when all loops have ended.
func runAll(ctx context.Context, loops []loop) {
	var running sync.WaitGroup
	for _, run := range loops {
		running.Go(func() { run(ctx) })
	}
	running.Wait()
}

// newReconciliation prepares what `transparency_log` configures, with the loops that
// the reconciliation needs beside the poller's.
func (r *oversightReceiver) newReconciliation(ctx context.Context, host component.Host, reader *registry.Reader) (open openReconciliation, sizes *logSizes, loops []loop, err error) {
	config := r.config.TransparencyLog.Get()
	if config == nil {
		return openNoReconciliation, nil, nil, nil
	}
	key, err := config.key(r.config.RegistryID)
	if err != nil {
		return nil, nil, nil, err
	}
	settings := logSettings{
		Settings: reconcile.Settings{
			Leaves: config.Leaves, RegistryID: r.config.RegistryID, Key: key,
			Wait: config.Wait, Grace: config.Grace, ReverifyEvery: r.reverifyEvery, Now: time.Now,
			Registrations: reader,
		},
		logger:    r.settings.Logger,
		telemetry: r.telemetry,
		sizes:     new(logSizes),
	}
	if head := config.TreeHead.Get(); head != nil {
		heads, err := newTreeHeads(ctx, head, host, r.settings.TelemetrySettings, r.telemetry)
		if err != nil {
			return nil, nil, nil, err
		}
		settings.heads, settings.HeadInterval = heads.bodies, head.Interval
		loops = append(loops, heads.run)
	}
	return openReconciliation(settings.open).watched(r.health, config.Leaves, config.Wait), settings.sizes, loops, nil
}

// Shutdown waits until the current batch is delivered and its checkpoint saved. It
// cancels a batch after 4 seconds, or when the context is done, and abandons it a
// second later: it is delivered again after the next start. Receivers that are shut
// down one after another share these 5 seconds.
func (r *oversightReceiver) Shutdown(ctx context.Context) error {
	if r.stop == nil { // never started
		return r.release(ctx)
	}
	r.health.close()
	r.stop()
	defer r.abort()
	abort, abandon := processShutdown.begin(time.Now())
	if !r.waitUntilDone(ctx, abort) {
		r.abort()
		if !r.waitUntilDone(ctx, abandon) {
			r.abandoned.Store(true)
			return errors.Join(
				errors.New("reading events or delivering them did not end in time: a batch that the pipeline has not accepted is delivered again after the next start"),
				r.release(ctx))
		}
	}
	return errors.Join(r.loopsErr, r.release(ctx))
}

// waitUntilDone waits for the loops, at most until that time, and reports whether
// they have ended.
func (r *oversightReceiver) waitUntilDone(ctx context.Context, until time.Time) bool {
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-r.done:
		return true
	case <-ctx.Done():
	case <-timer.C:
	}
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// release releases what the loops do not: the storage and the observation of gauges.
// It may be called twice.
func (r *oversightReceiver) release(ctx context.Context) error {
	r.telemetry.shutdown()
	if r.store == nil {
		return nil
	}
	return r.store.close(ctx)
}
