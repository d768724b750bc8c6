// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"context"
	"time"
)

// Form is the form in which rows are sent.
type Form int

// Forms of rows.
const (
	// Whole is the row as it is.
	Whole Form = iota
	// Reduced is the row without text from strangers, under a uid of its own.
	Reduced
)

// Send sends rows and returns what the destination answered. It must make new
// records each time.
type Send[R any] func(ctx context.Context, rows []R, form Form) error

// phase is what a lane does next. All but sendWindow and holding are about the
// first row, which was refused alone.
type phase int

const (
	// sendWindow sends the next rows together.
	sendWindow phase = iota
	// sendReduced sends the reduced form of the first row.
	sendReduced
	// confirmWhole sends the first row whole once more: its reduced form was accepted.
	confirmWhole
	// tryOthers sends other rows, one each: the reduced form was refused too.
	tryOthers
	// wholeAgain sends the first row once more: another row was accepted.
	wholeAgain
	// reducedAgain sends its reduced form once more.
	reducedAgain
	// holding sends single rows, one for each back-off.
	holding
)

// Lane is what is known of the destination of one queue of rows. It is for one
// goroutine.
type Lane[R any] struct {
	settings Settings
	uid      func(R) string

	phase phase
	// window is how many rows are sent together.
	window int
	// bad is how many of the first rows were refused together; 0: none.
	bad int
	// limit is a number of rows that a destination accepts together, which answers
	// more with errors that are not permanent; 0: not known. atLimit counts the
	// requests that were accepted since it changed.
	limit, atLimit int
	// failures and failingSince count failures in a row that say nothing of the rows.
	failures     int
	failingSince time.Time
	// quick is the state of a search that does not wait.
	quick quick
	// besideOthers are the uids of the rows that an answer refused while it accepted
	// others, with its class. It is for rows without a reduced form.
	besideOthers map[string]Class
	// witnesses are uids of rows that are not done, whose reduced forms were accepted.
	witnesses map[string]bool
	// spread moves the rows that are tried in place of the first: not always the same.
	spread int

	first firstRow
	hold  hold
}

// firstRow is what is known of the first of the rows that are not done yet.
type firstRow struct {
	// uid is empty until the row is seen.
	uid string
	// err is of the last refusal of the whole row, alone, and class of the first.
	err   error
	class Class
	// reducedAccepted says that its reduced form must not be sent again.
	reducedAccepted bool
	// accepted says that something else was accepted since its first refusal alone,
	// and again counts its refusals alone since then.
	accepted bool
	again    int
	// tried are the uids of others that were sent since its refusal.
	tried []string
	// suspectClass is the class of errors that blame the row although they are not
	// permanent or blame the destination: other rows are accepted. ClassUnknown: none.
	suspectClass Class
	// destinationHolds counts the holds in which the destination was blamed for this
	// row, and which another row ended.
	destinationHolds int
}

// NewLane returns a lane that knows nothing. uid returns what identifies a row, its
// log.record.uid: an error names by it what was accepted (see [Partial]), and a row
// that takes the place of another is not blamed for it.
func NewLane[R any](settings Settings, uid func(R) string) *Lane[R] {
	l := &Lane[R]{settings: settings.withDefaults(), uid: uid, witnesses: map[string]bool{}, besideOthers: map[string]Class{}}
	l.window = l.settings.MaxRows
	return l
}

// attempt is what one step sends.
type attempt struct {
	first, count int
	form         Form
}

// Step sends once. The rows are those that are not done yet, in their order, and
// begin with the first of them; there is at least one. Later rows may be missing at
// one call and there at the next. The last one should be the newest: rows that
// arrive while a lane holds are tried.
//
// Where a context ends, an error says nothing: the lane is as before.
func (l *Lane[R]) Step(ctx context.Context, rows []R, send Send[R]) Step[R] {
	step := l.step(ctx, rows, send)
	l.forgetDone(rows, step.Passed, step.Ahead)
	return step
}

func (l *Lane[R]) step(ctx context.Context, rows []R, send Send[R]) Step[R] {
	l.seeFirst(rows)
	a, ok := l.nextAttempt(rows)
	if !ok {
		return l.startHold(Step[R]{Err: l.first.err, Class: Classify(l.first.err)}, a)
	}
	return l.answered(ctx, rows, a, send(ctx, rows[a.first:a.first+a.count], a.form))
}

// Answered is [Lane.Step] where the owner has sent all the rows together already, whole,
// and err is the answer. It is for a lane that is not [Lane.Searching].
func (l *Lane[R]) Answered(ctx context.Context, rows []R, err error) Step[R] {
	l.seeFirst(rows)
	step := l.answered(ctx, rows, attempt{count: len(rows)}, err)
	l.forgetDone(rows, step.Passed, step.Ahead)
	return step
}

// answered follows the answer to an attempt.
func (l *Lane[R]) answered(ctx context.Context, rows []R, a attempt, err error) Step[R] {
	sent := rows[a.first : a.first+a.count]
	if err == nil {
		return l.accepted(rows, a)
	}
	if a.form == Whole {
		if done, some := l.acceptedOf(sent, err); some {
			return l.partlyAccepted(rows, a, done, err)
		}
	}
	if ctx.Err() != nil {
		return Step[R]{Err: err, Class: Classify(err)}
	}
	return l.refused(rows, a, err)
}

