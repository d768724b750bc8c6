// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"
)

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
	half := s.zones[:0]
	for pair := range slices.Chunk(s.zones, 2) {
		z := pair[0]
		if len(pair) == 2 {
			z.join(pair[1])
		}
		half = append(half, z)
	}
	s.zones = half
}

// follow adds a survey of the rows that follow.
func (s *survey) follow(next survey) {
	if next.rows == 0 {
		return
	}
	s.inOrder = s.inOrder && next.inOrder && (s.rows == 0 || s.last.compare(next.zones[0].low) < 0)
	s.last = next.last
	s.rows += next.rows
	s.zones = append(s.zones, next.zones...)
	for len(s.zones) > maxZones {
		s.halve()
	}
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

// minSurvey is how many ids a part of a survey has at least: less than the work
// of opening the database once more.
const minSurvey = 1 << 16

// look surveys the rows with ids above after, up to last: parts of the table at
// once, each with a connection of its own.
func (o *Ordered) look(ctx context.Context, after, last int64) (survey, error) {
	parts := min(int64(runtime.GOMAXPROCS(0)), maxSpanReaders, max((last-after)/minSurvey, 1))
	surveys := make([]survey, parts)
	group, ctx := errgroup.WithContext(ctx)
	for i := range parts {
		from, to := after+(last-after)/parts*i, last
		if i < parts-1 {
			to = after + (last-after)/parts*(i+1)
		}
		group.Go(func() error {
			reader := Open(o.reader.settings)
			defer reader.Close()
			surveys[i] = newSurvey()
			return o.scanWith(ctx, reader, from, to, surveys[i].add)
		})
	}
	err := group.Wait()
	all := newSurvey()
	for _, s := range surveys {
		all.follow(s)
	}
	return all, err
}
