// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import "slices"

// maxClaimRuns is how many runs of claims are kept. An honest log has one, and two more
// for each time that its disk was full.
const maxClaimRuns = 500

// ClaimRun is a run of lines whose indexes rise by one: the line Leaf claims Index.
type ClaimRun struct {
	Leaf  int64 `json:"leaf"`
	Index int64 `json:"index"`
}

// claims is which index each line claims. Without runs, each line claims its own number.
type claims struct {
	runs []ClaimRun
	// dropped: runs were removed, since there were too many. What lines before the first
	// of the others claim is not known.
	dropped bool
}

// expected is the index that a line should claim, if it is the one after those that were
// added.
func (c *claims) expected(leaf int64) int64 {
	if n := len(c.runs); n > 0 {
		return c.runs[n-1].Index + leaf - c.runs[n-1].Leaf
	}
	return leaf
}

// add adds the next line. It reports whether its index is another one than expected. A
// line whose index cannot be read, -1, counts as the one that was expected.
func (c *claims) add(leaf, index int64) (jumped bool) {
	if index < 0 || index == c.expected(leaf) {
		return false
	}
	if len(c.runs) == maxClaimRuns {
		c.runs, c.dropped = slices.Delete(c.runs, 0, maxClaimRuns/2), true
	}
	c.runs = append(c.runs, ClaimRun{leaf, index})
	return true
}

// truncate forgets the lines from one on.
func (c *claims) truncate(leaf int64) {
	for n := len(c.runs); n > 0 && c.runs[n-1].Leaf >= leaf; n-- {
		c.runs = c.runs[:n-1]
	}
}

// of returns the lines below size that claim an index, the newest first.
func (c *claims) of(index, size int64) []int64 {
	var leaves []int64
	end := size
	for i := len(c.runs) - 1; i >= 0; i-- {
		run := c.runs[i]
		if leaf := run.Leaf + index - run.Index; run.Leaf <= leaf && leaf < end && index >= run.Index {
			leaves = append(leaves, leaf)
		}
		end = run.Leaf
	}
	if !c.dropped && index < end {
		leaves = append(leaves, index)
	}
	return leaves
}

// covered reports whether the newest lines claim an index, or older ones do and no newer
// line can any more.
func (c *claims) covered(index, size int64) bool {
	n := len(c.runs)
	if n == 0 {
		return index < size
	}
	last := c.runs[n-1]
	return index >= last.Index && index < c.expected(size) || index < size && len(c.of(index, size)) > 0
}

// incomplete reports whether lines that are not known may claim an index: the file
// begins after it, or too many runs were dropped.
func (c *claims) incomplete(index int64) bool {
	return c.dropped || len(c.runs) > 0 && c.runs[0].Leaf == 0 && index < c.runs[0].Index
}

// indexesAhead reports whether the indexes of the last lines are higher than their
// numbers.
func (c *claims) indexesAhead(size int64) bool { return c.expected(size) > size }

// ambiguous reports whether a registry has had another tree of this size than that over
// the lines: where its indexes were ahead of the lines' numbers, it had leaves that it
// could not write.
func (c *claims) ambiguous(size, lines int64) bool {
	end := lines
	for i := len(c.runs) - 1; i >= 0; i-- {
		run := c.runs[i]
		if run.Index > run.Leaf && size > run.Leaf && size <= run.Index+end-run.Leaf {
			return true
		}
		end = run.Leaf
	}
	return false
}
