// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

// maxZones bounds the memory of a survey, to less than a megabyte.
const maxZones = 8192

// survey is what a first look at all rows found out.
type survey struct {
	rows    int64
	inOrder bool  // the places come in the order of ids
	last    place // of the row with the highest id
	zones   []zone
	size    int64 // rows in a zone
}

// zone is a run of rows in the order of ids, and between which places they are.
type zone struct {
	first, last int64 // ids
	low, high   place
	rows        int64
}

func newSurvey() survey { return survey{inOrder: true, size: scanBatch} }

// add takes the places in the order of ids.
func (s *survey) add(p place) {
	s.inOrder = s.inOrder && (s.rows == 0 || s.last.compare(p) < 0)
	s.last = p
	s.rows++
	if n := len(s.zones); n > 0 && s.zones[n-1].rows < s.size {
		s.zones[n-1].join(zone{p.id, p.id, p, p, 1})
		return
	}
	if len(s.zones) == maxZones {
		s.halve()
	}
	s.zones = append(s.zones, zone{p.id, p.id, p, p, 1})
}

// halve makes zones twice as large.
func (s *survey) halve() {
	s.size *= 2
	for i := range maxZones / 2 {
		s.zones[i] = s.zones[2*i]
		s.zones[i].join(s.zones[2*i+1])
	}
	s.zones = s.zones[:maxZones/2]
}

// join adds the zone that follows.
func (z *zone) join(next zone) {
	z.last = next.last
	z.rows += next.rows
	if next.low.compare(z.low) < 0 {
		z.low = next.low
	}
	if next.high.compare(z.high) > 0 {
		z.high = next.high
	}
}
