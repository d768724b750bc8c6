// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.uber.org/zap"
)

// headPath is where registries publish their signed tree head.
const headPath = "/tlog/head"

// maxHead bounds the body of a tree head, which has some 300 bytes.
const maxHead = 64 << 10

// treeHeads fetches signed tree heads. It owns one goroutine.
type treeHeads struct {
	url      string
	client   *http.Client
	interval time.Duration
	logger   *zap.Logger
	bodies   chan []byte // the last one that nobody has taken
}

func newTreeHeads(ctx context.Context, config *TreeHeadConfig, host component.Host, set component.TelemetrySettings) (*treeHeads, error) {
	client, err := config.ToClient(ctx, host.GetExtensions(), set)
	if err != nil {
		return nil, fmt.Errorf("`transparency_log::tree_head`: %w", err)
	}
	address, err := url.JoinPath(config.Endpoint, headPath)
	if err != nil {
		return nil, err
	}
	return &treeHeads{address, client, config.Interval, set.Logger, make(chan []byte, 1)}, nil
}

// run fetches until the context is done. That a registry cannot be reached says
// nothing about its log: it is logged once, and when it is over.
func (t *treeHeads) run(ctx context.Context) {
	defer t.client.CloseIdleConnections()
	failing := false
	for {
		body, err := t.fetch(ctx)
		switch {
		case err == nil:
			if failing {
				t.logger.Info("Tree heads can be fetched again", zap.String("url", t.url))
			}
			failing = false
			t.offer(body)
		case ctx.Err() == nil && !failing:
			failing = true
			t.logger.Warn("No tree head could be fetched, so that the log is not compared with one; trying again", zap.String("url", t.url), zap.Error(err))
		}
		if !sleep(ctx, t.interval) {
			return
		}
	}
}

// offer replaces a body that nobody has taken.
func (t *treeHeads) offer(body []byte) {
	select {
	case <-t.bodies:
	default:
	}
	t.bodies <- body
}

func (t *treeHeads) fetch(ctx context.Context) (body []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, t.url, http.NoBody)
	if err != nil {
		return nil, err
	}
	response, err := t.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(io.LimitReader(response.Body, maxHead))
	if err != nil {
		return nil, fmt.Errorf("GET %s: %w", t.url, err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s: %s: %.200q", t.url, response.Status, body)
	}
	return body, nil
}
