// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/statuserror"
)

// stuckAfter is how long a delivery, or a read, may take before it is a failure
// though it has not returned.
const stuckAfter = 10 * time.Second

// failure is a class of failures that may go away. Its text is the log message. The
// texts of errors would not do to tell one failure from another: those of
// destinations hold times and request ids.
type failure string

const (
	failureRead              failure = "Failed to read events; retrying"
	failureFileStuck         failure = "A file does not answer; waiting for it"
	failureDeliver           failure = "The pipeline did not accept events; nothing is dropped: the receiver keeps them and retries"
	failureDeliverRecords    failure = "The pipeline did not accept findings; nothing is dropped: the receiver keeps them and retries"
	failureDeliverCheckpoint failure = "The pipeline did not accept a checkpoint record; the next one replaces it"
	failureDeliverStuck      failure = "The pipeline does not return what it was given; nothing is dropped: the receiver waits for it"
	failureQuarantine        failure = "The quarantine is full; nothing is dropped: the receiver keeps events and retries until there is room"
	failureCheckpoint        failure = "Failed to save the checkpoint; retrying. Until it is saved, a restart delivers events again"
	failureReconcile         failure = "Failed to check events against the transparency log; retrying. Events are delivered unchecked"
)

// failures are all classes, in the order in which a status names them.
var failures = []failure{
	failureRead, failureFileStuck, failureDeliver, failureDeliverRecords, failureDeliverCheckpoint, failureDeliverStuck,
	failureQuarantine, failureCheckpoint, failureReconcile,
}

// health reports how the receiver is, as component status and in the log. The status
// names all failures that last. The log has a line when a failure begins, some while
// it lasts, and one when it is over; see [lineLimit]. It is safe for concurrent use.
type health struct {
	host   component.Host
	logger *zap.Logger
	now    func() time.Time

	mu       sync.Mutex // guards what follows, and keeps statuses in order
	active   map[failure]*activeFailure
	limits   map[failure]*lineLimit
	reported *statuserror.Error // of the last status; nil: OK
	refused  refusedCounts
	final    bool // no status is reported any more
}

// activeFailure is a failure that lasts.
type activeFailure struct {
	err      error
	since    time.Time
	attempts int
	logged   bool // its beginning was logged
	over     bool // the next report ends it
}

// refusedCounts are the events that were refused and are retried: no failure, since
// others are delivered.
type refusedCounts struct{ quarantined, owed int }

func newHealth(host component.Host, logger *zap.Logger) *health {
	return &health{
		host: host, logger: logger, now: time.Now,
		active: map[failure]*activeFailure{}, limits: map[failure]*lineLimit{},
	}
}

// recoverable reports a failure that may go away. It lasts until resolved.
func (h *health) recoverable(class failure, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	err = boundError(err)
	f, ok := h.active[class]
	if !ok {
		f = &activeFailure{since: h.now()}
		h.active[class] = f
	}
	f.err, f.over = err, false
	f.attempts++
	if suppressed, ok := h.limit(class).take(h.now()); ok {
		f.logged = true
		h.logger.Warn(string(class), zap.Error(err), zap.Int("attempts", f.attempts), zap.Int("suppressed", suppressed))
	}
	h.report()
}

// resolved reports that a failure is over. It does nothing if there was none.
func (h *health) resolved(classes ...failure) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.active) == 0 {
		return
	}
	for _, class := range classes {
		h.end(class)
	}
	h.report()
}

// over says that failures are over, but for others that are about to be reported: until
// then the status stays, for a moment without any failure would start the clock of
// health checks anew.
func (h *health) over(classes ...failure) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, class := range classes {
		if f, ok := h.active[class]; ok {
			f.over = true
		}
	}
}

// end ends a failure, if there was one.
func (h *health) end(class failure) {
	f, ok := h.active[class]
	if !ok {
		return
	}
	delete(h.active, class)
	if f.logged {
		h.limit(class).resolved()
		h.logger.Info("Recovered", zap.String("failure", string(class)),
			zap.Duration("after", h.now().Sub(f.since)), zap.Int("attempts", f.attempts))
	}
}

// watch reports a failure of that class if stop is not called within [stuckAfter].
// what says what does not return. stop is to be called once; it resolves the failure.
func (h *health) watch(class failure, what func() string) (stop func()) {
	return h.watchAfter(stuckAfter, class, what)
}

// watchAfter is watch for what may take longer than [stuckAfter].
func (h *health) watchAfter(after time.Duration, class failure, what func() string) (stop func()) {
	stopWith := h.watchUntil(after, class, what)
	return func() { stopWith(h.resolved) }
}

// watchDelivery watches a call of the pipeline. returned is to be called once, with its
// error, and what becomes of the delivery is reported after that.
func (h *health) watchDelivery(what func() string) (returned func(err error)) {
	stopWith := h.watchUntil(stuckAfter, failureDeliverStuck, what)
	return func(err error) {
		if err == nil {
			stopWith(h.resolved)
		} else {
			stopWith(h.over)
		}
	}
}

// watchUntil is watch with what to do with a failure that was reported.
func (h *health) watchUntil(after time.Duration, class failure, what func() string) (stopWith func(end func(...failure))) {
	var mu sync.Mutex
	stopped := false
	timer := time.AfterFunc(after, func() {
		mu.Lock()
		defer mu.Unlock()
		if !stopped {
			h.recoverable(class, fmt.Errorf("%s has not returned for %s", what(), after))
		}
	})
	return func(end func(...failure)) {
		if timer.Stop() {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		stopped = true
		end(class)
	}
}

// permanent reports a failure that needs a person.
func (h *health) permanent(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	err = boundError(err)
	h.logger.Error("Stopped delivering events", zap.Error(err))
	if !h.final {
		h.final = true
		componentstatus.ReportStatus(h.host, componentstatus.NewPermanentErrorEvent(err))
	}
}

// close ends the reporting of statuses: the collector reports that the receiver is
// being stopped.
func (h *health) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.final = true
}

// report reports the status when the first failure begins and the last one is over.
// In between, its error follows.
func (h *health) report() {
	if h.final {
		return
	}
	var errs []error
	for _, class := range failures {
		switch f, ok := h.active[class]; {
		case !ok:
		case f.over:
			h.end(class)
		default:
			errs = append(errs, f.err)
		}
	}
	switch {
	case len(errs) == 0 && h.reported != nil:
		h.reported = nil
		h.reportOK()
	case len(errs) > 0 && h.reported == nil:
		h.reported = statuserror.New(errors.Join(errs...))
		componentstatus.ReportStatus(h.host, componentstatus.NewRecoverableErrorEvent(h.reported))
	case len(errs) > 0:
		h.reported.Set(errors.Join(errs...))
	}
}

// setRefused says how many refused events are retried. The status has them as
// attributes.
func (h *health) setRefused(quarantined, owed int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	counts := refusedCounts{quarantined, owed}
	if counts == h.refused {
		return
	}
	h.refused = counts
	if h.reported == nil && !h.final {
		h.reportOK()
	}
}

// reportOK reports that no failure lasts.
func (h *health) reportOK() {
	attributes := pcommon.NewMap()
	attributes.PutInt("oversight.quarantined_events", int64(h.refused.quarantined))
	attributes.PutInt("oversight.owed_events", int64(h.refused.owed))
	componentstatus.ReportStatus(h.host, componentstatus.NewEvent(componentstatus.StatusOK, componentstatus.WithAttributes(attributes)))
}

func (h *health) limit(class failure) *lineLimit {
	limit, ok := h.limits[class]
	if !ok {
		limit = newLineLimit()
		h.limits[class] = limit
	}
	return limit
}
