// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// clocks are timestamps by id.
var clocks = map[string]func(id int64) int64{
	"in order":       func(id int64) int64 { return id / 3 },
	"set back once":  func(id int64) int64 { return id/3 - id/2000*100 },
	"set back often": func(id int64) int64 { return id/3 - id%500/7*10 },
	"backwards":      func(id int64) int64 { return -id },
	"random":         func(id int64) int64 { return int64(rand.New(rand.NewPCG(1, uint64(id))).IntN(1e6)) },
}

// divideAll divides rows with ids from 1 in two parts, as parallel scans do.
func divideAll(clock func(int64) int64, rows, cut, size int64) []idRange {
	parts := [2]idRanges{{size: size}, {size: size}}
	for id := int64(1); id <= rows; id++ {
		part := &parts[0]
		if id > cut {
			part = &parts[1]
		}
		part.addRow(sortKey{clock(id), id})
	}
	for _, r := range parts[1].list {
		parts[0].add(r)
	}
	return parts[0].list
}

// Wherever the scan was divided, ranges are consecutive by id and by sort key, and
// describe their rows.
func TestIDRanges(t *testing.T) {
	const rows, size = 3007, 100
	for name, clock := range clocks {
		for _, cut := range []int64{0, 1, size, rows / 2, rows - 1, rows} {
			id := int64(0)
			highest := sortKey{seconds: -1 << 62}
			for _, r := range divideAll(clock, rows, cut, size) {
				require.Equal(t, id+1, r.first, "%s, cut after %d", name, cut)
				var keys []sortKey
				for id = r.first; id <= r.last; id++ {
					keys = append(keys, sortKey{clock(id), id})
				}
				id = r.last
				assert.Equal(t, slices.IsSortedFunc(keys, sortKey.compare), r.inOrder, "%s, cut after %d", name, cut)
				slices.SortFunc(keys, sortKey.compare)
				assert.Equal(t, idRange{r.first, r.last, keys[0], keys[len(keys)-1], int64(len(keys)), r.inOrder}, r, "%s, cut after %d", name, cut)
				assert.Positive(t, r.lowest.compare(highest), "%s, cut after %d", name, cut)
				highest = r.highest
			}
			require.Equal(t, int64(rows), id, "%s, cut after %d", name, cut)
		}
	}
}

// Ranges that are in order are small, so that a clock that was set back mixes few
// rows, and not one for each row.
func TestSizeOfIDRanges(t *testing.T) {
	const rows, size = 3000, 100
	assert.Len(t, divideAll(clocks["in order"], rows, 0, size), rows/size)
	assert.Len(t, divideAll(clocks["backwards"], rows, 0, size), 1)
	mixed := int64(0)
	for _, r := range divideAll(clocks["set back once"], rows, 0, size) {
		if !r.inOrder {
			mixed += r.rows
		}
	}
	assert.Positive(t, mixed)
	assert.Less(t, mixed, int64(2*300+2*size), "rows from 100 s before to 100 s after, and parts of two ranges")
}
