// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package delivery

import "time"

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
	// Reason is the error of the last refusal of the whole row.
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
	// until one is. It does not say so while single rows are sent because the first is
	// refused, and others were accepted in the same answer: Err and Wait do.
	Holding bool
	// HoldingSince is since when, if it does.
	HoldingSince time.Time
	// HoldEnded says that this step ended a hold: refused rows that were kept may be
	// accepted now.
	HoldEnded bool
	// AtRandom says that rows were accepted that had been refused, after others were
	// blamed for such a refusal: chance decides, and refused rows that were kept may be
	// accepted now.
	AtRandom bool
	// QuarantineFull says that it holds because the quarantine is full.
	QuarantineFull bool
}
