// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package verification

import (
	"fmt"

	"github.com/oversight-protocol/oversight-otelcol/internal/reconcile"
)

// HeadsSummary is how many of the other tree heads there are, by result.
type HeadsSummary struct {
	Heads    int64                          `json:"heads"`
	ByResult map[reconcile.HeadResult]int64 `json:"heads_by_result"`
}

// headLine is one of the other tree heads. It is also the JSON object of --json.
type headLine struct {
	Number   int                  `json:"number"` // in the file, from 1
	Size     int64                `json:"size"`
	Root     string               `json:"root"`
	Result   reconcile.HeadResult `json:"result"`
	RootSize int64                `json:"root_size,omitempty"` // see [reconcile.CheckedHead]
}

// text is the line as text.
func (h *headLine) text() string {
	text := fmt.Sprintf("head %-6d  %-17s  size %d, root %s", h.Number, h.Result, h.Size, h.Root)
	if h.Result == reconcile.HeadRaced {
		text += fmt.Sprintf(", which is that of size %d", h.RootSize)
	}
	return text
}

// checkHeads compares the other tree heads. They may be in any order.
func (v *verification) checkHeads() error {
	if len(v.settings.Heads) == 0 {
		return nil
	}
	v.summary.Heads = &HeadsSummary{Heads: int64(len(v.settings.Heads)), ByResult: map[reconcile.HeadResult]int64{}}
	for i, body := range v.settings.Heads {
		if err := v.reconciler.CheckHead(body); err != nil {
			return err
		}
		h := &v.checkedHead
		v.summary.Heads.ByResult[h.Result]++
		line := headLine{Number: i + 1, Size: h.Size, Root: h.Root.String(), Result: h.Result}
		if h.Result == reconcile.HeadRaced {
			line.RootSize = h.RootSize
		}
		if err := v.report.addHead(&line); err != nil {
			return err
		}
		if i%headsBetweenCommits == 0 {
			if err := v.commit(); err != nil {
				return err
			}
		}
	}
	return v.commit()
}

// headsBetweenCommits bounds the findings that are kept in memory.
const headsBetweenCommits = 256
