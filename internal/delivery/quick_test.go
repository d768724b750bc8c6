// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package delivery_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// runInnocents runs until every row that is not among those ids was accepted, and
// returns how long that took.
func (s *simulation) runInnocents(ids ...int) time.Duration {
	start := s.now
	for len(s.whole) < s.rows-len(ids) && s.holds < s.maxHold {
		require.Less(s.t, len(s.requests), 20_000, "no end")
		s.step()
	}
	return s.now.Sub(start)
}

// A row that provokes errors which are not permanent, or blame the destination, costs
// the others back-offs once: the next of its kind are found without a wait.
func TestManyRowsAnsweredWithErrorsOfTheDestination(t *testing.T) {
	for name, err := range map[string]error{"retryable": errRetryable, "destination": errDestination} {
		for _, test := range []struct{ rows, bad int }{{400, 1}, {400, 3}, {400, 40}, {1000, 100}, {1000, 300}} {
			for _, together := range []bool{false, true} {
				for _, reducedToo := range []bool{false, true} {
					t.Run(fmt.Sprintf("%s %v together %v reduced %v", name, test, together, reducedToo), func(t *testing.T) {
						ids := rand.New(rand.NewPCG(1, 1)).Perm(test.rows)[:test.bad]
						if together {
							ids = span(50, 50+test.bad)
						}
						s := newSimulation(t, test.rows, refuses(err, reducedToo, ids...))
						innocents := s.runInnocents(ids...)
						requests := len(s.requests)
						start := s.now
						s.maxHold = s.holds + 50
						for s.run(); s.head < s.rows; s.run() {
							s.rows++ // the last ones have no other to be compared with
							s.maxHold = s.holds + 50
						}
						s.checkNoRepeats()
						t.Log("innocents after", innocents, requests, "requests; the rest after", s.now.Sub(start), s)
						if 10*test.bad <= test.rows {
							assert.Less(t, innocents, time.Minute)
							assert.Less(t, requests, 16*test.bad+20)
						}
						assert.Equal(t, test.bad, len(s.owed)+len(s.quarantined))
						for _, id := range ids {
							assert.True(t, s.owed[id] || s.quarantined[id])
						}
						if !reducedToo {
							assert.Equal(t, test.rows, s.rows)
							assert.Len(t, s.owed, test.bad)
						}
					})
				}
			}
		}
	}
}

// A destination that goes down while rows are found without a wait is left alone, and no
// row is blamed for it.
func TestOutageInAQuickSearch(t *testing.T) {
	for name, err := range map[string]error{"retryable": errRetryable, "destination": errDestination} {
		for from := 2; from < 120; from++ {
			for _, reducedToo := range []bool{false, true} {
				poison := refuses(err, reducedToo, 3, 100, 101, 200, 390)
				back := time.Time{}
				s := newSimulation(t, 400, func(r request) error {
					if r.n == from {
						back = r.at.Add(20 * time.Minute)
					}
					if r.n >= from && r.at.Before(back) {
						return err
					}
					return poison(r)
				})
				start := s.now
				s.run()
				s.checkNoRepeats()
				assert.Equal(t, 400, s.head, name)
				assert.Len(t, s.whole, 395, "no other row is blamed")
				assert.Less(t, s.now.Sub(start), 26*time.Minute)
				down := 0
				for _, r := range s.requests {
					if r.n >= from && r.at.Before(back) {
						down++
					}
				}
				assert.LessOrEqual(t, down, 9+4+20*2+7, "a search, and then one request for each back-off")
			}
		}
	}
}

// accepting answers as a destination does that accepts or refuses each record: an error
// names those that were accepted.
func accepting(refuse answer) answer {
	return func(r request) error {
		err := refuse(r)
		if err == nil || len(r.ids) == 1 {
			return err
		}
		p := partial{error: err}
		for _, id := range r.ids {
			if refuse(request{ids: []int{id}}) == nil {
				p.accepted = append(p.accepted, id)
			}
		}
		return p
	}
}

