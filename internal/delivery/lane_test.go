// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package delivery_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/delivery"
)

// refuses answers requests with one of those rows: whole only, or the reduced form,
// too.
func refuses(err error, reducedToo bool, ids ...int) answer {
	bad := map[int]bool{}
	for _, id := range ids {
		bad[id] = true
	}
	return func(r request) error {
		if r.reduced && !reducedToo {
			return nil
		}
		for _, id := range r.ids {
			if bad[id] {
				return err
			}
		}
		return nil
	}
}

func span(from, to int) (ids []int) {
	for id := from; id < to; id++ {
		ids = append(ids, id)
	}
	return ids
}

// scattered are 100 of 1,000 rows.
func scattered() []int {
	return rand.New(rand.NewPCG(1, 1)).Perm(1000)[:100]
}

// Of 1,000 rows, those that are refused cost so many requests, and only they are
// blamed.
func TestRefusedRows(t *testing.T) {
	for name, test := range map[string]struct {
		ids                         []int
		reducedToo                  bool
		requests, owed, quarantined int
	}{
		"head":                       {[]int{0}, false, 22, 1, 0},
		"middle":                     {[]int{500}, false, 21, 1, 0},
		"tail":                       {[]int{999}, false, 13, 1, 0},
		"100 scattered":              {scattered(), false, 800, 100, 0},
		"100 together":               {span(300, 400), false, 418, 100, 0},
		"the last 40":                {span(960, 1000), false, 169, 40, 0},
		"all":                        {span(0, 1000), false, 4008, 1000, 0},
		"head, reduced too":          {[]int{0}, true, 24, 0, 1},
		"middle, reduced too":        {[]int{500}, true, 23, 0, 1},
		"100 scattered, reduced too": {scattered(), true, 960, 0, 100},
	} {
		for class, err := range map[string]error{"unknown": errUnknown, "content": errContent, "size": errSize} {
			t.Run(name+" "+class, func(t *testing.T) {
				s := newSimulation(t, 1000, refuses(err, test.reducedToo, test.ids...)).run()
				s.checkNoRepeats()
				assert.Equal(t, 1000, s.head)
				assert.LessOrEqual(t, len(s.requests), test.requests)
				assert.Len(t, s.owed, test.owed)
				assert.Len(t, s.quarantined, test.quarantined)
				assert.Zero(t, s.holds)
				t.Log(s)
				for _, id := range test.ids {
					assert.True(t, s.owed[id] || s.quarantined[id])
				}
			})
		}
	}
}

// Who refuses everything is not believed to mean the rows, and is asked once for
// each back-off after that.
func TestRefusedWhole(t *testing.T) {
	s := newSimulation(t, 1000, func(request) error { return errUnknown })
	for !s.last.Holding {
		s.step()
	}
	assert.LessOrEqual(t, len(s.requests), 28)
	s.maxHold = 500
	s.run()
	assert.Zero(t, s.head)
	assert.Empty(t, s.quarantined)

	probed := map[int]bool{}
	for _, r := range s.requests[28:] {
		require.Len(t, r.ids, 1)
		probed[r.ids[0]] = true
	}
	assert.True(t, probed[0] && probed[1] && probed[999], "the head, others and the newest in turn")

	s.answer = func(request) error { return nil }
	s.maxHold, s.requests = 1000, nil
	s.run()
	s.checkNoRepeats()
	assert.LessOrEqual(t, len(s.requests), 4, "windows are as at the beginning")
}

func TestAtMostSoManyRowsTogether(t *testing.T) {
	s := newSimulation(t, 1000, func(r request) error {
		if len(r.ids) > 64 {
			return errUnknown
		}
		return nil
	}).run()
	s.checkNoRepeats()
	assert.LessOrEqual(t, len(s.requests), 67)
	assert.Empty(t, s.owed)
}

// 413 that is never permanent: a smaller window is found, kept, and no row blamed.
func TestTooManyRowsAnsweredWithRetryableErrors(t *testing.T) {
	s := newSimulation(t, 10_000, func(r request) error {
		if len(r.ids) > 64 {
			return errRetryable
		}
		return nil
	})
	start := s.now
	s.run()
	s.checkNoRepeats()
	assert.Empty(t, s.owed)
	assert.Empty(t, s.quarantined)
	assert.LessOrEqual(t, len(s.requests), 240, "157 at least")
	assert.Less(t, s.now.Sub(start), 2*time.Minute)
}