// Searching reports whether the next step sends a single row, to find out who is to
// blame, or whether the destination accepts anything: a row from far behind, as the
// last one, is of use then.
func (l *Lane[R]) Searching() bool { return l.phase != sendWindow }

// seeFirst forgets what is known of a row that is not the first any more: it was
// deleted, or the database is another.
func (l *Lane[R]) seeFirst(rows []R) {
	uid := l.uid(rows[0])
	if l.first.uid == uid {
		return
	}
	if l.first.uid != "" {
		l.forgetRows()
	}
	l.first = firstRow{uid: uid, reducedAccepted: l.witnesses[uid]}
}

// forgetRows forgets what is known of the first rows.
func (l *Lane[R]) forgetRows() {
	l.bad, l.quick.sameAnswer = 0, 0
	clear(l.besideOthers)
	l.hold.firstRefused = false
	if l.phase != holding {
		l.phase = sendWindow
	}
	l.hold.quarantineFull = false
	l.first = firstRow{}
}

// NextMessage says that the next rows are those of another message: what was learned of
// the former rows does not hold of them. What is known of the destination stays, a hold
// included.
func (l *Lane[R]) NextMessage() {
	l.forgetRows()
	l.window = l.settings.MaxRows
	if l.limit > 0 {
		l.window = l.limit
	}
}

// AcceptedElsewhere says that the destination has accepted something that is not of this
// lane. It is evidence as another row would be, provided that it was sent after the last
// step ended: an answer to a request of before may be of a destination that has changed
// since. It reports whether that changes what is sent next, so that it is time to do so.
func (l *Lane[R]) AcceptedElsewhere() bool {
	switch l.phase {
	case holding:
		if l.hold.quarantineFull {
			return false
		}
		l.failures, l.failingSince = 0, time.Time{}
		l.quick.alone = 0
		l.endHoldAtOther(Step[R]{})
		return true
	case tryOthers:
		l.phase, l.first.accepted = wholeAgain, true
		return true
	default:
		return false
	}
}

// nextAttempt returns what to send. ok is false if there is nothing left to try
// before a hold.
func (l *Lane[R]) nextAttempt(rows []R) (a attempt, ok bool) {
	a = attempt{count: 1}
	switch l.phase {
	case confirmWhole, wholeAgain:
	case sendWindow:
		a.count = l.nextCount(len(rows))
	case sendReduced, reducedAgain:
		a.form = Reduced
	case tryOthers:
		a.first = l.nextOther(rows)
		a.form = l.formOfOther(a.first)
		return a, a.first > 0
	case holding:
		a.first, a.form = l.nextProbe(rows)
	}
	return a, true
}

// nextCount returns how many of the first rows to send together.
func (l *Lane[R]) nextCount(rows int) int {
	count := min(l.window, rows)
	if l.bad > 0 {
		count = half(min(l.bad, rows))
	}
	// All but one may turn out to be done ahead.
	return max(1, min(count, l.settings.AheadRoom()+1))
}

// half rounds up.
func half(n int) int { return (n + 1) / 2 }

// accepted follows an attempt of which everything was accepted.
func (l *Lane[R]) accepted(rows []R, a attempt) Step[R] {
	l.failures, l.failingSince = 0, time.Time{}
	l.quick.alone = 0
	switch {
	case a.first > 0:
		return l.otherAccepted(rows, a)
	case a.form == Reduced:
		return l.reducedAccepted(rows)
	case l.phase == holding:
		return l.endHoldAtFirst()
	case l.phase == sendWindow:
		atRandom := false
		if l.bad > 0 && l.bad <= a.count { // each of the rows that were refused together was accepted
			atRandom = l.endQuick()
		}
		l.pass(a.count)
		l.grow()
		return Step[R]{Passed: a.count, AtRandom: atRandom}
	}
	// It was refused before: not because of what it is.
	step := Step[R]{Passed: 1, HoldEnded: l.hold.quarantineFull, AtRandom: l.endQuick()}
	l.pass(1)
	l.bad, l.window = 0, max(l.window, 2)
	return step
}

// pass moves the lane past the first rows.
func (l *Lane[R]) pass(rows int) {
	l.phase = sendWindow
	l.bad = max(l.bad-rows, 0)
	l.quick.sameAnswer = max(l.quick.sameAnswer-rows, 0)
	l.first = firstRow{}
	l.hold = hold{}
}

// grow makes the window larger after a success.
func (l *Lane[R]) grow() {
	if l.bad > 0 {
		return
	}
	l.raiseLimit()
	l.window = min(2*l.window, l.settings.MaxRows)
	if l.limit > 0 {
		l.window = min(l.window, l.limit)
	}
}

// attemptsAtLimit is how many requests are accepted before a larger one is tried.
const attemptsAtLimit = 16

func (l *Lane[R]) raiseLimit() {
	if l.limit == 0 {
		return
	}
	if l.atLimit++; l.atLimit < attemptsAtLimit {
		return
	}
	l.limit, l.atLimit = 2*l.limit, 0
	if l.limit >= l.settings.MaxRows {
		l.limit = 0
	}
}

// setLimit remembers that so many rows may be accepted together, and not more.
func (l *Lane[R]) setLimit(rows int) {
	l.limit, l.atLimit, l.window = rows, 0, rows
}
