// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"context"

	"go.uber.org/zap"
)

// preflight is a request without rows that shows at start whether others will
// get through.
type preflight struct {
	cancel context.CancelFunc
	done   chan struct{}
}

func startPreflight(ctx context.Context, e *logsExporter) *preflight {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // it goes on after the start
	p := &preflight{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		if _, f := e.client.post(ctx, e.target(), []byte("[]")); f == nil {
			e.logger.Info("The service answers, and knows this rule and stream", zap.Stringer("target", e.target()))
			e.health.ok(e.target())
		} else if ctx.Err() == nil {
			e.health.failed(f)
		}
	}()
	return p
}

// stop ends it. It may be called without one.
func (p *preflight) stop() {
	if p == nil {
		return
	}
	p.cancel()
	<-p.done
}
