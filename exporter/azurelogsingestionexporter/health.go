// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"
)

// health tells operators how delivery is going, as component status and in the
// log: what is wrong with a target once, until something else is, and when it
// works again. It is safe for concurrent use.
type health struct {
	host   component.Host
	logger *zap.Logger

	mu       sync.Mutex
	problems map[target]*problem // what is wrong now
}

type problem struct {
	err   error
	cause string
	since time.Time
	times int
}

func newHealth(host component.Host, logger *zap.Logger) *health {
	return &health{host: host, logger: logger, problems: map[target]*problem{}}
}

// failed reports a failure that may go away.
func (h *health) failed(f *failure) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.problems[f.target]
	if p == nil {
		p = &problem{since: time.Now()}
		h.problems[f.target] = p
	}
	p.times++
	if p.cause == f.cause() {
		return
	}
	p.err, p.cause = error(f), f.cause()
	fields := []zap.Field{zap.Error(f)}
	if hint := f.hint(); hint != "" {
		p.err = fmt.Errorf("%w. %s", f, hint)
		fields = append(fields, zap.String("hint", hint))
	}
	h.logger.Warn("The service does not take rows", fields...)
	componentstatus.ReportStatus(h.host, componentstatus.NewRecoverableErrorEvent(p.err))
}

// ok reports that the service accepted something.
func (h *health) ok(t target) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.problems[t]
	if p == nil {
		return
	}
	delete(h.problems, t)
	h.logger.Info("The service takes rows again", zap.Stringer("target", t),
		zap.Duration("after", time.Since(p.since)), zap.Int("failures", p.times))
	h.report()
}

// report sets the status to what is still wrong.
func (h *health) report() {
	var errs []error
	for _, p := range h.problems {
		errs = append(errs, p.err)
	}
	if len(errs) > 0 {
		componentstatus.ReportStatus(h.host, componentstatus.NewRecoverableErrorEvent(errors.Join(errs...)))
		return
	}
	componentstatus.ReportStatus(h.host, componentstatus.NewEvent(componentstatus.StatusOK))
}
