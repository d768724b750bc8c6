// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package deadletterconnector

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pipeline"
	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/delivery"
)

// deadLetter is the connector. It is safe for concurrent use.
type deadLetter struct {
	config    *Config
	id        component.ID
	logger    *zap.Logger
	telemetry *telemetry
	health    *health
	targets   []*target
	sinks     []*sink
	offsets   *offsets
	kept      *keptRecords
	storage   *stateStorage // nil: none

	// closing ends when the connector is shut down.
	closing context.Context
	close   context.CancelFunc

	mu    sync.Mutex     // guards that no call begins after the shutdown has
	calls sync.WaitGroup // those that have not returned
}

func newConnector(set connector.Settings, config *Config, next consumer.Logs) (*deadLetter, error) {
	router, ok := next.(connector.LogsRouterAndConsumer)
	if !ok {
		return nil, errors.New("the collector gives the connector no pipelines to choose from")
	}
	if err := checkPipelines(config, router.PipelineIDs()); err != nil {
		return nil, err
	}
	telemetry, err := newTelemetry(set.TelemetrySettings, set.ID)
	if err != nil {
		return nil, err
	}
	c := &deadLetter{config: config, id: set.ID, logger: set.Logger, telemetry: telemetry, health: newHealth(set.Logger)}
	c.closing, c.close = context.WithCancel(context.Background())
	c.offsets = newOffsets(config.ReportExpired, set.Logger, c.health, telemetry)
	c.kept = newKeptRecords(set.Logger)
	if err := c.addPipelines(set, router); err != nil {
		return nil, err
	}
	return c, nil
}

// addPipelines makes the targets and the sinks.
func (c *deadLetter) addPipelines(set connector.Settings, router connector.LogsRouterAndConsumer) error {
	backOff := c.config.backOff()
	for _, id := range c.config.Refused {
		out, err := c.newOutput(router, id)
		if err != nil {
			return err
		}
		c.sinks = append(c.sinks, newSink(out, backOff))
	}
	refusals := &refusals{sinks: c.sinks, lines: newLines(set.Logger)}
	for _, id := range c.config.Pipelines {
		out, err := c.newOutput(router, id)
		if err != nil {
			return err
		}
		c.targets = append(c.targets, newTarget(c.closing, out, refusals, c.kept, backOff))
	}
	return nil
}

func (c *deadLetter) newOutput(router connector.LogsRouterAndConsumer, id pipeline.ID) (*output, error) {
	next, err := router.Consumer(id)
	if err != nil {
		return nil, fmt.Errorf("pipeline %q: %w", id, err)
	}
	return &output{id: id.String(), next: next, metrics: c.telemetry.forPipeline(id), health: c.health}, nil
}

// checkPipelines checks that the pipelines that have this connector as a receiver are
// those of its configuration.
func checkPipelines(config *Config, ids []pipeline.ID) error {
	var errs []error
	named := slices.Concat(config.Pipelines, config.Refused)
	for _, id := range named {
		if !slices.Contains(ids, id) {
			errs = append(errs, fmt.Errorf("%q is in `pipelines` or `refused`: this connector must be one of its receivers", id))
		}
	}
	for _, id := range ids {
		if !slices.Contains(named, id) {
			errs = append(errs, fmt.Errorf("this connector is a receiver of %q: that must be in `pipelines` or `refused`", id))
		}
	}
	return errors.Join(errs...)
}

// Capabilities says that the connector leaves what it gets as it is: each attempt is a
// copy.
func (*deadLetter) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: false}
}

// Start opens the storage, and goes on with the records that are kept in it.
func (c *deadLetter) Start(ctx context.Context, host component.Host) error {
	if c.config.StorageID != nil {
		client, err := openStorage(ctx, host, *c.config.StorageID, c.id, c.health)
		if err != nil {
			return err
		}
		c.storage, c.kept.storage = client, client
		if c.config.ReportExpired == expiredAlways {
			c.offsets.storage = client
		}
	}
	c.health.start(host)
	var outputs []*output
	targets := map[*output]bool{}
	for _, t := range c.targets {
		outputs = append(outputs, t.output)
		targets[t.output] = true
	}
	for _, s := range c.sinks {
		outputs = append(outputs, s.output)
	}
	if err := c.telemetry.start(outputs, func(o *output) bool { return targets[o] }, c.kept.count); err != nil {
		return err
	}
	return c.resumeKept(ctx)
}

