// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"
)

// logInterval is how often a failure that lasts is logged.
const logInterval = 5 * time.Minute

// failure is a class of failures that may go away. Its text is the log message. The
// texts of errors would not do to tell one failure from another: those of
// destinations hold times and request ids.
type failure string

const (
	failureRead       failure = "Failed to read events; retrying"
	failureDeliver    failure = "The pipeline did not accept events; retrying"
	failureCheckpoint failure = "Failed to save the checkpoint; retrying. Until it is saved, a restart delivers events again"
	failureReconcile  failure = "Failed to check events against the transparency log; retrying. Events are delivered unchecked"
)

// health reports how the receiver is, as component status and in the log: a
// failure of each class when it begins and every five minutes while it lasts, and
// when all have gone. It is for one goroutine.
type health struct {
	host   component.Host
	logger *zap.Logger
	now    func() time.Time

	reported string                // the text of the last status; empty: OK
	since    time.Time             // when the first failure was reported after all was well
	attempts int                   // failures since then
	logged   map[failure]time.Time // when, since then
}

func newHealth(host component.Host, logger *zap.Logger) *health {
	return &health{host: host, logger: logger, now: time.Now, logged: map[failure]time.Time{}}
}

// recoverable reports a failure that may go away.
func (h *health) recoverable(class failure, err error) {
	now := h.now()
	if h.reported == "" {
		h.since, h.attempts = now, 0
	}
	h.attempts++
	if text := err.Error(); h.reported != text {
		h.reported = text
		componentstatus.ReportStatus(h.host, componentstatus.NewRecoverableErrorEvent(err))
	}
	if last, ok := h.logged[class]; ok && now.Sub(last) < logInterval {
		return
	}
	h.logged[class] = now
	h.logger.Warn(string(class), zap.Error(err), zap.Int("attempts", h.attempts))
}

// ok reports that no failure lasts.
func (h *health) ok() {
	if h.reported == "" {
		return
	}
	h.logger.Info("Recovered", zap.Duration("after", h.now().Sub(h.since)), zap.Int("attempts", h.attempts))
	h.reported = ""
	clear(h.logged)
	componentstatus.ReportStatus(h.host, componentstatus.NewEvent(componentstatus.StatusOK))
}

// permanent reports a failure that needs a person.
func (h *health) permanent(err error) {
	h.logger.Error("Stopped delivering events", zap.Error(err))
	componentstatus.ReportStatus(h.host, componentstatus.NewPermanentErrorEvent(err))
}
