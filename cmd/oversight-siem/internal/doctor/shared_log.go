// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"math"
	"sync"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
)

// sharedLog is a transparency log that several checks look at, one after the other. What
// one has read, the next does not read again: a log can have gigabytes.
type sharedLog struct {
	mu  sync.Mutex
	log *tlog.Log
}

// look reads what was not read yet, and calls a function with the log and the error of
// reading it.
func (s *sharedLog) look(ctx context.Context, path string, with func(log *tlog.Log, err error) []finding) []finding {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.log == nil {
		s.log = tlog.Open(tlog.Settings{Path: path})
	}
	return with(s.log, s.log.Advance(ctx, math.MaxInt64))
}

// close closes the log, unless a check that was left behind still reads it.
func (s *sharedLog) close() {
	if !s.mu.TryLock() {
		return
	}
	defer s.mu.Unlock()
	if s.log != nil {
		_ = s.log.Close() // it was only read
	}
}
