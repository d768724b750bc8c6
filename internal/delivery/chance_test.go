// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package delivery_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A destination that refuses at random seems to refuse a row now and then. When it
// accepts what it had refused, the lane says so: the row that was blamed need not wait.
func TestRowBlamedByChance(t *testing.T) {
	for name, refusedLast := range map[string]func(request) bool{
		"rows that were refused together": func(request) bool { return true },
		"a row that was refused alone":    func(r request) bool { return len(r.ids) == 1 },
	} {
		t.Run(name, func(t *testing.T) {
			blamed, refused := false, false
			s := newSimulation(t, 40, func(r request) error {
				switch {
				case !blamed && slices.Contains(r.ids, 3):
					return errRetryable
				case blamed && !refused:
					refused = refusedLast(r)
					return errRetryable
				}
				return nil
			})
			for !s.last.AtRandom && s.head < s.rows {
				require.Less(t, len(s.requests), 1000, "no end")
				s.step()
				blamed = blamed || s.last.Blamed != nil
			}
			assert.True(t, s.last.AtRandom)
			assert.True(t, refused)
			s.checkNothingLost()
			s.checkNoRepeats()
		})
	}
}

// Rows that are to blame are never accepted, and nothing looks like chance.
func TestRowsToBlameAreNotChance(t *testing.T) {
	for _, err := range []error{errRetryable, errDestination, errContent} {
		s := newSimulation(t, 400, refuses(err, true, 3, 100, 101, 200, 390))
		for s.head < s.rows {
			require.Less(t, len(s.requests), 1000, "no end")
			s.step()
			require.False(t, s.last.AtRandom)
		}
		assert.Len(t, s.whole, 395)
	}
}
