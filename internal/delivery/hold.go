// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package delivery

import "time"

// hold is what is known while a lane holds.
type hold struct {
	since time.Time
	// probes is how many single rows were sent.
	probes int
	// turn is the place of the next one in a round, and rounds counts these.
	turn, rounds int
	// class is of the error that started the hold, and failedTogether is how many
	// rows were sent together then.
	class          Class
	failedTogether int
	// firstRefused says that the first row was refused alone, with an error of
	// firstClass last.
	firstRefused bool
	firstClass   Class
	// quarantineFull says that the lane holds for that, which is no phase: the first
	// row is sent as in wholeAgain and reducedAgain.
	quarantineFull bool
}

// startHold follows an error that blames the destination, or a search that found
// nothing that it accepts.
func (l *Lane[R]) startHold(step Step[R], a attempt) Step[R] {
	aloneBefore := l.phase != sendWindow // what came before was a refusal of the first row
	l.hold = hold{since: l.settings.Now(), class: step.Class, failedTogether: a.count}
	if a.count == 1 && a.first == 0 && a.form == Whole && step.Class != ClassBusy {
		l.hold.firstRefused, l.hold.firstClass = true, step.Class
		if l.first.err == nil {
			l.first.class = step.Class
		}
		l.first.err = step.Err
	} else if aloneBefore {
		l.hold.firstRefused, l.hold.firstClass = true, Classify(l.first.err)
	}
	l.phase = holding
	l.bad, l.window = 0, l.settings.MaxRows
	l.first.tried = nil
	l.first.suspectClass = ClassUnknown
	if !l.first.reducedAccepted {
		l.first.accepted = false
		if !l.settings.NoReducedForm || !mayBeDown(step.Class) {
			l.first.again = 0
		}
	}
	l.quick = quick{sameAnswer: l.quick.sameAnswer}
	return l.keepHolding(step)
}

func (l *Lane[R]) keepHolding(step Step[R]) Step[R] {
	l.failures++
	step.Wait = l.settings.NextInterval(l.failures)
	step.QuarantineFull = l.hold.quarantineFull
	if l.hold.quarantineFull || !l.othersAccepted() {
		step.Holding, step.HoldingSince = true, l.hold.since
	}
	return step
}

// othersAccepted says whether the destination accepts something, though not the first
// row.
func (l *Lane[R]) othersAccepted() bool { return l.quick.sameAnswer > 0 || l.first.accepted }

func (l *Lane[R]) probeRefused(rows []R, step Step[R], a attempt) Step[R] {
	l.hold.probes++
	l.hold.turn++
	if a.first > 0 {
		l.quick.sameAnswer = 0
		return l.keepHolding(step)
	}
	if a.form == Reduced || step.Class == ClassBusy {
		return l.keepHolding(step)
	}
	l.hold.firstRefused, l.hold.firstClass = true, step.Class
	l.refusedAlone(step)
	if l.provesOwed(step.Class) {
		step = l.blame(rows, step, Owed)
		step.HoldEnded = true
		return step
	}
	return l.keepHolding(step)
}

// provesOwed says whether a refusal of the first row, in a hold, shows that it is to
// blame: it is refused as before its reduced form was accepted.
func (l *Lane[R]) provesOwed(class Class) bool {
	if !l.first.reducedAccepted || mayBeDown(class) && class != l.first.class {
		return false
	}
	return l.refusedEnough(class)
}

// nextProbe returns the index of the row to send, and its form: the first row and others
// in turn, and in every second round the reduced form of the first. That is for rows that
// have no others to compare them with. It comes seldom: when the destination is back, it
// is an event too many. And rounds differ in length, so that an owner that offers another
// last row at each call does not offer the same ones at the end of each round.
func (l *Lane[R]) nextProbe(rows []R) (index int, form Form) {
	if l.first.accepted && l.first.reducedAccepted && l.first.again < minAgain {
		return 0, Whole
	}
	others := l.others(rows)
	if l.hold.turn > len(others)+l.hold.rounds%2 {
		l.hold.turn = 0
		l.hold.rounds++
		l.spread++
		others = l.others(rows)
	}
	turn := l.hold.turn
	switch {
	case turn > len(others) && l.hold.firstRefused && !l.first.reducedAccepted && !l.settings.NoReducedForm:
		return 0, Reduced
	case turn == 0 || turn > len(others):
		return 0, Whole
	}
	return others[turn-1], l.formOfOther(others[turn-1])
}

// endHoldAtFirst ends a hold in which the first row was accepted. If it was at the
// first probe, after an error of several rows that does not blame them, their number
// was the cause, or another of them.
func (l *Lane[R]) endHoldAtFirst() Step[R] {
	if l.hold.class.MayPass() && l.hold.failedTogether > 1 && l.hold.probes == 0 {
		l.setLimit(half(l.hold.failedTogether))
		l.quick.until = l.settings.Now().Add(quickFor)
	}
	l.quick.sameAnswer = 0
	l.pass(1)
	return Step[R]{Passed: 1, HoldEnded: true}
}

// maxDestinationHolds is how often in a row an error may blame the destination for
// the same row, alone, while others are accepted, before it is looked into.
const maxDestinationHolds = 3

// endHoldAtOther ends a hold in which a row that is not the first was accepted.
func (l *Lane[R]) endHoldAtOther(step Step[R]) Step[R] {
	step.HoldEnded = true
	refused, class := l.hold.firstRefused, l.hold.firstClass
	l.hold = hold{}
	l.phase = sendWindow
	if !refused {
		return step
	}
	if class == ClassDestination && l.quick.sameAnswer == 0 {
		if l.first.destinationHolds++; l.first.destinationHolds < maxDestinationHolds {
			return step
		}
	}
	l.phase, l.first.accepted = wholeAgain, true
	l.first.suspectClass = class
	return step
}

// holdQuarantineFull holds at a row that cannot be quarantined. It is sent again,
// whole and reduced in turn.
func (l *Lane[R]) holdQuarantineFull(step Step[R]) Step[R] {
	if !l.hold.quarantineFull {
		l.hold = hold{since: l.settings.Now(), quarantineFull: true}
	}
	l.phase = wholeAgain
	return l.keepHolding(step)
}
