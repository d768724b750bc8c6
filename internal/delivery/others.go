// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package delivery

import "slices"

// othersEach is how many of the following rows, and how many of all that are
// between, are tried.
const othersEach = 8

// MaxOthers is how many rows are tried in place of one, with the last, before a lane
// holds.
const MaxOthers = 2*othersEach + 1

// others returns the indexes of the rows to try in place of the first: those that
// follow it, the last, and some spread between. What is wrong with one row may be
// wrong with its neighbours, too.
func (l *Lane[R]) others(rows []R) []int {
	room := l.settings.AheadRoom() > 0
	indexes := make([]int, 0, MaxOthers)
	add := func(i int) {
		if i < len(rows) && !slices.Contains(indexes, i) && (room || !l.witnesses[l.uid(rows[i])]) {
			indexes = append(indexes, i)
		}
	}
	add(1)
	if last := len(rows) - 1; last > 0 {
		add(last)
	}
	stride := max(1, (len(rows)+othersEach-1)/othersEach) // rounded up: no row is beyond all of them
	for i := 1; i <= othersEach; i++ {
		add(1 + (othersEach-i)*stride + l.spread%stride)
		add(i)
	}
	return indexes
}

// nextOther returns the index of the next row to try in place of the first, 0 if
// all were.
func (l *Lane[R]) nextOther(rows []R) int {
	if len(l.first.tried) >= MaxOthers {
		return 0
	}
	for _, i := range l.others(rows) {
		if !slices.Contains(l.first.tried, l.uid(rows[i])) {
			return i
		}
	}
	return 0
}

// formOfOther returns the form in which a row is sent in place of the first. The
// reduced one shows as well that the destination accepts something, and is for when no
// row can be done ahead.
func (l *Lane[R]) formOfOther(index int) Form {
	if index > 0 && l.settings.AheadRoom() < 1 {
		return Reduced
	}
	return Whole
}

// maxWitnesses bounds what is remembered of rows that were deleted. It is more than
// can be pending.
const maxWitnesses = 8192

func (l *Lane[R]) addWitness(uid string) {
	if len(l.witnesses) >= maxWitnesses {
		clear(l.witnesses)
	}
	l.witnesses[uid] = true
}

// forgetDone forgets the uids of rows that are done.
func (l *Lane[R]) forgetDone(rows []R, passed int, ahead []int) {
	if len(l.witnesses) == 0 && len(l.besideOthers) == 0 {
		return
	}
	forget := func(row R) {
		delete(l.witnesses, l.uid(row))
		delete(l.besideOthers, l.uid(row))
	}
	for _, row := range rows[:passed] {
		forget(row)
	}
	for _, i := range ahead {
		forget(rows[i])
	}
}
