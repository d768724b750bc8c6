// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"context"
	"time"
)

// Entry is a row that was blamed: quarantined or owed.
type Entry struct {
	// UID identifies it.
	UID string
	// Reason is the destination's, when it refused the row last.
	Reason string
}

// Backlog decides when to send blamed rows again. Rounds begin at the start, an hour
// after the last, and when [Backlog.Retry] is called, as after a hold. A round sends
// one entry for each reason. If it is accepted, the others with that reason follow.
//
// Like a [Lane] it does no I/O, and is for one goroutine.
type Backlog struct {
	settings Settings
}

// NewBacklog returns a backlog whose first round is due. Of the settings it uses
// MaxRows and Now.
func NewBacklog(settings Settings) *Backlog { return &Backlog{settings: settings} }

// Retry makes a round due at once.
func (b *Backlog) Retry() {}

// Wait is how long to wait before the next [Backlog.Step]; 0: it is due.
func (b *Backlog) Wait() time.Duration { return time.Hour }

// BacklogStep is the result of one call of [Backlog.Step].
type BacklogStep struct {
	// Delivered are the indexes of entries that were accepted, in their order: their
	// owner removes them.
	Delivered []int
	// Refused are the indexes of entries that were refused alone again. They stay,
	// with Err as their reason.
	Refused []int
	// Err is why something was not accepted; nil if all that was sent was.
	Err error
}

// Step sends once, if it is due and there is an entry. entries are all that are
// kept, in any order: they may change between calls. send sends those with the
// given indexes whole, except for those that do not exist any more, which their
// owner removes after the step. Call it only while the lane of these rows does not
// hold.
func (b *Backlog) Step(ctx context.Context, entries []Entry, send func(ctx context.Context, indexes []int) error) BacklogStep {
	return BacklogStep{}
}
