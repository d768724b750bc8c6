// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"slices"
	"time"
)

// Partial is an error of a request of which a part was accepted. It is an interface
// of built-in types so that modules that do not depend on this one can implement
// it.
//
// An exporter that splits a batch, to a destination without an idempotency key,
// returns it so that what was accepted is not sent again.
type Partial interface {
	error
	// AcceptedRecords are the log.record.uids of the records of this request that
	// the destination accepted. All others were not, or it is not known.
	AcceptedRecords() []string
}

// AcceptedRecords returns the log.record.uids that an error names as accepted, nil
// if it names none.
//
// An error that joins several is of several destinations, or of several requests,
// and what one of them accepted another may not have: it names none.
func AcceptedRecords(err error) []string {
	for err != nil {
		if partial, ok := err.(Partial); ok { //nolint:errorlint // errors.As would look into joined errors, too
			return partial.AcceptedRecords()
		}
		err = unwrapSingle(err)
	}
	return nil
}

func unwrapSingle(err error) error {
	switch wrapper := err.(type) { //nolint:errorlint // it unwraps step by step
	case interface{ Unwrap() error }:
		return wrapper.Unwrap()
	case interface{ Unwrap() []error }:
		if errs := wrapper.Unwrap(); len(errs) == 1 {
			return errs[0]
		}
	}
	return nil
}

// acceptedOf returns which of the rows that were sent together an error names as
// accepted, and whether there are any.
func (l *Lane[R]) acceptedOf(sent []R, err error) (accepted []bool, some bool) {
	named := namedUIDs(err)
	if len(named) == 0 {
		return nil, false
	}
	accepted = make([]bool, len(sent))
	for i, row := range sent {
		accepted[i] = named[l.uid(row)]
		some = some || accepted[i]
	}
	return accepted, some
}

// partlyAccepted follows an attempt of which some rows were accepted.
func (l *Lane[R]) partlyAccepted(rows []R, a attempt, accepted []bool, err error) Step[R] {
	passed := slices.Index(accepted, false)
	if passed < 0 {
		return l.accepted(rows, a)
	}
	step := Step[R]{Passed: passed, Err: err, Class: Classify(err)}
	room := l.settings.AheadRoom()
	for i := passed; i < a.count && len(step.Ahead) < room; i++ {
		if accepted[i] {
			step.Ahead = append(step.Ahead, i)
		}
	}
	if passed > 0 {
		l.pass(passed)
	}
	l.failures, l.failingSince = 0, time.Time{}
	rest := attempt{count: a.count - passed - len(step.Ahead)}
	if step.Class == ClassBusy {
		l.bad = 0
		return l.retry(step, rest)
	}
	l.bad, l.window = rest.count, half(rest.count)
	if l.settings.NoReducedForm && !step.Class.MayPass() {
		for i, row := range rows[:a.count] {
			if !accepted[i] {
				l.besideOthers[l.uid(row)] = step.Class
			}
		}
	}
	if mayBeDown(step.Class) {
		l.quick = quick{until: l.settings.Now().Add(quickFor), sameAnswer: rest.count}
		return l.retry(step, rest)
	}
	return step
}

// namedUIDs is the set of [AcceptedRecords].
func namedUIDs(err error) map[string]bool {
	uids := AcceptedRecords(err)
	named := make(map[string]bool, len(uids))
	for _, uid := range uids {
		named[uid] = true
	}
	return named
}
