// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"

	"github.com/oversight-protocol/oversight-otelcol/internal/delivery"
)

// refusal is an error with a class.
type refusal struct{ class string }

func (r refusal) Error() string        { return "refused: " + r.class }
func (r refusal) RefusalClass() string { return r.class }

var (
	errUnknown     = consumererror.NewPermanent(errors.New("400 Bad Request"))
	errRetryable   = errors.New("503 Service Unavailable")
	errDestination = consumererror.NewPermanent(refusal{delivery.RefusedByDestination})
	errContent     = consumererror.NewPermanent(refusal{delivery.RefusedContent})
	errBusy        = refusal{delivery.RefusedBusy} // not permanent
	errSize        = consumererror.NewPermanent(refusal{delivery.RefusedSize})
)

// partial is an error of a request of which some rows were accepted.
type partial struct {
	error
	accepted []int
}

func (p partial) Unwrap() error { return p.error }
func (p partial) AcceptedRecords() (uids []string) {
	for _, id := range p.accepted {
		uids = append(uids, strconv.Itoa(id))
	}
	return uids
}

// request is what a destination got.
type request struct {
	ids     []int
	reduced bool
	// n counts requests, from 1 on, and at is when it came.
	n  int
	at time.Time
}

// answer is what a destination says; nil: all was accepted.
type answer func(request) error

// simulation is the owner of a lane, with the storage and the clock that it needs,
// and a destination. It checks the invariants at every step.
type simulation struct {
	t      testing.TB
	lane   *delivery.Lane[int]
	answer answer

	rows     int // 0 to rows-1 exist
	maxRows  int
	head     int // the cursor
	ahead    map[int]bool
	now      time.Time
	requests []request
	answers  []error

	whole, reduced map[int]int // how often each row was accepted
	owed           map[int]bool
	quarantined    map[int]bool
	last           delivery.Step[int]
	holds          int // steps that sent nothing, or were refused, in a hold
	maxQuarantine  int
	maxAhead       int
	maxHold        int
	noReducedForm  bool
	atOnce         int // single rows that were refused, and were followed by the next at once
}

func newSimulation(t testing.TB, rows int, answer answer) *simulation {
	s := &simulation{
		t: t, answer: answer, rows: rows, maxRows: 1000, maxQuarantine: 1 << 30, maxAhead: 1024, maxHold: 3000,
		now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), ahead: map[int]bool{},
		whole: map[int]int{}, reduced: map[int]int{}, owed: map[int]bool{}, quarantined: map[int]bool{},
	}
	s.lane = s.newLane()
	return s
}

// newMessageSimulation is one of rows that have no reduced form.
func newMessageSimulation(t testing.TB, rows int, answer answer) *simulation {
	s := newSimulation(t, rows, answer)
	s.noReducedForm = true
	s.lane = s.newLane()
	return s
}

func (s *simulation) newLane() *delivery.Lane[int] {
	return delivery.NewLane(delivery.Settings{
		MaxRows:        s.maxRows,
		NoReducedForm:  s.noReducedForm,
		NextInterval:   func(n int) time.Duration { return min(time.Duration(n)*5*time.Second, 30*time.Second) },
		Now:            func() time.Time { return s.now },
		QuarantineFull: func() bool { return len(s.quarantined) >= s.maxQuarantine },
		AheadRoom:      func() int { return s.maxAhead - len(s.ahead) },
	}, strconv.Itoa)
}

// mayBeDown says whether an error is that of a destination that is down.
func mayBeDown(err error) bool {
	class := delivery.Classify(err)
	return class == delivery.ClassRetryable || class == delivery.ClassDestination
}

// acceptElsewhere is another call's request, which the destination accepts.
func (s *simulation) acceptElsewhere() bool {
	s.requests = append(s.requests, request{n: len(s.requests) + 1, at: s.now})
	s.answers = append(s.answers, nil)
	changed := s.lane.AcceptedElsewhere()
	s.last.Holding = s.last.Holding && !changed
	return changed
}

// pending are the rows of one read.
func (s *simulation) pending() (ids []int) {
	for id := s.head; id < s.rows && len(ids) < s.maxRows; id++ {
		if !s.ahead[id] {
			ids = append(ids, id)
		}
	}
	return ids
}

func (s *simulation) send(_ context.Context, ids []int, form delivery.Form) error {
	r := request{ids: slices.Clone(ids), reduced: form == delivery.Reduced, n: len(s.requests) + 1, at: s.now}
	require.True(s.t, !r.reduced || len(ids) == 1 && !s.noReducedForm, "reduced forms are sent alone")
	err := s.answer(r)
	s.requests = append(s.requests, r)
	s.answers = append(s.answers, err)
	accepted := r.ids
	if err != nil {
		accepted = nil
		var p partial
		if errors.As(err, &p) {
			accepted = p.accepted
		}
	}
	for _, id := range accepted {
		if r.reduced {
			s.reduced[id]++
		} else {
			s.whole[id]++
		}
	}
	return err
}

// step makes one step and follows it.
func (s *simulation) step() {
	pending := s.pending()
	before := len(s.requests)
	step := s.lane.Step(s.t.Context(), pending, s.send)
	s.checkStep(pending, step, before)
	for _, id := range pending[:step.Passed] {
		s.head = id + 1
	}
	if b := step.Blamed; b != nil {
		s.checkBlame(b)
		if b.Outcome == delivery.Owed {
			s.owed[b.Row] = true
		} else {
			s.quarantined[b.Row] = true
		}
	}
	for _, i := range step.Ahead {
		s.ahead[pending[i]] = true
	}
	for s.ahead[s.head] {
		delete(s.ahead, s.head)
		s.head++
	}
	s.now = s.now.Add(step.Wait)
	if step.Holding {
		s.holds++
	}
	s.last = step
}

