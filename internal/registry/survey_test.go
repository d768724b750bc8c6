// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// However many rows there are, their zones are few, and without a gap.
func TestZonesAreFew(t *testing.T) {
	s := newSurvey()
	s.size = 1
	const rows = 5*maxZones + 3
	for id := int64(1); id <= rows; id++ {
		s.add(place{seconds: 1000 - id%100, id: id})
	}
	assert.LessOrEqual(t, len(s.zones), maxZones)
	var sum, next int64 = 0, 1
	for _, z := range s.zones {
		assert.Equal(t, next, z.first)
		next = z.last + 1
		sum += z.rows
		assert.LessOrEqual(t, z.low.compare(z.high), 0)
	}
	assert.Equal(t, int64(rows), sum)
	assert.Equal(t, int64(rows+1), next)
	assert.False(t, s.inOrder)
}

// A survey in parts finds what one of the whole table does, but for where its
// zones begin.
func TestSurveyInParts(t *testing.T) {
	const rows = 3*scanBatch + 7
	ordered := func(id int64) place { return place{seconds: id / 3, id: id} }
	setBack := func(id int64) place { return place{seconds: id % 1000, id: id} }
	for name, at := range map[string]func(int64) place{"in order": ordered, "clock set back": setBack} {
		for _, cut := range []int64{0, 1, scanBatch, rows - 1, rows} {
			whole, first, second := newSurvey(), newSurvey(), newSurvey()
			for id := int64(1); id <= rows; id++ {
				whole.add(at(id))
				if id <= cut {
					first.add(at(id))
				} else {
					second.add(at(id))
				}
			}
			first.follow(second)
			assert.Equal(t, whole.inOrder, first.inOrder, "%s, cut after %d", name, cut)
			assert.Equal(t, whole.rows, first.rows, "%s, cut after %d", name, cut)
			assert.Equal(t, whole.last, first.last, "%s, cut after %d", name, cut)
			assert.Equal(t, int64(1), first.zones[0].first, "%s, cut after %d", name, cut)
			for i := range first.zones[1:] {
				assert.Equal(t, first.zones[i].last+1, first.zones[i+1].first, "%s, cut after %d", name, cut)
			}
		}
	}
	early, late := newSurvey(), newSurvey()
	early.add(place{seconds: 9, id: 1})
	late.add(place{seconds: 8, id: 2})
	early.follow(late)
	assert.False(t, early.inOrder, "the clock was set back between the parts")
}
