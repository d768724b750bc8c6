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
	return &treeHeads{fetcher, config.Interval, set.Logger, make(chan []byte, 1)}, nil
}

// run fetches until the context is done. A registry that cannot be reached proves
// nothing about its log: that is logged once, and when it is over.
func (t *treeHeads) run(ctx context.Context) {
	defer t.fetcher.CloseIdleConnections()
	failing := false
	for {
		body, err := t.fetcher.Fetch(ctx)
		switch {
		case err == nil:
			if failing {
				t.logger.Info("Recovered: fetched a tree head", zap.String("url", t.fetcher.URL()))
			}
			failing = false
			t.replace(body)
		case ctx.Err() == nil && !failing:
			failing = true
			t.logger.Warn("Failed to fetch a tree head; retrying. Until then the transparency log is not compared with what the registry signed",
				zap.String("url", t.fetcher.URL()), zap.Error(err))
		}
		if !sleep(ctx, t.interval) {
			return
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
