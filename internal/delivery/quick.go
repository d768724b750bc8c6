// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package delivery

import "time"

// quick is the state of a search that takes errors for refusals which are not
// permanent, or blame the destination. It does not wait for them to end, so that a row
// which provokes them costs no more time than one that is refused.
type quick struct {
	// until is how long the search is quick, as with such an error some rows were refused
	// while others were accepted. That ends before with a hold, and when what was refused
	// is accepted later: then the destination was down, or chance decides.
	until time.Time
	// alone counts single rows that were refused since something was accepted, or a
	// row blamed.
	alone int
	// blamed counts rows that were found since the beginning.
	blamed int
	// sameAnswer is how many of the first rows were refused in an answer that accepted
	// others.
	sameAnswer int
}

const (
	// quickFor is how long a search is quick after a row was found: an error that comes
	// much later is waited for first.
	quickFor = 10 * time.Minute
	// maxQuickAlone is how many single rows may be refused, one after the other,
	// without a wait: a row, its reduced form, and two others.
	maxQuickAlone = 4
	// minAgain is how often a row must be refused alone after something else was
	// accepted, where the destination may be down, or may answer at random.
	minAgain = 3
	// minBlamed is how many rows must be found in a row until once is enough.
	minBlamed = 5
)

// mayBeDown says whether errors of a class are those of a destination that is down.
func mayBeDown(class Class) bool { return class == ClassRetryable || class == ClassDestination }

// isQuick says whether errors of a destination that may be down are refusals.
func (l *Lane[R]) isQuick() bool { return l.settings.Now().Before(l.quick.until) }

// refusedEnough says whether the first row was refused alone, with an error of that
// class, often enough after something else was accepted.
func (l *Lane[R]) refusedEnough(class Class) bool {
	if !mayBeDown(class) || l.quick.sameAnswer > 0 || l.quick.blamed >= minBlamed {
		return l.first.again >= 1
	}
	return l.first.again >= minAgain
}

// endQuick ends a quick search, since what was refused is accepted now. It reports
// whether rows were blamed in it: by chance, perhaps.
func (l *Lane[R]) endQuick() (blamed bool) {
	blamed = l.quick.blamed > 0
	l.quick = quick{}
	return blamed
}

// pace waits after the refusal of a single row where the destination may be down, and
// holds if a quick search has found nothing that is accepted.
func (l *Lane[R]) pace(step Step[R], a attempt) Step[R] {
	if !mayBeDown(step.Class) {
		return step
	}
	if !l.isQuick() {
		step.Wait = l.settings.NextInterval(1)
		return step
	}
	if l.quick.alone++; l.quick.alone <= maxQuickAlone {
		return step
	}
	if !l.first.accepted || !l.first.reducedAccepted {
		return l.startHold(step, a)
	}
	if l.phase == tryOthers {
		l.phase = confirmWhole
	}
	step.Wait = l.settings.NextInterval(1)
	return step
}
