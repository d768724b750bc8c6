// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"

	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/reconcile"
)

// Results of requests for tree heads that are not those of [reconcile.HeadResult].
const (
	headMalformed reconcile.HeadResult = "malformed"
	headFailed    reconcile.HeadResult = "failed"
)

// headResults are the values of the attribute `result`.
func headResults() []reconcile.HeadResult {
	return append(reconcile.HeadResults(), headMalformed, headFailed)
}

// headLog counts what becomes of tree heads, and logs what is no finding. It is for the
// poller's goroutine.
type headLog struct {
	settings  *logSettings
	malformed stateLine
	unsigned  stateLine
	raced     *lineLimit
}

func newHeadLog(settings *logSettings) *headLog {
	return &headLog{settings: settings, malformed: newStateLine(), unsigned: newStateLine(), raced: newLineLimit()}
}

// checkHeads compares the head that was fetched last, if there is one.
func (l *logReconciliation) checkHeads(ctx context.Context) {
	select {
	case body := <-l.settings.heads:
		l.heads.logMalformed(ctx, l.reconciler.CheckHead(body))
	default:
	}
	l.reconciler.WatchHeads()
	l.settings.sizes.head.Store(l.reconciler.HeadSize())
}

// logMalformed logs when heads begin to be none, because of the error, and when they are
// heads again.
func (l *headLog) logMalformed(ctx context.Context, err error) {
	if err == nil {
		if l.malformed.end() {
			l.settings.logger.Info("Recovered: the registry sent a tree head")
		}
		return
	}
	l.settings.telemetry.head(ctx, headMalformed)
	if suppressed, ok := l.malformed.begin(l.settings.Now()); ok {
		l.settings.logger.Warn("The registry sent an invalid tree head; it is not compared with the transparency log",
			zap.Error(boundError(err)), zap.Int("suppressed", suppressed))
	}
}

// checked counts a head, and logs one that is unsigned or of a race.
func (l *headLog) checked(head reconcile.CheckedHead) {
	l.settings.telemetry.head(context.Background(), head.Result)
	if head.Result == reconcile.HeadUnsigned {
		l.logUnsigned(head)
		return
	}
	l.unsigned.end()
	if head.Result == reconcile.HeadRaced {
		l.logRaced(head)
	}
}

func (l *headLog) logUnsigned(head reconcile.CheckedHead) {
	if suppressed, ok := l.unsigned.begin(l.settings.Now()); ok {
		l.settings.logger.Warn("The registry sent an unsigned tree head. It proves nothing and is not compared with the transparency log; a registry without an identity does not sign",
			zap.Int64("size", head.Size), zap.Int("suppressed", suppressed))
	}
}

func (l *headLog) logRaced(head reconcile.CheckedHead) {
	if suppressed, ok := l.raced.take(l.settings.Now()); ok {
		l.settings.logger.Warn("The registry signed a tree head with the root of another size nearby: it takes size and root one after the other while leaves are written. The head counts for the size of its root",
			zap.Int64("size", head.Size), zap.Int64("root_size", head.RootSize), zap.Int("suppressed", suppressed))
	}
}
