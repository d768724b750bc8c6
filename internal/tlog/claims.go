// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"slices"
	"sort"
)

// maxClaimRuns is how many runs of claims are kept, and maxStateClaims how many of them
// a State holds. An honest log has one, and two more for each time that its disk was full.
const (
	maxClaimRuns   = 2000
	maxStateClaims = 500
)

// ClaimRun is a run of lines whose indexes rise by one: the line Leaf claims Index.
type ClaimRun struct {
	Leaf  int64 `json:"leaf"`
	Index int64 `json:"index"`
	// Moved: no registry that wrote the lines in this order would have used so low an
	// index. They were written in another one, or repeated.
	Moved bool `json:"moved,omitempty"`
	// Torn: the line before is no JSON, so that it may be what is left of several. These
	// may have had the indexes that are skipped.
	Torn bool `json:"torn,omitempty"`
	// Mixed: the registry that wrote the lines had not counted all lines before them, and
	// one of its own is a line that none will count.
	Mixed bool `json:"mixed,omitempty"`
}

// claims is which index each line claims. Without runs, each line claims its own number.
type claims struct {
	runs []ClaimRun
	// dropped: runs were removed, since there were too many. What lines before the first
	// of the others claim is not known.
	dropped bool
	torn    bool // the last line is no JSON
}

// expected is the index that a line should claim, if it is the one after those that were
// added.
func (c *claims) expected(leaf int64) int64 {
	if n := len(c.runs); n > 0 {
		return c.runs[n-1].Index + leaf - c.runs[n-1].Leaf
	}
	return leaf
}

// add adds the next line; counted is how many of those before a registry counts that
// starts. It reports whether the line's index is another one than expected. A line whose
// index cannot be read, -1, counts as the one that was expected.
func (c *claims) add(next *treeLeaf, counted int64) (jumped bool) {
	torn := c.torn
	c.torn = next.index < 0 && !next.counted
	expected := c.expected(next.number)
	if next.index < 0 || next.index == expected {
		if n := len(c.runs); n > 0 && !next.counted && c.runs[n-1].Index < c.runs[n-1].Leaf {
			c.runs[n-1].Mixed = true
		}
		return false
	}
	if len(c.runs) == maxClaimRuns {
		c.runs, c.dropped = slices.Delete(c.runs, 0, maxClaimRuns/2), true
	}
	c.runs = append(c.runs, ClaimRun{
		Leaf: next.number, Index: next.index,
		Moved: next.index < counted, Torn: torn && next.index > expected,
		Mixed: !next.counted && next.index < next.number,
	})
	return true
}

// truncate forgets the lines from one on.
func (c *claims) truncate(leaf int64) {
	c.torn = false
	for n := len(c.runs); n > 0 && c.runs[n-1].Leaf >= leaf; n-- {
		c.torn = c.runs[n-1].Leaf == leaf && c.runs[n-1].Torn
		c.runs = c.runs[:n-1]
	}
}

// lastRuns returns a copy of the last n runs, and whether there are others.
func (c *claims) lastRuns(n int) (last []ClaimRun, more bool) {
	from := max(0, len(c.runs)-n)
	return append([]ClaimRun(nil), c.runs[from:]...), from > 0 || c.dropped
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

// covered reports whether lines claim an index that no newer line can claim: one below
// counted, the number of lines that a registry counts which starts, or one of the newest
// lines, at the end of the log.
func (c *claims) covered(index, size, counted int64, atEnd bool) bool {
	if index < counted {
		return len(c.runs) == 0 || len(c.of(index, size)) > 0
	}
	first := int64(0)
	if n := len(c.runs); n > 0 {
		first = c.runs[n-1].Index
	}
	return atEnd && index >= first && index < c.expected(size)
}

// incomplete reports whether lines that are not known may claim an index: the file
// begins after it, or too many runs were dropped.
func (c *claims) incomplete(index int64) bool {
	return c.dropped || len(c.runs) > 0 && c.runs[0].Leaf == 0 && index < c.runs[0].Index
}

// lost reports whether an index that no line claims may have been that of a line of which
// only a part is left.
func (c *claims) lost(index int64) bool {
	for i := len(c.runs) - 1; i >= 0; i-- {
		run, from := c.runs[i], c.runs[i].Leaf
		if i > 0 {
			from = c.runs[i-1].Index + run.Leaf - c.runs[i-1].Leaf
		}
		if run.Torn && from <= index && index < run.Index {
			return true
		}
	}
	return false
}

// indexesAhead reports whether the indexes of the last lines are higher than their
// numbers.
func (c *claims) indexesAhead(size int64) bool { return c.expected(size) > size }

// ambiguous reports whether a registry may have had another tree of this size than that
// over the lines. Where its indexes were ahead of the lines' numbers, it had leaves that it
// could not write. Where lines were moved, it had them in another order, until it was
// started again; that order is known only within a chunk, see reorderTail. Which lines it
// had where these are mixed is not kept.
func (c *claims) ambiguous(size, lines int64) bool {
	if c.dropped {
		return true
	}
	end, checked := lines, int64(-1)
	for i := len(c.runs) - 1; i >= 0; i-- {
		run := c.runs[i]
		within := size > run.Index && size <= run.Index+end-run.Leaf
		if run.Mixed && within {
			return true
		}
		ahead := run.Index > run.Leaf && size <= run.Index+end-run.Leaf
		moved := run.Moved && size <= lines
		end = run.Leaf
		chunk := run.Leaf / ChunkSize
		if size <= run.Leaf || !ahead && !moved || chunk == checked {
			continue
		}
		checked = chunk
		if _, ok := c.places(chunk*ChunkSize, min(lines, (chunk+1)*ChunkSize)); !ok {
			return true
		}
	}
	return false
}

// indexOf is the index that a line claims, or would have to.
func (c *claims) indexOf(leaf int64) int64 {
	i := sort.Search(len(c.runs), func(i int) bool { return c.runs[i].Leaf > leaf })
	if i == 0 {
		return leaf
	}
	return c.runs[i-1].Index + leaf - c.runs[i-1].Leaf
}

// places are where the lines from first on, and before end, stand in the order of their
// indexes. ok is false if these are not just the numbers of the lines. There must not be
// more lines than a chunk has.
func (c *claims) places(first, end int64) (places [ChunkSize]int64, ok bool) {
	var seen [ChunkSize]bool
	for i := range end - first {
		at := c.indexOf(first+i) - first
		if at < 0 || at >= end-first || seen[at] {
			return places, false
		}
		places[i], seen[at] = at, true
	}
	return places, true
}
