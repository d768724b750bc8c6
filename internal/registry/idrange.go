// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// idRangeSize is how many rows an id range has at most, unless they are out of
// order: few enough that a clock that was set back mixes hardly more rows than it
// has to.
const idRangeSize = 4096

// idRange is rows whose ids follow each other, and what their sort keys are.
type idRange struct {
	first, last     int64   // ids
	lowest, highest sortKey // of all rows
	rows            int64
	inOrder         bool // ids and sort keys are in the same order
}

// idRanges divides rows, in the order of their ids, such that every sort key of a
// range is above all of those of the range before. To read rows in the order of
// their sort keys is then to read range after range, and to sort in those only
// that are not in order.
type idRanges struct {
	list []idRange
	size int64 // of a range that is in order, at most
}

// addRow adds the row that follows.
func (r *idRanges) addRow(key sortKey) {
	if n := len(r.list); n > 0 {
		last := &r.list[n-1]
		if last.inOrder && last.rows < r.size && last.highest.compare(key) < 0 {
			last.last, last.highest = key.id, key
			last.rows++
			return
		}
	}
	r.add(idRange{first: key.id, last: key.id, lowest: key, highest: key, rows: 1, inOrder: true})
}

// add adds the range that follows, merged with those that it belongs before.
func (r *idRanges) add(next idRange) {
	for n := len(r.list); n > 0 && r.list[n-1].highest.compare(next.lowest) > 0; n-- {
		next = r.list[n-1].mergeOutOfOrder(next)
		r.list = r.list[:n-1]
	}
	r.list = append(r.list, next)
}

// mergeOutOfOrder is both ranges as one. The other one follows, and has a row
// that belongs before the last one of this.
func (r idRange) mergeOutOfOrder(next idRange) idRange {
	merged := idRange{first: r.first, last: next.last, lowest: r.lowest, highest: r.highest, rows: r.rows + next.rows}
	if next.lowest.compare(merged.lowest) < 0 {
		merged.lowest = next.lowest
	}
	if next.highest.compare(merged.highest) > 0 {
		merged.highest = next.highest
	}
	return merged
}

// minScan is how many ids are scanned at once at least: less than the work of
// opening the database once more.
const minScan = 1 << 16

// divide divides the rows with ids above after, up to last, into ranges. It scans
// parts of the table in parallel, each with a connection of its own.
func (o *Ordered) divide(ctx context.Context, after, last int64) ([]idRange, error) {
	span := uint64(max(last, after)) - uint64(after)                                    //nolint:gosec // the difference is right also where it exceeds an int64
	parts := min(int64(runtime.GOMAXPROCS(0)), maxReaders, max(int64(span/minScan), 1)) //nolint:gosec // below 2^48
	step := int64(span / uint64(parts))                                                 //nolint:gosec // wraps around as the sum below does
	scanned := make([]idRanges, parts)
	group, ctx := errgroup.WithContext(ctx)
	for i := range parts {
		from, to := after+step*i, last
		if i < parts-1 {
			to = after + step*(i+1)
		}
		group.Go(func() error {
			reader := Open(o.reader.settings)
			defer reader.Close()
			scanned[i].size = o.reader.idRangeSize
			return o.scan(ctx, reader, from, to, scanned[i].addRow)
		})
	}
	err := group.Wait()
	all := scanned[0]
	for _, part := range scanned[1:] {
		for _, r := range part.list {
			all.add(r)
		}
	}
	return all.list, err
}