// resumeKept gives the kept records to their targets.
func (c *deadLetter) resumeKept(ctx context.Context) error {
	records, err := c.kept.load(ctx)
	if err != nil {
		return err
	}
	targets := map[string]*target{}
	for _, t := range c.targets {
		targets[t.id] = t
	}
	unknown := map[string]int{}
	for _, r := range records {
		t, ok := targets[r.value.Pipeline]
		if !ok {
			unknown[r.value.Pipeline]++
			continue
		}
		t.addKept(r.value, r.logs)
	}
	for id, count := range unknown {
		c.logger.Warn("Records are kept for a pipeline that is not in `pipelines` any more: add it again to deliver them",
			zap.String("pipeline", id), zap.Int("records", count))
	}
	return nil
}

// ConsumeLogs returns nil when each target has accepted each record, or the refused
// pipelines have. Until then it waits. An error, which is never permanent, says that the
// context has ended or the connector is being shut down, and that the records have to be
// sent again.
func (c *deadLetter) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	if !c.begin() {
		return errShuttingDown
	}
	defer c.calls.Done()
	if ctx.Err() != nil {
		return errEnded
	}
	c.offsets.observe(ctx)
	if logs.LogRecordCount() == 0 {
		return nil
	}
	m := newMessage(ctx, c.closing, logs)
	defer m.end()
	results := make(chan error, len(c.targets))
	for _, t := range c.targets {
		go func() { results <- t.deliver(m) }()
	}
	var failed error
	for range c.targets {
		select {
		case err := <-results:
			failed = errors.Join(failed, err)
		case <-m.abandoned:
			return c.endError()
		}
	}
	if failed != nil {
		return c.endError()
	}
	return nil
}

// endError is why a call ends without success.
func (c *deadLetter) endError() error {
	if c.closing.Err() != nil {
		return errShuttingDown
	}
	return errEnded
}

// begin says that a call begins. It returns false after the shutdown.
func (c *deadLetter) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing.Err() != nil {
		return false
	}
	c.calls.Add(1)
	return true
}

// shutdownTimeout is how long the shutdown waits for calls. They return within
// [abandonAfter].
const shutdownTimeout = 2 * time.Second

// Shutdown ends all calls, with an error, and saves the offsets.
func (c *deadLetter) Shutdown(ctx context.Context) error {
	c.mu.Lock()
	c.close()
	c.mu.Unlock()
	returned := make(chan struct{})
	go func() {
		c.calls.Wait()
		close(returned)
	}()
	wait, cancel := context.WithTimeout(ctx, abandonAfter)
	defer cancel()
	for _, t := range c.targets {
		waitUntil(wait, t.stopped())
	}
	wait, cancel = context.WithTimeout(ctx, shutdownTimeout-abandonAfter)
	defer cancel()
	waitUntil(wait, returned)
	for _, t := range c.targets {
		t.shutdown()
	}
	for _, s := range c.sinks {
		s.shutdown()
	}
	c.kept.deleteStale()
	last := c.offsets.shutdown()
	var err error
	if c.storage != nil {
		err = c.storage.close(ctx, last)
	}
	c.health.close()
	c.telemetry.builder.Shutdown()
	return err
}

// waitUntil waits for done, or for the context's end.
func waitUntil(ctx context.Context, done <-chan struct{}) {
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// backOff is the pause between attempts.
func (c *Config) backOff() delivery.BackOff {
	return delivery.BackOff{
		InitialInterval: c.InitialInterval, MaxInterval: c.MaxInterval,
		Multiplier: c.Multiplier, RandomizationFactor: c.RandomizationFactor,
	}
}