// checkStep checks what must hold of every step.
func (s *simulation) checkStep(pending []int, step delivery.Step[int], before int) {
	require.LessOrEqual(s.t, len(s.requests)-before, 1, "one request a step")
	require.LessOrEqual(s.t, step.Passed, len(pending))
	require.True(s.t, s.noReducedForm || len(s.ahead)+len(step.Ahead) <= s.maxAhead)
	for i, id := range pending[:step.Passed] {
		blamed := step.Blamed != nil && i == step.Passed-1
		require.True(s.t, blamed || s.whole[id] > 0, "the cursor passes row %d, which was not accepted", id)
	}
	for _, i := range step.Ahead {
		require.Greater(s.t, i, step.Passed)
		require.Positive(s.t, s.whole[pending[i]], "row %d is done ahead, and was not accepted", pending[i])
	}
	if s.last.Holding && len(s.requests) > before {
		require.Len(s.t, s.requests[before].ids, 1, "a hold sends single rows")
	}
	if step.Holding {
		require.Positive(s.t, step.Wait, "a hold waits after each request")
		require.False(s.t, step.HoldingSince.IsZero())
		require.Error(s.t, step.Err)
	}
	s.checkPace(step, before)
	if step.Err == nil {
		return
	}
	require.Equal(s.t, delivery.Classify(step.Err), step.Class)
}

// checkPace: a destination that may be down is not asked again at once. It is if it was
// seen to accept some rows and to refuse others: with four single rows at most until it
// accepts something again, or a row is blamed.
func (s *simulation) checkPace(step delivery.Step[int], before int) {
	accepted := len(s.requests) > before && s.answers[before] == nil
	if accepted || step.Passed > 0 || len(step.Ahead) > 0 {
		s.atOnce = 0
		return
	}
	single := len(s.requests) > before && len(s.requests[before].ids) == 1
	if step.Class == delivery.ClassBusy && single {
		require.Positive(s.t, step.Wait, "a destination that is busy is not asked again at once")
	}
	mayBeDown := step.Class == delivery.ClassRetryable || step.Class == delivery.ClassDestination
	if mayBeDown && len(s.requests) > before && len(s.requests[before].ids) == 1 && step.Wait == 0 {
		s.atOnce++
		require.LessOrEqual(s.t, s.atOnce, 4, "a destination that may be down is not asked again at once")
		elsewhere := slices.ContainsFunc(s.requests, func(r request) bool { return len(r.ids) == 0 })
		require.True(s.t, elsewhere || len(s.whole)+len(s.reduced) > 0, "it has accepted something")
	}
}

// checkBlame: a row is blamed only between two lone refusals of it with something
// else accepted in between: its own reduced form, or another row. Without a reduced
// form an answer that accepts others, and refuses the row is as good as
// the first two of these.
func (s *simulation) checkBlame(b *delivery.Blamed[int]) {
	refused, accepted, again := false, false, false
	fresh := false // something was accepted since the last refusal alone
	for i, r := range s.requests {
		alone := len(r.ids) == 1 && r.ids[0] == b.Row && !r.reduced
		switch {
		case alone && s.answers[i] != nil:
			again = accepted
			if s.noReducedForm && mayBeDown(s.answers[i]) {
				again = fresh
			}
			refused, fresh = true, fresh && delivery.Classify(s.answers[i]) == delivery.ClassBusy
		case s.refusedBesideOthers(i, b.Row):
			refused, accepted, fresh = true, true, true
		case refused && s.answers[i] == nil:
			accepted, fresh = true, true
		}
	}
	require.True(s.t, again, "row %d was blamed without reason: %v", b.Row, s.requests)
	require.Error(s.t, b.Reason)
	require.Zero(s.t, s.whole[b.Row])
	if b.Outcome == delivery.Owed {
		require.Positive(s.t, s.reduced[b.Row])
	} else {
		require.Zero(s.t, s.reduced[b.Row])
	}
}

func (s *simulation) refusedBesideOthers(request, row int) bool {
	var p partial
	if !s.noReducedForm || !errors.As(s.answers[request], &p) || len(p.accepted) == 0 {
		return false
	}
	class := delivery.Classify(p)
	return (class == delivery.ClassContent || class == delivery.ClassSize || class == delivery.ClassUnknown) &&
		slices.Contains(s.requests[request].ids, row) && !slices.Contains(p.accepted, row)
}

// run steps until all is done, the lane has held for maxHold steps, or there were
// too many requests.
func (s *simulation) run() *simulation {
	for s.head < s.rows && s.holds < s.maxHold {
		require.Less(s.t, len(s.requests), 200_000, "no end")
		s.step()
	}
	s.checkNothingLost()
	return s
}

// checkNothingLost: each row before the cursor was accepted or is kept.
func (s *simulation) checkNothingLost() {
	for id := range s.head {
		require.True(s.t, s.whole[id] > 0 || s.owed[id] || s.quarantined[id], "row %d is lost", id)
	}
}

// checkNoRepeats: a destination that takes all of a request or nothing gets nothing
// twice.
func (s *simulation) checkNoRepeats() {
	for id, n := range s.whole {
		require.Equal(s.t, 1, n, "row %d", id)
	}
	for id, n := range s.reduced {
		require.Equal(s.t, 1, n, "reduced form of row %d", id)
	}
}

func (s *simulation) String() string {
	return fmt.Sprintf("%d requests, %d holds, %d owed, %d quarantined, %v", len(s.requests), s.holds, len(s.owed), len(s.quarantined), s.now)
}
