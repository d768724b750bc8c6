// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// covered returns the leaves that findings or records of a kind are about; "" is any kind.
func (v verified) covered(kind string) map[int64]bool {
	covered := map[int64]bool{}
	for _, f := range slices.Concat(v.findings, v.records) {
		if f.Index != nil && (kind == "" || f.Kind == kind) {
			for index := *f.Index; index <= max(*f.Index, f.Last); index++ {
				covered[index] = true
			}
		}
	}
	return covered
}

// renumbered returns a line with another index, which is not part of the hash.
func renumbered(t *testing.T, line []byte, index int) []byte {
	t.Helper()
	_, rest, found := bytes.Cut(line, []byte(","))
	require.True(t, found)
	return append(fmt.Appendf(nil, `{"index": %d,`, index), rest...)
}

// Every change of a byte of a leaf's line is found. The log repeats a few lines,
// each time with another byte changed. The key leaf_data_hex is not changed: with
// another, it is one that a newer registry may have added, and leaf_data is the leaf.
func TestVerifyFindsEveryChangeOfALeaf(t *testing.T) {
	f := sample(t)
	all := f.lines(t)
	var damaged [][]byte
	for _, original := range [][]byte{all[0], all[100], all[101], all[102], all[103]} {
		hexKey := bytes.Index(original, []byte("leaf_data_hex"))
		for at := bytes.IndexByte(original, ','); at < len(original)-1; at++ {
			if at >= hexKey && at < hexKey+len("leaf_data_hex") {
				continue
			}
			for _, flip := range []byte{0x01, 0x20, 0x80} {
				if original[at]^flip == '\n' {
					flip = 0x02
				}
				line := renumbered(t, original, len(damaged))
				line[len(line)-len(original)+at] ^= flip
				damaged = append(damaged, line)
			}
		}
	}
	require.Greater(t, len(damaged), 10_000)
	f.write(t, damaged)
	f.sql(t, "DELETE FROM events")
	v := verifyJSON(t, f.arguments())
	covered := v.covered("leaf_corrupt")
	same := int64(0)
	for index, line := range damaged {
		if !covered[int64(index)] { // JSON has two ways to write some letters
			require.Regexp(t, `\\u00[0-9a-f]*[A-F]`, string(line))
			same++
		}
	}
	assert.Less(t, same, int64(20))
	assert.Equal(t, same, v.summary.BeaconLeaves)
	assert.EqualValues(t, len(damaged), v.summary.Leaves)
}

// The index is before the comma. It is a claim of the line, which may jump and repeat:
// a change of it is a record at least, and the row that names the leaf is a finding.
func TestVerifyFindsEveryChangeOfAnIndex(t *testing.T) {
	f := sample(t)
	for _, index := range []int{0, 9, 123, 624} {
		digits := strconv.Itoa(index)
		for at := range len(`{"index": `) + len(digits) {
			for _, flip := range []byte{0x01, 0x08, 0x80} {
				all := f.lines(t)
				if all[index][at]^flip == '\n' {
					continue
				}
				all[index][at] ^= flip
				damaged := f
				damaged.leaves = writeFile(t, string(bytes.Join(all, nil)))
				damaged.age(t, time.Hour)
				v := verifyJSON(t, damaged.arguments())
				require.True(t, v.covered("")[int64(index)], "%q: %v", all[index][:20], v.strings())
				if index >= firstBeacon {
					require.NotEmpty(t, v.findings, "%q: %v", all[index][:20], v.records)
				}
			}
		}
	}
}

// firstBeacon is the first leaf of the sample that has a row. All after it have one, too.
const firstBeacon = 25

// Every missing leaf is found, in the middle and at the end: the indexes jump, the row of
// the leaf names no line, and the tree head cannot be compared.
func TestVerifyFindsEveryDroppedLeaf(t *testing.T) {
	for _, first := range []int{0, 1} {
		f := sample(t)
		var left [][]byte
		for i, line := range f.lines(t) {
			if i%2 == first {
				left = append(left, line)
			}
		}
		f.write(t, left)
		v := verifyJSON(t, f.arguments())
		assert.ElementsMatch(t, []string{"row_mismatch", "leaf_index_jumped", "head_not_compared"}, v.kinds())
		rows, jumped := v.covered("row_mismatch"), v.covered("leaf_index_jumped")
		for i := range int64(625) {
			require.Equal(t, i >= firstBeacon && i%2 != int64(first), rows[i], i)
		}
		for i := range int64(len(left)) {
			require.Equal(t, i > 0 || first > 0, jumped[i], i)
		}
		assert.EqualValues(t, 300, v.summary.Verified)
	}
	for _, index := range []int{0, 1, 255, 256, 300, 511, 512, 623} {
		f := sample(t)
		all := f.lines(t)
		f.write(t, append(all[:index:index], all[index+1:]...))
		v := verifyJSON(t, f.arguments())
		assert.Equal(t, map[int64]bool{int64(index): true}, v.covered(""))
		assert.EqualValues(t, 1, v.summary.Records["leaf_index_jumped"])
		want := []string{"head_not_compared"}
		if index >= firstBeacon {
			want = append(want, fmt.Sprintf("row_mismatch row %d missing", rowOfLeaf(t, f, index)))
			assert.Contains(t, v.stdout, fmt.Sprintf("names leaf %d, but no line of the transparency log has that index", index))
		}
		assert.ElementsMatch(t, want, v.strings())
	}
}

