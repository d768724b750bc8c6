// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// covered returns the leaves that findings of a kind are about.
func (v verified) covered(kind string) map[int64]bool {
	covered := map[int64]bool{}
	for _, f := range v.findings {
		if f.Kind == kind {
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
// each time with another byte changed.
func TestVerifyFindsEveryChangeOfALeaf(t *testing.T) {
	f := sample(t)
	all := f.lines(t)
	var damaged [][]byte
	for _, original := range [][]byte{all[0], all[100], all[101], all[102], all[103]} {
		for at := bytes.IndexByte(original, ','); at < len(original)-1; at++ {
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

// The index is before the comma. If it changes, other lines may seem to be at the
// wrong index.
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
				require.Contains(t, v.kinds(), "leaf_corrupt", "%q: %v", all[index][:20], v.strings())
				if index < 624 { // nothing shows that there was a last leaf
					require.True(t, v.covered("leaf_corrupt")[int64(index)], "%q: %v", all[index][:20], v.strings())
				}
			}
		}
	}
}

// Every missing leaf is found, in the middle and at the end.
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
		covered := v.covered("leaf_corrupt")
		for i := range 624 {
			require.Equal(t, i%2 != first, covered[int64(i)], i)
		}
	}
	for _, index := range []int{0, 1, 255, 256, 300, 511, 512, 623} {
		f := sample(t)
		all := f.lines(t)
		f.write(t, append(all[:index:index], all[index+1:]...))
		v := verifyJSON(t, f.arguments())
		assert.Equal(t, map[int64]bool{int64(index): true}, v.covered("leaf_corrupt"))
	}
}

// Every leaf that was swapped with the next one is found.
func TestVerifyFindsEveryReorderedLeaf(t *testing.T) {
	f := sample(t)
	all := f.lines(t)
	for i := 0; i < 624; i += 2 {
		all[i], all[i+1] = all[i+1], all[i]
	}
	f.write(t, all)
	covered := verifyJSON(t, f.arguments()).covered("leaf_corrupt")
	for i := 0; i < 624; i += 2 {
		require.True(t, covered[int64(i)] || covered[int64(i+1)], i)
	}
	f = sample(t)
	all = f.lines(t)
	all[0], all[624] = all[624], all[0]
	f.write(t, all)
	assert.NotEmpty(t, verifyJSON(t, f.arguments()).covered("leaf_corrupt"))
}

// Every leaf that occurs twice is found.
func TestVerifyFindsEveryRepeatedLeaf(t *testing.T) {
	f := sample(t)
	var twice [][]byte
	for _, line := range f.lines(t) {
		twice = append(twice, line, line)
	}
	f.write(t, twice)
	covered := verifyJSON(t, f.arguments()).covered("leaf_corrupt")
	for i := range 625 {
		require.True(t, covered[int64(i)], i)
	}
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
