// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"slices"
	"sort"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

const (
	// maxFindings is how many findings wait for Findings. A log may have as many
	// faults as leaves; from then on one finding tells of them all.
	maxFindings = 1000
	// maxRuns is how many runs of corrupt leaves are remembered, and
	// maxStateRuns how many of them a State holds.
	maxRuns      = 100_000
	maxStateRuns = 1000
)

// report collects findings, and tells of each corrupt leaf once.
type report struct {
	findings []Finding
	told     runs
}

// corruption is a run of corrupt leaves that may go on.
type corruption struct {
	report *report
	run    Run
	reason string
	open   bool
}

// add takes a corrupt leaf.
func (c *corruption) add(index int64, reason string) {
	if !c.report.told.add(index) {
		return
	}
	if c.open && index == c.run.Last+1 {
		c.run.Last = index
		return
	}
	c.flush()
	c.run, c.reason, c.open = Run{index, index}, reason, true
}

// flush makes a finding of the run.
func (c *corruption) flush() {
	if !c.open {
		return
	}
	c.open = false
	c.report.add(Finding{Kind: translator.IntegrityLeafCorrupt, First: c.run.First, Last: c.run.Last, Reason: c.reason})
}

func (r *report) add(found Finding) {
	if n := len(r.findings); n >= maxFindings && found.Kind == translator.IntegrityLeafCorrupt {
		if last := &r.findings[n-1]; last.Kind == found.Kind {
			last.First, last.Last = min(last.First, found.First), max(last.Last, found.Last)
			last.Reason = "not every leaf between the first and the last is corrupt, but there are too many to tell of each"
			return
		}
	}
	r.findings = append(r.findings, found)
}

// runs is a set of indexes, as runs in order that do not touch.
type runs []Run

// add reports whether the index was not in the set.
func (s *runs) add(index int64) bool {
	all := *s
	// The first run that ends at the index before or later.
	i := sort.Search(len(all), func(i int) bool { return all[i].Last >= index-1 })
	switch {
	case i == len(all) || index < all[i].First-1:
		if len(all) < maxRuns {
			*s = slices.Insert(all, i, Run{index, index})
		}
	case index == all[i].First-1:
		all[i].First = index
	case index <= all[i].Last:
		return false
	default:
		all[i].Last = index
		if i+1 < len(all) && all[i+1].First == index+1 {
			all[i].Last = all[i+1].Last
			*s = slices.Delete(all, i+1, i+2)
		}
	}
	return true
}

// addRun adds a run that comes behind all others, from a State.
func (s *runs) addRun(run Run) {
	all := *s
	if run.First < 0 || run.Last < run.First || len(all) > 0 && run.First <= all[len(all)-1].Last+1 {
		return // of a damaged state
	}
	all = append(all, run)
	*s = all
}

// head is the first runs, for a State.
func (s runs) head(n int) []Run {
	if len(s) == 0 {
		return nil
	}
	return slices.Clone(s[:min(n, len(s))])
}