// An answer that accepts some rows shows that the destination does not refuse
// everything: the others are delivered in their reduced form, with no other row needed.
func TestRowsRefusedInAnAnswerThatAcceptsOthers(t *testing.T) {
	for name, err := range map[string]error{"retryable": errRetryable, "destination": errDestination} {
		for _, ids := range [][]int{{7}, {0}, {49}, {3, 7, 8, 40}, span(10, 40)} {
			t.Run(fmt.Sprint(name, len(ids), ids[0]), func(t *testing.T) {
				s := newSimulation(t, 50, accepting(refuses(err, false, ids...)))
				start := s.now
				s.run()
				s.checkNoRepeats()
				t.Log(s)
				assert.Equal(t, 50, s.head)
				assert.Len(t, s.owed, len(ids))
				assert.Zero(t, s.holds, "the destination accepts something")
				assert.Less(t, s.now.Sub(start), 30*time.Second)
			})
		}
		t.Run(name+" in every form", func(t *testing.T) {
			s := newSimulation(t, 50, accepting(refuses(err, true, 7)))
			for range 30 {
				s.step()
				require.False(t, s.last.Holding, "the destination accepts something")
			}
			assert.Equal(t, 7, s.head, "there is nothing to compare it with")
			require.Positive(t, s.last.Wait)
			s.rows++
			s.run()
			s.checkNoRepeats()
			assert.True(t, s.quarantined[7])

			s.rows, s.maxHold = s.rows+3, s.holds+10
			s.answer = func(request) error { return err }
			s.run()
			assert.True(t, s.last.Holding, "it accepts nothing any more")
		})
		t.Run(name+" for a while", func(t *testing.T) {
			until := time.Date(2026, 1, 1, 0, 1, 0, 0, time.UTC)
			overloaded := accepting(refuses(err, true, span(10, 40)...))
			s := newSimulation(t, 50, func(r request) error {
				if r.at.Before(until) {
					return overloaded(r)
				}
				return nil
			}).run()
			s.checkNoRepeats()
			assert.Len(t, s.whole, 50)
			assert.Less(t, s.now.Sub(until), time.Minute)
		})
	}
}

// A row that is the only one is delivered in its reduced form, if that is accepted.
func TestReducedFormOfTheOnlyRow(t *testing.T) {
	for name, err := range map[string]error{"retryable": errRetryable, "destination": errDestination} {
		for _, rows := range []int{1, 2, 40} {
			s := newSimulation(t, rows, refuses(err, false, span(0, rows)...))
			start := s.now
			s.run()
			s.checkNoRepeats()
			assert.Len(t, s.owed, rows, name)
			t.Log(rows, s)
			assert.Less(t, s.now.Sub(start), 20*time.Minute)
		}
	}
}

// More rows in front are refused in every form than rows can be done ahead.
func TestNoRoomAhead(t *testing.T) {
	for name, err := range map[string]error{"retryable": errRetryable, "destination": errDestination, "content": errContent} {
		s := newSimulation(t, 600, refuses(err, true, span(0, 60)...))
		s.maxAhead, s.maxHold = 16, 200
		s.run()
		s.checkNoRepeats()
		assert.Equal(t, 600, s.head, name)
		assert.Len(t, s.quarantined, 60)
		assert.Len(t, s.whole, 540)
		t.Log(name, s)
	}
}

// The same with rows of both kinds.
func TestManyRowsAnsweredWithErrorsOfTwoKinds(t *testing.T) {
	for _, reducedToo := range []bool{false, true} {
		ids := rand.New(rand.NewPCG(1, 1)).Perm(400)[:40]
		retryable, destination := refuses(errRetryable, reducedToo, ids[:20]...), refuses(errDestination, reducedToo, ids[20:]...)
		s := newSimulation(t, 420, func(r request) error {
			if err := retryable(r); err != nil {
				return err
			}
			return destination(r)
		})
		innocents := s.runInnocents(ids...)
		assert.Less(t, innocents, time.Minute)
		s.run()
		s.checkNoRepeats()
		t.Log("innocents after", innocents, s)
		assert.Equal(t, 420, s.head)
		assert.Len(t, s.whole, 380)
	}
}

// Much later than a row was found, one error of a single row is waited for.
func TestQuickSearchEnds(t *testing.T) {
	s := newSimulation(t, 400, refuses(errRetryable, false, 3, 5)).run()
	s.now = s.now.Add(11 * time.Minute)
	s.rows = 401
	s.answer = func(request) error { return errRetryable }
	s.step()
	assert.Positive(t, s.last.Wait)
	assert.False(t, s.last.Holding)
	s.answer = func(r request) error {
		require.False(t, r.reduced)
		return nil
	}
	s.run()
}
