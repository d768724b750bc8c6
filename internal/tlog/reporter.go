// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import "github.com/oversight-protocol/oversight-otelcol/translator"

const (
	// maxFindings is how many findings are kept until Findings is called. A log may
	// have as many faults as leaves; beyond the limit one finding covers them all.
	maxFindings = 1000
	// maxRuns is how many runs of corrupt leaves are remembered, and maxStateRuns
	// how many of them a State holds.
	maxRuns      = 100_000
	maxStateRuns = 1000
)

// reporter collects findings, and reports each corrupt leaf once.
type reporter struct {
	findings []Finding
	reported runs
}

func (r *reporter) add(found Finding) {
	if len(r.findings) >= maxFindings && found.Kind != translator.IntegrityLogRewritten {
		for i := len(r.findings) - 1; i >= 0; i-- {
			if last := &r.findings[i]; last.Kind == found.Kind {
				last.First, last.Last = min(last.First, found.First), max(last.Last, found.Last)
				last.Reason = tooMany[found.Kind]
				return
			}
		}
	}
	r.findings = append(r.findings, found)
}

// tooMany is the reason of a finding that stands for many.
var tooMany = map[string]string{
	translator.IntegrityLeafCorrupt:     "there are too many corrupt leaves to list, and some leaves of this range are intact",
	translator.IntegrityLeafIndexJumped: "there are too many lines to list whose index is not the next one",
}

// take returns the findings since the last call.
func (r *reporter) take() []Finding {
	findings := r.findings
	r.findings = nil
	return findings
}

// corruptRun is a run of corrupt leaves, found in order, until it is reported.
type corruptRun struct {
	reporter *reporter
	run      Run
	reason   string // of the first
	open     bool
}

// add adds a corrupt leaf, unless it was reported before.
func (c *corruptRun) add(index int64, reason string) {
	if !c.reporter.reported.add(index) {
		return
	}
	if c.open && index == c.run.Last+1 {
		c.run.Last = index
		return
	}
	c.flush()
	c.run, c.reason, c.open = Run{index, index}, reason, true
}

// flush reports the run.
func (c *corruptRun) flush() {
	if !c.open {
		return
	}
	c.open = false
	c.reporter.add(Finding{Kind: translator.IntegrityLeafCorrupt, First: c.run.First, Last: c.run.Last, Reason: c.reason})
}
