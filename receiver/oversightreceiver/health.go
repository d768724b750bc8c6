// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"
)

// logInterval is how often a problem that lasts is logged again.
const logInterval = 5 * time.Minute

// health tells operators how the receiver is, as component status and in the
// log: a problem once when it begins and every five minutes while it lasts,
// and when it is over. It is for one goroutine.
type health struct {
	host   component.Host
	logger *zap.Logger
	now    func() time.Time

	problem string    // of the last report; empty: none
	since   time.Time // when the problem began
	logged  time.Time
	times   int // since it began
}

func newHealth(host component.Host, logger *zap.Logger) *health {
	return &health{host: host, logger: logger, now: time.Now}
}

// recoverable reports a problem that may go away.
func (h *health) recoverable(err error) {
	now := h.now()
	if h.problem == "" {
		h.since, h.times = now, 0
	}
	h.times++
	if h.problem != err.Error() {
		componentstatus.ReportStatus(h.host, componentstatus.NewRecoverableErrorEvent(err))
	} else if now.Sub(h.logged) < logInterval {
		return
	}
	h.problem, h.logged = err.Error(), now
	h.logger.Warn("Trying again", zap.Error(err), zap.Int("attempts", h.times))
}

// ok reports that things work.
func (h *health) ok() {
	if h.problem == "" {
		return
	}
	h.logger.Info("Working again", zap.Duration("after", h.now().Sub(h.since)), zap.Int("attempts", h.times))
	h.problem = ""
	componentstatus.ReportStatus(h.host, componentstatus.NewEvent(componentstatus.StatusOK))
}

// permanent reports a problem that needs a person.
func (h *health) permanent(err error) {
	h.logger.Error("Stopped: nothing more is sent", zap.Error(err))
	componentstatus.ReportStatus(h.host, componentstatus.NewPermanentErrorEvent(err))
}
