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
						s.run()
						s.checkNoRepeats()
						t.Log("innocents after", innocents, requests, "requests; the rest after", s.now.Sub(start), s)
						assert.Equal(t, s.rows, s.head)
					})
				}
			}
		}
	}
}
