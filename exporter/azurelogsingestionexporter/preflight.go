// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"context"

	"go.uber.org/zap"
)

// noRows is a request that the service accepts, and that has no effect.
var noRows = []byte("[]")

// preflight is a request without rows, sent at start to check the configuration.
type preflight struct {
	cancel context.CancelFunc
	done   chan struct{}
}

func startPreflight(ctx context.Context, e *logsExporter) *preflight {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // it outlives the call of Start
	p := &preflight{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		if _, f := e.client.post(ctx, e.target(), noRows); f == nil {
			e.logger.Info("Preflight succeeded: the service accepts requests for this rule and stream", zap.Stringer("target", e.target()))
			e.health.ok(e.target())
		} else if ctx.Err() == nil {
			e.health.failed(f)
		}
	}()
	return p
}

// stop cancels the request and waits for its end. p may be nil.
func (p *preflight) stop() {
	if p == nil {
		return
	}
	p.cancel()
	<-p.done
}