// 503 for one row: it alone is blamed, and the others wait for a few minutes at
// most.
func TestOneRowAnsweredWithRetryableErrors(t *testing.T) {
	for _, id := range []int{0, 500, 998} {
		for _, reducedToo := range []bool{false, true} {
			s := newSimulation(t, 5000, refuses(errRetryable, reducedToo, id))
			start := s.now
			s.run()
			s.checkNoRepeats()
			assert.LessOrEqual(t, len(s.requests), 36, "windows are large again")
			assert.Equal(t, 5000, s.head)
			assert.Equal(t, !reducedToo, s.owed[id])
			assert.Equal(t, reducedToo, s.quarantined[id])
			assert.Len(t, s.whole, 4999)
			assert.Less(t, s.now.Sub(start), 3*time.Minute, "row %d", id)
		}
	}
}

// An outage is retried with what was to be sent, then with single rows, once for
// each back-off; afterwards all goes on at once.
func TestOutage(t *testing.T) {
	for name, err := range map[string]error{"retryable": errRetryable, "destination": errDestination, "unknown": errUnknown} {
		t.Run(name, func(t *testing.T) {
			until := time.Date(2026, 1, 1, 6, 0, 0, 0, time.UTC)
			s := newSimulation(t, 5000, func(r request) error {
				if r.at.Before(until) {
					return err
				}
				return nil
			}).run()
			s.checkNoRepeats()
			assert.Equal(t, 5000, s.head)
			assert.Empty(t, s.owed)
			assert.Empty(t, s.quarantined)
			assert.Less(t, s.now.Sub(until), time.Minute)
			var last time.Time
			burst := 0
			for _, r := range s.requests {
				if r.at.Before(until) && r.at.Equal(last) {
					burst++
				}
				last = r.at
			}
			if name == "unknown" {
				assert.LessOrEqual(t, burst, 28)
			} else {
				assert.Zero(t, burst, "one request for each back-off")
			}
		})
	}
}

// A destination that turns to 401 while a refusal is looked into, at every request.
func TestDestinationTurns(t *testing.T) {
	for _, turned := range []error{errDestination, errRetryable, errUnknown} {
		for from := 1; from < 26; from++ {
			for _, reducedToo := range []bool{false, true} {
				poison := refuses(errContent, reducedToo, 500)
				back := time.Time{}
				s := newSimulation(t, 1000, func(r request) error {
					if r.n == from {
						back = r.at.Add(10 * time.Minute)
					}
					if r.n >= from && r.at.Before(back) {
						return turned
					}
					return poison(r)
				}).run()
				s.checkNoRepeats()
				assert.Equal(t, 1000, s.head)
				assert.Equal(t, !reducedToo, s.owed[500])
				assert.Equal(t, reducedToo, s.quarantined[500])
				assert.Len(t, s.whole, 999)
			}
		}
	}
}

// With nothing else to compare it with, a row is not blamed. Innocent rows that
// arrive show that it is the one: one of them, or three if it blames the destination.
func TestOnlyRow(t *testing.T) {
	for name, err := range map[string]error{"retryable": errRetryable, "destination": errDestination, "unknown": errUnknown} {
		t.Run(name, func(t *testing.T) {
			s := newSimulation(t, 1, refuses(err, true, 0))
			s.maxHold = 100
			s.run()
			assert.True(t, s.last.Holding)
			assert.Zero(t, s.head)
			assert.Empty(t, s.quarantined)

			s.rows, s.maxHold = 2, 1000
			if name == "destination" {
				s.rows = 4
			}
			arrived := s.now
			s.run()
			assert.Equal(t, s.rows, s.head)
			assert.True(t, s.quarantined[0])
			assert.Len(t, s.quarantined, 1)
			assert.Less(t, s.now.Sub(arrived), 10*time.Minute)
			s.checkNoRepeats()
		})
	}
}

// The last rows are all refused: the ones that come later show it.
func TestPoisonBurstAtTheEnd(t *testing.T) {
	s := newSimulation(t, 1000, refuses(errContent, true, span(980, 1000)...))
	s.maxHold = 50
	s.run()
	assert.Equal(t, 980, s.head)
	assert.Empty(t, s.quarantined, "there is nothing to compare them with")
	s.rows, s.maxHold = 1040, 1000
	s.run()
	s.checkNoRepeats()
	assert.Equal(t, 1040, s.head)
	assert.Len(t, s.quarantined, 20)
}