// rowOfLeaf returns the id of the row that names a leaf.
func rowOfLeaf(t *testing.T, f files, index int) (id int64) {
	t.Helper()
	f.use(t, func(db *sql.DB) {
		require.NoError(t, db.QueryRowContext(t.Context(), "SELECT id FROM events WHERE tlog_index = ?", index).Scan(&id))
	})
	return id
}

// Leaves that were swapped are told: their indexes jump. They have their rows, and the
// tree head is that of the registry, which had them in the order of their indexes. Where
// that order is not known, the tree head is not compared.
func TestVerifyFindsEveryReorderedLeaf(t *testing.T) {
	f := sample(t)
	all := f.lines(t)
	for i := 0; i < 624; i += 2 {
		all[i], all[i+1] = all[i+1], all[i]
	}
	f.write(t, all)
	v := verifyJSON(t, f.arguments())
	assert.Empty(t, v.findings)
	assert.EqualValues(t, 600, v.summary.Verified)
	assert.Equal(t, "agrees", v.summary.Head.Log)
	jumped := v.covered("leaf_index_jumped")
	for i := range int64(624) {
		require.True(t, jumped[i], i)
	}
	for _, swapped := range [][2]int{{0, 624}, {255, 256}} {
		f = sample(t)
		all = f.lines(t)
		i, j := swapped[0], swapped[1]
		all[i], all[j] = all[j], all[i]
		f.write(t, all)
		v = verifyJSON(t, f.arguments())
		assert.Equal(t, []string{"head_not_compared"}, v.strings())
		assert.EqualValues(t, 600, v.summary.Verified)
		jumped := v.covered("leaf_index_jumped")
		assert.True(t, jumped[int64(i)])
		assert.True(t, jumped[int64(j)])
	}
}

// Leaves that occur twice are found: the index of the second line is that of the first
// again, and one of the two has no row.
func TestVerifyFindsEveryRepeatedLeaf(t *testing.T) {
	f := sample(t)
	var twice [][]byte
	for _, line := range f.lines(t) {
		twice = append(twice, line, line)
	}
	f.write(t, twice)
	v := verifyJSON(t, f.arguments())
	without, jumped := v.covered("leaf_without_row"), v.covered("leaf_index_jumped")
	for i := range int64(625) {
		require.True(t, jumped[2*i+1], i)
		require.Equal(t, i >= firstBeacon, without[2*i] != without[2*i+1], i)
	}
	assert.EqualValues(t, 600, v.summary.LeavesWithoutRow)
	assert.EqualValues(t, 600, v.summary.Verified)
	assert.ElementsMatch(t, []string{"leaf_without_row", "leaf_index_jumped", "head_not_compared"}, v.kinds())
}

// A truncated log is found, truncated within a line or between two.
func TestVerifyFindsEveryTruncation(t *testing.T) {
	original := sample(t).lines(t)
	for _, leaves := range []int{0, 1, 24, 25, 26, 255, 256, 257, 511, 512, 513, 600, 623, 624} {
		for _, more := range []int{0, 1, 20, len(original[leaves]) - 2, len(original[leaves]) - 1} {
			f := sample(t)
			all := f.lines(t)
			f.write(t, append(all[:leaves:leaves], all[leaves][:more]))
			v := verifyJSON(t, f.arguments())
			assert.Contains(t, v.kinds(), "head_not_compared")
			assert.EqualValues(t, leaves, v.summary.Leaves)
			assert.Equal(t, more > 0, v.summary.IncompleteLine)
			assert.EqualValues(t, 625-max(leaves, 25), v.summary.Missing)
			assert.Equal(t, 600-v.summary.Missing, v.summary.Verified)
		}
	}
}
