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

// health reports failing targets and their recovery, as component status and in
// the log. A failure is reported once, until the same target fails in another
// way. It is safe for concurrent use.
type health struct {
	host   component.Host
	logger *zap.Logger

	mu       sync.Mutex
	problems map[target]*problem // of the targets that fail now
}

type problem struct {
	err   error
	kind  string
	since time.Time
	count int // failures since then
}

func newHealth(host component.Host, logger *zap.Logger) *health {
	return &health{host: host, logger: logger, problems: map[target]*problem{}}
}

// failed reports a failure whose rows are retried.
func (h *health) failed(f *failure) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.problems[f.target]
	if p == nil {
		p = &problem{since: time.Now()}
		h.problems[f.target] = p
	}
	p.count++
	if p.kind == f.kind() {
		return
	}
	p.err, p.kind = error(f), f.kind()
	fields := []zap.Field{zap.Error(f)}
	if hint := f.hint(); hint != "" {
		p.err = fmt.Errorf("%w. %s", f, hint)
		fields = append(fields, zap.String("hint", hint))
	}
	h.logger.Warn("The service does not accept rows", fields...)
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
	h.logger.Info("Recovered: the service accepts rows", zap.Stringer("target", t),
		zap.Duration("after", time.Since(p.since)), zap.Int("failures", p.count))
	h.reportStatus()
}

// reportStatus sets the component status from the remaining problems.
func (h *health) reportStatus() {
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
