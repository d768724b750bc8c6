// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package delivery

import "time"

// refused follows an attempt of which nothing was accepted.
func (l *Lane[R]) refused(rows []R, a attempt, err error) Step[R] {
	step := Step[R]{Err: err, Class: Classify(err)}
	switch {
	case l.phase == holding:
		return l.probeRefused(rows, step, a)
	case l.blamesRows(step.Class, a):
		return l.lookInto(rows, step, a)
	case l.hold.quarantineFull:
		return l.keepHolding(step)
	case step.Class == ClassDestination:
		return l.startHold(step, a)
	}
	return l.retry(step, a)
}

// blamesRows says whether an error is a refusal of what was sent.
func (l *Lane[R]) blamesRows(class Class, a attempt) bool {
	switch class {
	case ClassBusy:
		return false
	case ClassRetryable:
		tooMany := l.limit > 0 && a.count > 1
		return tooMany || l.first.suspectClass == class || l.isQuick()
	case ClassDestination:
		return l.first.suspectClass == class || l.isQuick()
	default:
		return true
	}
}

const (
	// maxFailures is how many failures in a row that say nothing of the rows make a
	// lane send single rows, and maxFailing for how long, from the second failure on.
	maxFailures = 3
	maxFailing  = time.Minute
)

// retry sends the same again later, and holds when that lasts.
func (l *Lane[R]) retry(step Step[R], a attempt) Step[R] {
	now := l.settings.Now()
	if l.failures++; l.failures == 1 {
		l.failingSince = now
	}
	if l.failures >= maxFailures || (l.failures > 1 && now.Sub(l.failingSince) >= maxFailing) {
		l.failures-- // startHold counts it
		return l.startHold(step, a)
	}
	step.Wait = l.settings.NextInterval(l.failures)
	return step
}

// lookInto follows a refusal that may be the fault of what was sent.
func (l *Lane[R]) lookInto(rows []R, step Step[R], a attempt) Step[R] {
	if !l.hold.quarantineFull {
		l.failures, l.failingSince = 0, time.Time{}
	}
	if a.count > 1 {
		l.bad, l.window = a.count, half(a.count)
		if step.Class == ClassRetryable {
			l.setLimit(l.window)
		}
		return step
	}
	switch {
	case a.first > 0:
		l.first.tried = append(l.first.tried, l.uid(rows[a.first]))
		return l.goOnWithOthers(rows, step, a)
	case a.form == Whole:
		return l.wholeRefused(rows, step, a)
	case l.phase == sendReduced:
		l.phase = tryOthers
		return l.goOnWithOthers(rows, step, a)
	}
	return l.quarantine(rows, step)
}

// quarantine blames the first row, if there is room for it.
func (l *Lane[R]) quarantine(rows []R, step Step[R]) Step[R] {
	if l.settings.QuarantineFull() {
		return l.holdQuarantineFull(step)
	}
	return l.blame(rows, step, Quarantined)
}

// goOnWithOthers holds if there is no other row to try. Where the first row is only
// to be refused once more, that is left out.
func (l *Lane[R]) goOnWithOthers(rows []R, step Step[R], a attempt) Step[R] {
	if l.nextOther(rows) > 0 {
		return l.pace(step, a)
	}
	if !l.first.accepted {
		return l.startHold(step, a)
	}
	l.phase = confirmWhole
	step.Wait = l.settings.NextInterval(1)
	return step
}

// wholeRefused follows a refusal of the first row alone, whole.
func (l *Lane[R]) wholeRefused(rows []R, step Step[R], a attempt) Step[R] {
	l.refusedAlone(step)
	if l.refusedBesideOthers(step.Class) {
		l.first.accepted, l.first.again = true, 1
	}
	switch {
	case l.phase == sendWindow && !l.first.reducedAccepted && !l.settings.NoReducedForm:
		l.phase = sendReduced
		return l.pace(step, a)
	case !l.refusedEnough(step.Class):
		l.phase = tryOthers
		return l.goOnWithOthers(rows, step, a)
	case l.first.reducedAccepted:
		return l.blame(rows, step, Owed)
	case l.settings.NoReducedForm:
		return l.quarantine(rows, step)
	}
	l.phase = reducedAgain
	if l.hold.quarantineFull {
		return l.keepHolding(step)
	}
	return l.pace(step, a)
}

// refusedBesideOthers says whether the first row, which was refused alone with a class,
// was refused before in an answer that accepted others. That is as good as two refusals
// alone with something else accepted in between. Where an error does not say that the row
// is to blame, the answer may be of several requests between which the destination has
// changed: one row is blamed for such an answer, and no more.
func (l *Lane[R]) refusedBesideOthers(class Class) bool {
	before, ok := l.besideOthers[l.first.uid]
	if !ok || class.MayPass() {
		return false
	}
	if before == ClassUnknown || class == ClassUnknown {
		clear(l.besideOthers)
	}
	return true
}

// refusedAlone remembers a refusal of the first row alone, whole.
func (l *Lane[R]) refusedAlone(step Step[R]) {
	if l.first.err == nil {
		l.first.class = step.Class
	}
	l.first.err = step.Err
	if !l.first.accepted {
		return
	}
	l.first.again++
	if l.settings.NoReducedForm && mayBeDown(step.Class) {
		l.first.accepted = false // the destination may be down since
	}
}

// reducedAccepted follows the acceptance of the reduced form of the first row.
func (l *Lane[R]) reducedAccepted(rows []R) Step[R] {
	l.first.reducedAccepted, l.first.accepted = true, true
	if l.phase == reducedAgain {
		return l.blame(rows, Step[R]{}, Owed)
	}
	if l.phase == holding {
		return Step[R]{} // the whole row is next
	}
	l.phase = confirmWhole
	return Step[R]{}
}

// otherAccepted follows the acceptance of a single row that is not the first.
func (l *Lane[R]) otherAccepted(rows []R, a attempt) Step[R] {
	step := Step[R]{}
	if a.form == Whole {
		step.Ahead = []int{a.first}
	} else {
		l.addWitness(l.uid(rows[a.first]))
	}
	if l.phase == holding {
		return l.endHoldAtOther(step)
	}
	l.phase, l.first.accepted = wholeAgain, true
	return step
}

// blame passes the first row, which was refused alone twice, with something else
// accepted in between.
func (l *Lane[R]) blame(rows []R, step Step[R], outcome Outcome) Step[R] {
	step.Passed = 1
	step.Blamed = &Blamed[R]{Row: rows[0], Outcome: outcome, Reason: l.first.err}
	step.HoldEnded = l.hold.quarantineFull
	if mayBeDown(Classify(l.first.err)) {
		l.limit = 0 // it was not their number
		l.quick.until, l.quick.alone = l.settings.Now().Add(quickFor), 0
		l.quick.blamed++
		l.spread++
	}
	l.pass(1)
	l.failures, l.failingSince = 0, time.Time{}
	l.bad, l.window = 0, max(l.window, 2)
	return step
}
