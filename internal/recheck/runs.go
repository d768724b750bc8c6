// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package recheck

import (
	"math"
	"slices"
	"sort"
)

// runs is a set of numbers: the first and the last number of each run, in order.
type runs [][2]int64

// find is the index of the first run that ends at a number or behind it.
func (r runs) find(number int64) int {
	return sort.Search(len(r), func(i int) bool { return r[i][1] >= number })
}

func (r runs) has(number int64) bool {
	i := r.find(number)
	return i < len(r) && r[i][0] <= number
}

// next is the first number of the set from one on; [math.MaxInt64] if there is none.
func (r runs) next(from int64) int64 {
	i := r.find(from)
	if i == len(r) {
		return math.MaxInt64
	}
	return max(from, r[i][0])
}

// add adds the numbers from first to last, and those between them and runs that are at
// most so many numbers away.
func (r *runs) add(first, last, gap int64) {
	from := r.find(first - gap - 1)
	to := from
	for to < len(*r) && (*r)[to][0] <= last+gap+1 {
		first, last = min(first, (*r)[to][0]), max(last, (*r)[to][1])
		to++
	}
	*r = slices.Replace(*r, from, to, [2]int64{first, last})
}

// remove removes the numbers from first to last.
func (r *runs) remove(first, last int64) {
	from := r.find(first)
	to := from
	var rest [][2]int64
	for to < len(*r) && (*r)[to][0] <= last {
		if run := (*r)[to]; run[0] < first {
			rest = append(rest, [2]int64{run[0], first - 1})
		}
		if run := (*r)[to]; run[1] > last {
			rest = append(rest, [2]int64{last + 1, run[1]})
		}
		to++
	}
	*r = slices.Replace(*r, from, to, rest...)
}
