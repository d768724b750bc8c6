// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"context"
	"time"
)

// BacklogInterval is how long after the end of a round the next begins.
const BacklogInterval = time.Hour

const (
	// maxRefusedInARow is how many entries of one reason may be refused alone, one
	// after the other, before the rest of them waits for the next round.
	maxRefusedInARow = 3
	// maxRefusedInRound is how many entries may be refused alone in one round.
	maxRefusedInRound = 64
	// maxUnreachable is how many reasons in a row may end with an error that says
	// nothing of the rows before a round ends.
	maxUnreachable = 3
	// maxRemembered bounds what is remembered of rounds before.
	maxRemembered = 8192
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
// Numbers and request ids do not make a reason another.
//
// Like a [Lane] it does no I/O, and is for one goroutine.
type Backlog struct {
	settings Settings

	due   time.Time // of the next round; zero: at once
	round *round    // nil: between rounds
	// before are the uids of entries that were probed, or refused alone, in this round
	// and earlier ones. Others come first: one that is to blame must not speak for the
	// others of its reason for ever.
	before map[string]bool
	// groups are the results of reasonGroup in this round.
	groups map[string]string
}

// round is the state of a round.
type round struct {
	// visited are the uids of entries that were accepted, or refused alone.
	visited map[string]bool
	// done are the reasons whose other entries wait for the next round.
	done map[string]bool
	// group is the current reason, "" for none, window how many of its entries to
	// send together, and following says that one was accepted.
	group     string
	window    int
	following bool
	// refused counts entries that were refused alone, refusedInARow those of the
	// group since one was accepted, and unreachable reasons since then that ended
	// with an error that says nothing of the rows.
	refused, refusedInARow, unreachable int
}

// NewBacklog returns a backlog whose first round is due. Of the settings it uses
// MaxRows and Now.
func NewBacklog(settings Settings) *Backlog {
	return &Backlog{settings: settings.withDefaults(), before: map[string]bool{}, groups: map[string]string{}}
}

// Retry makes a round due at once. One that goes on begins again.
func (b *Backlog) Retry() {
	b.due, b.round = time.Time{}, nil
	clear(b.groups)
}

// Wait is how long to wait before the next [Backlog.Step]; 0: it is due.
func (b *Backlog) Wait() time.Duration {
	if b.round != nil || b.due.IsZero() {
		return 0
	}
	return max(0, b.due.Sub(b.settings.Now()))
}

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

// Step sends at most once: nothing if it is not due, or there is no entry left for
// this round. entries are all that are kept, in any order: they may change between
// calls.
//
// send sends those with the given indexes, whole, made anew. It leaves out rows that
// do not exist any more, whose entries the owner removes after the step, though they
// are among those that were delivered. Call Step only while the lane of these rows
// does not hold because nothing is accepted: what is refused then says nothing of them.
func (b *Backlog) Step(ctx context.Context, entries []Entry, send func(ctx context.Context, indexes []int) error) BacklogStep {
	if b.Wait() > 0 {
		return BacklogStep{}
	}
	if b.round == nil {
		b.round = &round{visited: map[string]bool{}, done: map[string]bool{}}
	}
	indexes := b.next(entries)
	if len(indexes) == 0 {
		b.endRound()
		return BacklogStep{}
	}
	err := send(ctx, indexes)
	accepted := acceptedEntries(entries, indexes, err)
	if err != nil && len(accepted) == 0 {
		if ctx.Err() != nil {
			return BacklogStep{Err: err}
		}
		return b.refused(entries, indexes, err)
	}
	for _, i := range accepted {
		b.round.visited[entries[i].UID] = true
	}
	b.round.accepted(b.settings.MaxRows)
	return BacklogStep{Delivered: accepted, Err: err}
}

func (b *Backlog) endRound() {
	b.round = nil
	clear(b.groups)
	b.due = b.settings.Now().Add(BacklogInterval)
}

// next returns the indexes of the entries to send.
func (b *Backlog) next(entries []Entry) []int {
	if b.round.group != "" {
		if indexes := b.rest(entries); len(indexes) > 0 {
			return indexes
		}
		b.round.endGroup()
	}
	i := b.nextProbe(entries)
	if i < 0 {
		return nil
	}
	b.round.group, b.round.window, b.round.following = b.group(&entries[i]), 1, false
	b.round.refusedInARow = 0
	b.remember(entries[i].UID)
	return []int{i}
}

// group is what entries with the same reason have in common.
func (b *Backlog) group(e *Entry) string {
	group, ok := b.groups[e.Reason]
	if !ok {
		group = reasonGroup(e.Reason)
		b.groups[e.Reason] = group
	}
	return group
}

// nextProbe returns the index of an entry of a reason that was not tried in this
// round, -1 if there is none.
func (b *Backlog) nextProbe(entries []Entry) int {
	found := -1
	for i, e := range entries {
		if b.round.visited[e.UID] || b.round.done[b.group(&e)] {
			continue
		}
		if !b.before[e.UID] {
			return i
		}
		if found < 0 {
			found = i
		}
	}
	if found >= 0 {
		clear(b.before)
	}
	return found
}

func (b *Backlog) remember(uid string) {
	if len(b.before) >= maxRemembered {
		clear(b.before)
	}
	b.before[uid] = true
}

// rest returns the indexes of the next entries of the current reason.
func (b *Backlog) rest(entries []Entry) []int {
	var fresh, others []int
	for i, e := range entries {
		if len(fresh) == b.round.window {
			break
		}
		if b.round.visited[e.UID] || b.group(&e) != b.round.group {
			continue
		}
		if !b.before[e.UID] {
			fresh = append(fresh, i)
		} else if len(others) < b.round.window {
			others = append(others, i)
		}
	}
	if len(fresh) > 0 {
		return fresh
	}
	return others
}

func (r *round) endGroup() {
	r.done[r.group] = true
	r.group = ""
}

func (r *round) accepted(maxRows int) {
	r.following = true
	r.refusedInARow, r.unreachable = 0, 0
	r.window = min(2*r.window, maxRows)
}

func (b *Backlog) refused(entries []Entry, indexes []int, err error) BacklogStep {
	r := b.round
	step := BacklogStep{Err: err}
	if Classify(err).MayPass() {
		r.endGroup()
		if r.unreachable++; r.unreachable >= maxUnreachable {
			b.endRound()
		}
		return step
	}
	if len(indexes) > 1 {
		r.window = half(len(indexes))
		return step
	}
	step.Refused = indexes
	r.visited[entries[indexes[0]].UID] = true
	b.remember(entries[indexes[0]].UID)
	r.refused++
	r.refusedInARow++
	switch {
	case r.refused >= maxRefusedInRound:
		b.endRound()
	case !r.following || r.refusedInARow >= maxRefusedInARow:
		r.endGroup()
	}
	return step
}

// acceptedEntries returns which of the entries that were sent were accepted.
func acceptedEntries(entries []Entry, indexes []int, err error) (accepted []int) {
	if err == nil {
		return indexes
	}
	named := namedUIDs(err)
	for _, i := range indexes {
		if named[entries[i].UID] {
			accepted = append(accepted, i)
		}
	}
	return accepted
}