// A destination that blames itself for the same row again and again, and accepts all
// others, does not stop them.
func TestDestinationErrorsOfOneRow(t *testing.T) {
	for _, id := range []int{0, 300, 998} {
		s := newSimulation(t, 5000, refuses(errDestination, true, id))
		start := s.now
		s.run()
		s.checkNoRepeats()
		assert.Equal(t, 5000, s.head)
		assert.True(t, s.quarantined[id])
		assert.Len(t, s.quarantined, 1)
		assert.Less(t, s.now.Sub(start), 3*time.Minute, "row %d", id)
		assert.LessOrEqual(t, len(s.requests), 60, "row %d: windows are large again", id)
	}
}

// Balancers, some of whose servers refuse everything: nothing is lost.
func TestBalancers(t *testing.T) {
	for name, err := range map[string]error{"retryable": errRetryable, "destination": errDestination, "unknown": errUnknown} {
		t.Run(name, func(t *testing.T) {
			blamed, holds := 0, 0
			for seed := range uint64(300) {
				random := rand.New(rand.NewPCG(seed, 0))
				p := []float64{.1, .3, .5, .8}[random.IntN(4)]
				s := newSimulation(t, 300, func(request) error {
					if random.Float64() < p {
						return err
					}
					return nil
				}).run()
				s.checkNoRepeats()
				require.Equal(t, 300, s.head)
				blamed += len(s.owed) + len(s.quarantined)
				holds += s.holds
			}
			t.Logf("of 90,000 rows %d were blamed by chance, %d holds", blamed, holds)
			if name != "unknown" {
				assert.Less(t, blamed, 100)
			}
		})
	}
}

// A destination that says that it is busy says nothing of a row, however often and
// whenever it does: no row is blamed, not even for a refusal of the same row before.
func TestBusyDestinations(t *testing.T) {
	for name, busy := range map[string]func(r request, random float64) bool{
		"every third":       func(r request, _ float64) bool { return r.n%3 == 0 },
		"every second":      func(r request, _ float64) bool { return r.n%2 == 0 },
		"all but one in 10": func(r request, _ float64) bool { return r.n%10 != 0 },
		"a third, random":   func(_ request, random float64) bool { return random < .33 },
		"most, random":      func(_ request, random float64) bool { return random < .9 },
		"large requests":    func(r request, random float64) bool { return len(r.ids) > 64 || random < .2 },
	} {
		for seed := range uint64(20) {
			random := rand.New(rand.NewPCG(seed, 3))
			s := newSimulation(t, 1000, func(r request) error {
				if busy(r, random.Float64()) {
					return errBusy
				}
				return nil
			})
			s.maxHold = 100_000
			s.run()
			s.checkNoRepeats()
			require.Equal(t, 1000, s.head, "%s, seed %d: %v", name, seed, s)
			require.Empty(t, s.owed, "%s, seed %d", name, seed)
			require.Empty(t, s.quarantined, "%s, seed %d", name, seed)
			require.Empty(t, s.reduced, "%s, seed %d", name, seed)
		}
	}
}

// What a row is blamed for while the destination is busy now and then is the row's
// own.
func TestBusyBesideRefusals(t *testing.T) {
	for _, reducedToo := range []bool{false, true} {
		for seed := range uint64(50) {
			random := rand.New(rand.NewPCG(seed, 4))
			bad := random.Perm(980)[:20] // behind the last one there are others to try
			refuse := refuses([]error{errUnknown, errContent, errSize}[seed%3], reducedToo, bad...)
			s := newSimulation(t, 1000, func(r request) error {
				if random.Float64() < .4 {
					return errBusy
				}
				return refuse(r)
			})
			s.maxHold = 100_000
			s.run()
			s.checkNoRepeats()
			require.Equal(t, 1000, s.head, "seed %d: %v", seed, s)
			for id := range 1000 {
				blamed := s.owed[id] || s.quarantined[id]
				require.Equal(t, slices.Contains(bad, id), blamed, "seed %d, row %d", seed, id)
			}
		}
	}
}

