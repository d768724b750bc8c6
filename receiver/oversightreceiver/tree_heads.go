// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/treehead"
)

// treeHeads fetches signed tree heads. It owns one goroutine, and so makes one request
// at a time.
type treeHeads struct {
	fetcher   *treehead.Fetcher
	interval  time.Duration
	timeout   time.Duration
	logger    *zap.Logger
	telemetry *telemetry
	bodies    chan []byte // the newest head, until it is received

	failing stateLine
}

// maxStartDelay bounds the time until the first request.
const maxStartDelay = time.Minute

func newTreeHeads(ctx context.Context, config *TreeHeadConfig, host component.Host, set component.TelemetrySettings, telemetry *telemetry) (*treeHeads, error) {
	client, err := newHeadClient(ctx, config, host, set)
	if err != nil {
		return nil, fmt.Errorf("`transparency_log::tree_head`: %w", err)
	}
	fetcher, err := treehead.New(client, config.ClientConfig.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("`transparency_log::tree_head::endpoint`: %w", err)
	}
	return &treeHeads{
		fetcher: fetcher, interval: config.Interval, timeout: cmp.Or(config.ClientConfig.Timeout, defaultHeadTimeout),
		logger: set.Logger, telemetry: telemetry, bodies: make(chan []byte, 1), failing: newStateLine(),
	}, nil
}

// startDelay is how long to wait before the first request, so that many collectors that
// start at once, or one with many receivers, do not ask a registry together.
func startDelay(interval time.Duration) time.Duration {
	return rand.N(max(min(interval, maxStartDelay), 1)) //nolint:gosec // no secret
}

// run fetches until the context is done. A registry that cannot be reached proves
// nothing about its log: that is only logged.
func (t *treeHeads) run(ctx context.Context) {
	defer t.fetcher.CloseIdleConnections()
	for wait := startDelay(t.interval); sleep(ctx, wait); wait = t.interval {
		body, err := t.fetch(ctx)
		if ctx.Err() == nil {
			t.report(ctx, err)
		}
		if err == nil {
			t.replace(body)
		}
	}
}

func (t *treeHeads) fetch(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	return t.fetcher.Fetch(ctx)
}

// report logs when requests begin to fail and when they succeed again, within the
// limit.
func (t *treeHeads) report(ctx context.Context, err error) {
	if err == nil {
		if t.failing.end() {
			t.logger.Info("Recovered: fetched a tree head", zap.String("url", t.fetcher.URL()))
		}
		return
	}
	t.telemetry.head(ctx, headFailed)
	if suppressed, ok := t.failing.begin(time.Now()); ok {
		t.logger.Warn("Failed to fetch a tree head; retrying. Until then the transparency log is not compared with what the registry signed",
			zap.String("url", t.fetcher.URL()), zap.Error(boundError(err)), zap.Int("suppressed", suppressed))
	}
}

// replace puts a body in place of one that was not received yet.
func (t *treeHeads) replace(body []byte) {
	select {
	case <-t.bodies:
	default:
	}
	t.bodies <- body
}
