// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package deadletterconnector

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/delivery"
	"github.com/oversight-protocol/oversight-otelcol/internal/statuserror"
)

// maxReason bounds what an error says in logs, statuses and attributes, in bytes.
const maxReason = 1024

// sameFailure is how soon after its end a failure that begins again is the same one for
// the log: a record that a target never accepts, beside others that it does, begins and
// ends a hold with each of them.
const sameFailure = time.Minute

// health reports what lasts: a line in the log when it begins and one when it ends, and
// a component status of all of it. It is safe for concurrent use.
type health struct {
	logger *zap.Logger

	mu       sync.Mutex // guards what follows, and keeps statuses in order
	host     component.Host
	active   map[string]*failure
	ended    map[string]time.Time // when failures were over
	reported *statuserror.Error   // of the last status; nil: OK
}

// failure is something that lasts.
type failure struct {
	message string
	text    string
	since   time.Time
	fields  []zap.Field
	logged  bool
}

func newHealth(logger *zap.Logger) *health {
	return &health{logger: logger, active: map[string]*failure{}, ended: map[string]time.Time{}}
}

// start is when statuses can be reported, and close when they cannot any more.
func (h *health) start(host component.Host) { h.setHost(host) }
func (h *health) close()                    { h.setHost(nil) }

func (h *health) setHost(host component.Host) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.host = host
}

// failing says that something lasts. The first time it is logged, with the fields, unless
// the message is empty. One that begins again soon is logged when it has lasted.
func (h *health) failing(key, message string, err error, fields ...zap.Field) {
	h.mu.Lock()
	defer h.mu.Unlock()
	text := delivery.ReasonText(err, maxReason)
	f, ok := h.active[key]
	if !ok {
		f = &failure{since: time.Now(), message: message, fields: fields}
		h.active[key] = f
	}
	again := time.Since(h.ended[key]) < sameFailure
	if message != "" && !f.logged && !again {
		f.logged = true
		h.logger.Warn(message, append([]zap.Field{zap.String("error", text)}, fields...)...)
	}
	f.text = text
	h.report()
}

// over says that it does not last any more. It does nothing if it did not.
func (h *health) over(key string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f, ok := h.active[key]
	if !ok {
		return
	}
	delete(h.active, key)
	if f.message != "" {
		h.ended[key] = time.Now()
	}
	if f.logged {
		h.logger.Info("Recovered", append([]zap.Field{
			zap.String("failure", f.message), zap.Duration("after", time.Since(f.since)),
		}, f.fields...)...)
	}
	h.report()
}

// report reports a status when the first failure begins and when the last one is over.
// Health checks count from the report on, so what changes in between changes its text.
func (h *health) report() {
	if h.host == nil {
		return
	}
	err := h.err()
	switch {
	case err == nil && h.reported != nil:
		h.reported = nil
		componentstatus.ReportStatus(h.host, componentstatus.NewEvent(componentstatus.StatusOK))
	case err != nil && h.reported == nil:
		h.reported = statuserror.New(err)
		componentstatus.ReportStatus(h.host, componentstatus.NewRecoverableErrorEvent(h.reported))
	case err != nil:
		h.reported.Set(err)
	}
}

// err is all that lasts, nil for nothing.
func (h *health) err() error {
	var errs []error
	for _, key := range slices.Sorted(maps.Keys(h.active)) {
		errs = append(errs, fmt.Errorf("%s: %s", key, h.active[key].text))
	}
	return errors.Join(errs...)
}
