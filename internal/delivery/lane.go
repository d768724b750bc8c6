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

// Settings configure a [Lane].
type Settings struct {
	// MaxRows is the most rows to send together, at least 1.
	MaxRows int
	// NextInterval returns how long to wait after the n-th failure in a row, from 1
	// on.
	NextInterval func(failures int) time.Duration
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// QuarantineFull says that no row can be quarantined. The lane then holds at the
	// row that would be. Default: there is always room.
	QuarantineFull func() bool
	// AheadRoom is how many more rows may be done ahead. Default: as many as there
	// are.
	AheadRoom func() int
}

// Lane is what is known of the destination of one queue of rows. It is for one
// goroutine.
type Lane[R any] struct {
	settings Settings
	uid      func(R) string
}

// NewLane returns a lane that knows nothing. uid returns what identifies a row, its
// log.record.uid: an error names by it what was accepted (see [Partial]), and a row
// that takes the place of another is not blamed for it.
func NewLane[R any](settings Settings, uid func(R) string) *Lane[R] {
	return &Lane[R]{settings: settings, uid: uid}
}

// Outcome is what became of a row that a destination refuses alone.
type Outcome int

// Outcomes.
const (
	// Owed: its reduced form was accepted. The whole row is still to be delivered.
	Owed Outcome = iota + 1
	// Quarantined: its reduced form was refused too, while another row was accepted.
	Quarantined
)

// Blamed is a row that was found to be to blame.
type Blamed[R any] struct {
	Row     R
	Outcome Outcome
	// Reason is the error of its last refusal.
	Reason error
}

// Step is the result of one call of [Lane.Step]. Its owner saves it in one
// transaction, and acts on it before the next call.
type Step[R any] struct {
	// Passed is how many of the first rows are done: they were accepted, and the
	// last of them may be Blamed. The cursor moves past them.
	Passed int
	// Blamed is set if the row rows[Passed-1] was not accepted whole.
	Blamed *Blamed[R]
	// Ahead are the indexes of rows behind the others that were accepted, in their
	// order: at most AheadRoom. They must not be among the rows of later calls.
	Ahead []int
	// Wait is how long to wait before the next call; 0: call at once.
	Wait time.Duration
	// Err is why something was not accepted; nil if all that was sent was.
	Err error
	// Class is the class of Err.
	Class Class
	// Holding says that the lane holds: nothing is accepted, and single rows are sent
	// until one is.
	Holding bool
	// HoldingSince is since when, if it does.
	HoldingSince time.Time
	// HoldEnded says that this step ended a hold: refused rows that were kept may be
	// accepted now.
	HoldEnded bool
	// QuarantineFull says that it holds because the quarantine is full.
	QuarantineFull bool
}

// Step sends once. The rows are those that are not done yet, in their order, and
// begin with the first of them; there is at least one. Later rows may be missing at
// one call and there at the next. The last ones should include the newest.
func (l *Lane[R]) Step(ctx context.Context, rows []R, send Send[R]) Step[R] {
	return Step[R]{}
}