// Every destination loses nothing and gets nothing twice.
func TestRandomDestinations(t *testing.T) {
	for seed := range uint64(400) {
		random := rand.New(rand.NewPCG(seed, 1))
		s := newSimulation(t, 1+random.IntN(400), randomDestination(random))
		s.maxQuarantine = []int{0, 3, 1000}[random.IntN(3)]
		s.maxAhead = []int{0, 1, 5, 1024}[random.IntN(4)]
		s.maxHold = 200
		for s.head < s.rows && s.holds < s.maxHold && len(s.requests) < 5000 {
			s.step()
			if random.IntN(10) == 0 {
				s.rows += random.IntN(3)
			}
			s.maxRows = 1 + random.IntN(1000) // a budget in bytes
		}
		s.checkNothingLost()
		s.checkNoRepeats()
		require.LessOrEqual(t, len(s.quarantined), s.maxQuarantine)

		// It recovers, and everything comes.
		s.answer = func(request) error { return nil }
		for range 10_000 {
			if s.head == s.rows {
				break
			}
			s.step()
		}
		require.Equal(t, s.rows, s.head, "seed %d", seed)
		s.checkNothingLost()
		s.checkNoRepeats()
	}
}

func randomDestination(random *rand.Rand) answer {
	errs := []error{errUnknown, errRetryable, errBusy, errDestination, errContent, errSize}
	bad := map[int]error{}
	reducedToo := map[int]bool{}
	for range random.IntN(30) {
		id := random.IntN(400)
		bad[id], reducedToo[id] = errs[random.IntN(len(errs))], random.IntN(2) == 0
	}
	limit, limitErr := 1<<20, errs[random.IntN(len(errs))]
	if random.IntN(3) == 0 {
		limit = 1 + random.IntN(64)
	}
	flaky, down := []float64{0, 0, .05, .5}[random.IntN(4)], 0
	var outage error
	return func(r request) error {
		if down == 0 && random.Float64() < flaky {
			down, outage = 1+random.IntN(40), errs[random.IntN(len(errs))]
		}
		if down > 0 {
			down--
			return outage
		}
		if len(r.ids) > limit {
			return limitErr
		}
		for _, id := range r.ids {
			if err := bad[id]; err != nil && (!r.reduced || reducedToo[id]) {
				return err
			}
		}
		return nil
	}
}

// A full quarantine holds at the row that would be next, and goes on when there is
// room, or when the row is accepted.
func TestQuarantineFull(t *testing.T) {
	full := func(t *testing.T) *simulation {
		s := newSimulation(t, 1000, refuses(errContent, true, span(0, 20)...))
		s.maxQuarantine, s.maxHold = 5, 30
		s.run()
		require.Equal(t, 5, s.head)
		require.Len(t, s.quarantined, 5)
		require.True(t, s.last.Holding)
		require.True(t, s.last.QuarantineFull)
		s.maxHold = 10_000
		return s
	}
	t.Run("room", func(t *testing.T) {
		s := full(t)
		s.maxQuarantine = 100
		s.run()
		assert.Equal(t, 1000, s.head)
		assert.Len(t, s.quarantined, 20)
		s.checkNoRepeats()
	})
	t.Run("accepted", func(t *testing.T) {
		s := full(t)
		s.answer = func(request) error { return nil }
		s.step()
		assert.False(t, s.last.Holding)
		for !s.last.HoldEnded {
			s.step()
		}
		s.run()
		s.checkNoRepeats()
		assert.Equal(t, 1000, s.head)
		assert.Len(t, s.quarantined, 5)
	})
	t.Run("outage", func(t *testing.T) {
		s := full(t)
		s.answer = func(request) error { return errRetryable }
		for range 20 {
			s.step()
			require.True(t, s.last.Holding)
			require.True(t, s.last.QuarantineFull)
		}
	})
}

// A row that takes the place of the first is not blamed for what was refused before
// it.
func TestFirstRowReplaced(t *testing.T) {
	for after := range 60 {
		s := newSimulation(t, 1000, refuses(errContent, after%2 == 0, 0, 1, 2, 3))
		for range after / 2 {
			s.step()
		}
		if s.head > 0 {
			break
		}
		s.head = 2 // 0 and 1 were deleted
		s.whole[0], s.whole[1] = 1, 1
		s.run()
		s.checkNoRepeats()
		assert.Equal(t, 1000, s.head)
	}
}

