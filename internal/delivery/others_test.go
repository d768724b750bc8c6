// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// A hold sends every row in its turn, however many there are: the only one that the
// destination accepts may be anywhere.
func TestEveryRowIsTriedInPlaceOfTheFirst(t *testing.T) {
	rows := make([]string, 700)
	for i := range rows {
		rows[i] = strconv.Itoa(i)
	}
	for n := 2; n <= len(rows); n++ {
		l := NewLane(Settings{}, func(row string) string { return row })
		tried := map[int]bool{}
		for range n {
			for _, i := range l.others(rows[:n]) {
				require.Less(t, i, n)
				tried[i] = true
			}
			l.spread++
		}
		require.Len(t, tried, n-1, "of %d rows", n)
		require.NotContains(t, tried, 0)
	}
}
