// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/treehead"
)

// treeHeads fetches signed tree heads. It owns one goroutine.
type treeHeads struct {
	fetcher  *treehead.Fetcher
	interval time.Duration
	logger   *zap.Logger
	bodies   chan []byte // the newest head, until it is received

	failing bool // the last request failed
	logged  bool // that was logged
	limit   *lineLimit
}

func newTreeHeads(ctx context.Context, config *TreeHeadConfig, host component.Host, set component.TelemetrySettings) (*treeHeads, error) {
	client, err := config.ClientConfig.ToClient(ctx, host.GetExtensions(), set)
	if err != nil {
		return nil, fmt.Errorf("`transparency_log::tree_head`: %w", err)
	}
	fetcher, err := treehead.New(client, config.ClientConfig.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("`transparency_log::tree_head::endpoint`: %w", err)
	}
	return &treeHeads{
		fetcher: fetcher, interval: config.Interval, logger: set.Logger, bodies: make(chan []byte, 1), limit: newLineLimit(),
	}, nil
}

// run fetches until the context is done. A registry that cannot be reached proves
// nothing about its log: that is only logged.
func (t *treeHeads) run(ctx context.Context) {
	defer t.fetcher.CloseIdleConnections()
	for {
		body, err := t.fetcher.Fetch(ctx)
		if ctx.Err() == nil {
			t.report(err)
		}
		if err == nil {
			t.replace(body)
		}
		if !sleep(ctx, t.interval) {
			return
		}
	}
}

// report logs when requests begin to fail and when they succeed again, within the
// limit.
func (t *treeHeads) report(err error) {
	switch {
	case err == nil:
		if t.logged {
			t.logger.Info("Recovered: fetched a tree head", zap.String("url", t.fetcher.URL()))
		}
		t.failing, t.logged = false, false
		t.limit.resolved()
	case !t.failing:
		t.failing = true
		var suppressed int
		if suppressed, t.logged = t.limit.take(time.Now()); t.logged {
			t.logger.Warn("Failed to fetch a tree head; retrying. Until then the transparency log is not compared with what the registry signed",
				zap.String("url", t.fetcher.URL()), zap.Error(boundError(err)), zap.Int("suppressed", suppressed))
		}
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
