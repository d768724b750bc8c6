// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"errors"
	"fmt"
	"iter"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/plog"
)

// refusalClass says what is to blame for a refusal.
type refusalClass string

const (
	// classNone: nothing was refused, it failed.
	classNone refusalClass = ""
	// classBusy: the service asks to send again later, which says nothing of the rows.
	classBusy        refusalClass = "busy"
	classDestination refusalClass = "destination"
	classContent     refusalClass = "content"
	classSize        refusalClass = "size"
)

// recordUID is the attribute that identifies a record.
// https://opentelemetry.io/docs/specs/semconv/registry/attributes/log/
const recordUID = "log.record.uid"

// pushError is the error of a push of which not everything was accepted. It wraps a
// [consumererror.Logs] with the records that were not, if some were.
//
// It is permanent if rows were refused and nothing failed. A receiver that keeps
// what is refused learns from its methods what to blame, and what not to send again:
// the service has no idempotency key.
type pushError struct {
	err      error
	class    refusalClass
	accepted []string
}

func (e *pushError) Error() string { return e.err.Error() }
func (e *pushError) Unwrap() error { return e.err }

// RefusalClass is "destination" if the service, the credential or the configuration
// is to blame, "busy" if the service has too much to do now, "size" or "content" if
// rows are to blame, and empty if a request failed.
func (e *pushError) RefusalClass() string { return string(e.class) }

// AcceptedRecords identify the records that were accepted, by their attribute
// log.record.uid, or else by their column EventUid. A value that another record has,
// too, which was not, is left out.
func (e *pushError) AcceptedRecords() []string { return e.accepted }

// err returns the error of a push, nil if everything was accepted.
func (d *delivery) err(logs plog.Logs) error {
	if d.counts[rowAccepted] == len(d.states) {
		return nil
	}
	err := d.joinedErr()
	if states := d.restStates(); d.count(states) < len(d.states) {
		err = consumererror.NewLogs(err, d.copyOf(logs, states...))
	}
	if len(d.failures) == 0 {
		err = consumererror.NewPermanent(err)
	}
	return &pushError{err: err, class: d.class(), accepted: d.acceptedUIDs(logs)}
}

// joinedErr says why rows are refused or pending.
func (d *delivery) joinedErr() error {
	var errs []error
	if n := d.counts[rowRefused]; n > 0 {
		errs = append(errs, fmt.Errorf("%d of %d rows were refused, the first at index %d; last error: %w", n, len(d.states), d.firstRefused, d.lastRefusal))
	}
	wait := time.Duration(0)
	for _, f := range d.failures {
		errs = append(errs, f)
		wait = max(wait, f.retryAfter)
	}
	err := errors.Join(errs...)
	if wait > 0 { // once: of several, exporterhelper would use the first
		return exporterhelper.NewThrottleRetry(err, wait)
	}
	return err
}

// restStates returns the states of the rows that the caller has to keep. With
// `retry_on_failure` these are the pending ones, if there are any: what is refused was
// logged, and must not stop the others for ever.
func (d *delivery) restStates() []rowState {
	if d.config.BackOffConfig.Enabled && d.counts[rowPending] > 0 {
		return []rowState{rowPending}
	}
	return []rowState{rowPending, rowRefused}
}

func (d *delivery) count(states []rowState) (rows int) {
	for _, state := range states {
		rows += d.counts[state]
	}
	return rows
}

func (d *delivery) class() refusalClass {
	class := classContent
	if d.counts[rowRefused] > 0 && d.tooLarge == d.counts[rowRefused] {
		class = classSize
	}
	busy := false
	for _, f := range d.failures {
		switch f.class {
		case classDestination:
			return classDestination
		case classBusy:
			busy = true
		case classNone:
			class = classNone
		default:
			if class == classSize {
				class = classContent
			}
		}
	}
	if busy {
		return classBusy
	}
	return class
}

func (d *delivery) acceptedUIDs(logs plog.Logs) (uids []string) {
	if d.counts[rowAccepted] == 0 {
		return nil
	}
	notAccepted := map[string]bool{}
	for uid, state := range d.uids(logs) {
		if state != rowAccepted {
			notAccepted[uid] = true
		}
	}
	for uid, state := range d.uids(logs) {
		if state == rowAccepted && !notAccepted[uid] {
			uids = append(uids, uid)
		}
	}
	return uids
}

// identify returns the uid of a record, empty if it has none. Translators of records
// to rows may remove its attributes.
func identify(record plog.LogRecord) string {
	if uid, ok := record.Attributes().Get(recordUID); ok {
		return uid.AsString()
	}
	return uidOf(record)
}

// uids iterates over the records that have a uid.
func (d *delivery) uids(logs plog.Logs) iter.Seq2[string, rowState] {
	return func(yield func(string, rowState) bool) {
		first := 0
		for _, resource := range logs.ResourceLogs().All() {
			next := first
			for index, record := range (resourceRows{resource, first}).records() {
				next = index + 1
				uid := identify(record)
				if uid != "" && !yield(uid, d.states[index]) {
					return
				}
			}
			first = next
		}
	}
}