// The same while the lane holds.
func TestFirstRowReplacedInAHold(t *testing.T) {
	for steps := range 6 {
		s := newSimulation(t, 1, refuses(errContent, true, 0, 1))
		for range 3 + steps {
			s.step()
		}
		require.True(t, s.last.Holding)
		s.whole[0] = 1 // it was deleted
		s.head, s.rows = 1, 10
		s.run()
		s.checkNoRepeats()
		assert.Equal(t, map[int]bool{1: true}, s.quarantined)
	}
}

// A reduced form that was accepted before an outage is not sent again after it, and
// shows that the row is to blame.
func TestOutageAfterReducedForm(t *testing.T) {
	s := newSimulation(t, 1, nil)
	s.answer = func(r request) error {
		switch {
		case r.reduced:
			return nil
		case r.n > 2 && r.n < 10:
			return errDestination
		}
		return errContent
	}
	s.run()
	s.checkNoRepeats()
	assert.True(t, s.owed[0])
	assert.True(t, s.last.HoldEnded)
}

// Failures count in a row.
func TestFailuresBetweenRefusals(t *testing.T) {
	answers := []error{errRetryable, errRetryable, errUnknown, errRetryable, errRetryable, nil}
	s := newSimulation(t, 4, func(r request) error { return answers[r.n-1] })
	for range answers {
		s.step()
		assert.False(t, s.last.Holding)
	}
}

// While the context ends, nothing is learned.
func TestContextEnds(t *testing.T) {
	poison := refuses(errContent, true, 500)
	canceled := false
	s := newSimulation(t, 1000, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.answer = func(r request) error {
		if canceled {
			return context.Canceled
		}
		return poison(r)
	}
	for s.head < s.rows {
		canceled = true
		for range 5 {
			step := s.lane.Step(ctx, s.pending(), s.send)
			require.Equal(t, delivery.Step[int]{Err: context.Canceled, Class: delivery.ClassRetryable}, step)
		}
		canceled = false
		s.step()
	}
	assert.LessOrEqual(t, len(s.requests), 6*24)
	assert.Zero(t, s.holds)
	s.checkNoRepeats()
}

// What an error names as accepted is not sent again.
func TestPartlyAccepted(t *testing.T) {
	for name, err := range map[string]error{"content": errContent, "unknown": errUnknown, "retryable": errRetryable, "destination": errDestination} {
		for _, ids := range [][]int{{0}, {500}, {999}, {0, 1, 7, 400, 999}, span(100, 200), span(500, 1000)} {
			refuse := refuses(err, false, ids...)
			s := newSimulation(t, 1500, func(r request) error {
				if refuse(r) == nil {
					return nil
				}
				p := partial{error: err}
				for _, id := range r.ids {
					if refuse(request{ids: []int{id}}) == nil {
						p.accepted = append(p.accepted, id)
					}
				}
				return p
			})
			s.maxAhead = 700
			if name == "retryable" || name == "destination" {
				relent := time.Date(2026, 1, 1, 1, 0, 0, 0, time.UTC)
				refusing := s.answer
				s.answer = func(r request) error {
					if r.at.After(relent) {
						return nil
					}
					return refusing(r)
				}
			}
			s.run()
			s.checkNoRepeats()
			assert.Equal(t, 1500, s.head, name)
			assert.Empty(t, s.quarantined)
			for id := range s.owed {
				assert.Contains(t, ids, id)
			}
		}
	}
}

func TestAcceptedRecords(t *testing.T) {
	p := partial{errRetryable, []int{3}}
	assert.Equal(t, []string{"3"}, delivery.AcceptedRecords(p))
	assert.Equal(t, []string{"3"}, delivery.AcceptedRecords(errors.Join(p)))
	assert.Equal(t, []string{"3"}, delivery.AcceptedRecords(partial{errors.Join(errRetryable, errUnknown), []int{3}}))
	assert.Nil(t, delivery.AcceptedRecords(errors.Join(p, errRetryable)), "the other destination may have accepted nothing")
	assert.Nil(t, delivery.AcceptedRecords(errRetryable))
	assert.Nil(t, delivery.AcceptedRecords(nil))
}
