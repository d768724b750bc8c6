// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"slices"

	"github.com/oversight-protocol/oversight-otelcol/internal/livedb"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// pageSize is how many places are sorted at once. Two pages of them take 8 MB.
const pageSize = 1 << 18

// pager keeps the places of the rows that come next in the order of time.
type pager struct {
	size  int
	zones []zone  // in the order of their lowest places
	page  []place // sorted
	at    int     // in page: what is read next
}

func newPager(zones []zone) pager {
	zones = slices.Clone(zones)
	slices.SortFunc(zones, func(a, b zone) int { return a.low.compare(b.low) })
	return pager{size: pageSize, zones: zones}
}

// nextByTime reads on in the order of places, one row after another.
func (o *Ordered) nextByTime(ctx context.Context, n int, into []translator.Event) (events []translator.Event, more bool, err error) {
	p := &o.pager
	if p.at == len(p.page) {
		if err := o.turn(ctx); err != nil || len(p.page) == 0 {
			return nil, false, err
		}
	}
	read := 0
	err = o.view(ctx, func(conn *livedb.Conn, attempt livedb.Attempt) (err error) {
		read = min(batchSize(n, attempt), len(p.page)-p.at)
		events, err = o.reader.rowsOf(conn, p.page[p.at:p.at+read], into)
		return err
	})
	p.at += read
	return events, true, err
}

// turn makes the next page: the first places after the last ones.
func (o *Ordered) turn(ctx context.Context) error {
	p := &o.pager
	next := collector{size: p.size, places: p.page[:0]}
	if len(p.page) > 0 {
		next.after, next.bounded = p.page[len(p.page)-1], true
	}
	for _, z := range p.zones {
		if next.bounded && z.high.compare(next.after) <= 0 {
			continue
		}
		if next.full && z.low.compare(next.worst) > 0 {
			break // neither this zone nor any that follows has a place before
		}
		if err := o.scan(ctx, z.first-1, z.last, next.add); err != nil {
			return err
		}
	}
	next.cut()
	p.page, p.at = next.places, 0
	return nil
}

// collector keeps the first of the places that it is given, as many as size.
type collector struct {
	size    int
	after   place // only places after this one, if bounded
	bounded bool
	places  []place
	worst   place // no place after this one is among the first ones, if full
	full    bool
}

func (c *collector) add(p place) {
	if c.bounded && p.compare(c.after) <= 0 || c.full && p.compare(c.worst) > 0 {
		return
	}
	c.places = append(c.places, p)
	if len(c.places) == 2*c.size {
		c.cut()
	}
}

func (c *collector) cut() {
	slices.SortFunc(c.places, place.compare)
	if len(c.places) >= c.size {
		c.places = c.places[:c.size]
		c.worst, c.full = c.places[c.size-1], true
	}
}

// rowsOf reads rows one by one. Those that are gone are passed over.
func (r *Reader) rowsOf(conn *livedb.Conn, places []place, events []translator.Event) ([]translator.Event, error) {
	stmt, err := conn.Prepare(selectRow)
	if err != nil {
		return nil, err
	}
	now := r.settings.Now().UTC()
	for _, p := range places {
		stmt.BindInt64(1, p.id)
		found, err := stmt.Step()
		if found {
			events = append(events, translator.Event{RegistryID: r.settings.RegistryID, Observed: now})
			r.decoder.decode(stmt, &events[len(events)-1])
		}
		stmt.Reset()
		if err != nil {
			return nil, err
		}
	}
	return events, nil
}
