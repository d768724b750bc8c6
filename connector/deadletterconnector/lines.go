// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package deadletterconnector

import (
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/time/rate"
)

const (
	// lineBurst is how many lines of a kind may follow one another, and lineInterval the
	// time after which there may be one more.
	lineBurst    = 60
	lineInterval = time.Minute
)

// lines bounds the lines in the log about what those who write messages can cause. It is
// safe for concurrent use.
type lines struct {
	logger *zap.Logger
	limit  *rate.Limiter

	mu         sync.Mutex
	suppressed int // since the last line
}

func newLines(logger *zap.Logger) *lines {
	return &lines{logger: logger, limit: rate.NewLimiter(rate.Every(lineInterval), lineBurst)}
}

// warn logs a line, or counts it for the next.
func (l *lines) warn(message string, fields ...zap.Field) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.limit.Allow() {
		l.suppressed++
		return
	}
	if l.suppressed > 0 {
		fields = append(fields, zap.Int("suppressed", l.suppressed))
	}
	l.suppressed = 0
	l.logger.Warn(message, fields...)
}
