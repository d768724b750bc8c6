// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"slices"
	"sort"
)

// Run is the leaves from First to Last.
type Run struct {
	First int64 `json:"first"`
	Last  int64 `json:"last"`
}

// runs is a set of indexes, as runs in order that do not touch.
type runs []Run

// add adds an index. It reports whether it was not in the set.
func (s *runs) add(index int64) bool {
	all := *s
	// The first run that ends at the index before or later.
	i := sort.Search(len(all), func(i int) bool { return all[i].Last >= index-1 })
	switch {
	case i == len(all) || index < all[i].First-1:
		if len(all) < maxRuns {
			*s = slices.Insert(all, i, Run{index, index})
		}
	case index == all[i].First-1:
		all[i].First = index
	case index <= all[i].Last:
		return false
	default:
		all[i].Last = index
		if i+1 < len(all) && all[i+1].First == index+1 {
			all[i].Last = all[i+1].Last
			*s = slices.Delete(all, i+1, i+2)
		}
	}
	return true
}

// addRun adds a run of a State, which must follow all others. One that does not,
// from a damaged State, is ignored.
func (s *runs) addRun(run Run) {
	n := len(*s)
	if run.First < 0 || run.Last < run.First || n > 0 && run.First <= (*s)[n-1].Last+1 {
		return
	}
	*s = append(*s, run)
}

// firstRuns returns a copy of the first n runs, or of all if there are fewer.
func (s runs) firstRuns(n int) []Run {
	if len(s) == 0 {
		return nil
	}
	return slices.Clone(s[:min(n, len(s))])
}
