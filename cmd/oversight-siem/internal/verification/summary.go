// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package verification

import (
	"fmt"
	"strings"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// Summary is what a verification says about everything. It is also the JSON
// object of --json.
type Summary struct {
	Rows      int64 `json:"rows"`
	Verified  int64 `json:"verified"`
	Mismatch  int64 `json:"mismatch"`
	Missing   int64 `json:"missing"`
	Duplicate int64 `json:"duplicate"`
	// RecipientsChecked rows name a recipient and an issuer that a signed manifest or a
	// register leaf names for their document; for RecipientsNotChecked ones, none does.
	RecipientsChecked    int64            `json:"recipients_checked"`
	RecipientsNotChecked int64            `json:"recipients_not_checked"`
	Leaves               int64            `json:"leaves"`
	BeaconLeaves         int64            `json:"beacon_leaves"`
	LeavesWithoutRow     int64            `json:"leaves_without_row"`
	OlderLeaves          int64            `json:"leaves_older_than_rows"`
	Root                 string           `json:"root,omitempty"` // "" if the hash of a leaf is unknown
	IncompleteLine       bool             `json:"incomplete_line"`
	Head                 *HeadSummary     `json:"head"`
	Findings             int64            `json:"findings"`
	ByKind               map[string]int64 `json:"findings_by_kind"`
	Notices              []Notice         `json:"notices,omitempty"`
}

// Notice is a [registry.Notice].
type Notice struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// UnreadRows returns the notice that says that there are rows that were not verified;
// "" if there are none.
func (s *Summary) UnreadRows() string {
	for _, n := range s.Notices {
		if n.Kind == string(registry.NoticeIDs) || n.Kind == string(registry.NoticeRepeatedIDs) {
			return n.Text
		}
	}
	return ""
}

func (s *Summary) add(kind string) {
	s.Findings++
	s.ByKind[kind]++
}

// table is the summary as text.
func (s *Summary) table() string {
	var t table
	t.line("rows", s.Rows)
	t.line("  verified", s.Verified)
	t.line("  mismatch", s.Mismatch)
	t.line("  missing", s.Missing)
	t.line("  duplicate", s.Duplicate)
	t.line("recipients checked", s.RecipientsChecked)
	t.line("  not checked", s.RecipientsNotChecked)
	t.line("leaves", s.Leaves)
	t.line("  beacon leaves", s.BeaconLeaves)
	t.line("  without a row", s.LeavesWithoutRow)
	if s.OlderLeaves > 0 {
		t.line("  older than the oldest row", s.OlderLeaves)
	}
	root := s.Root
	if root == "" {
		root = "unknown: the hash of a leaf cannot be read"
	}
	t.line("root", root)
	if s.IncompleteLine {
		t.line("last line", "incomplete: the registry is writing it, or stopped while writing it")
	}
	t.head(s.Head)
	t.line("findings", s.Findings)
	for _, kind := range kinds {
		if s.ByKind[kind] > 0 {
			t.line("  "+kind, s.ByKind[kind])
		}
	}
	return t.String()
}

// kinds are the kinds of findings in the order in which they are shown.
var kinds = []string{
	translator.IntegrityRowMismatch, translator.IntegrityLeafWithoutRow, translator.IntegrityLogRewritten,
	translator.IntegrityTokenRebound, translator.IntegrityManifestReplaced, translator.IntegrityLeafCorrupt, translator.IntegrityHeadSignatureInvalid, translator.IntegrityHeadInconsistent,
}

// table is a text with a label and a value on each line.
type table struct{ strings.Builder }

func (t *table) line(label string, value any) { fmt.Fprintf(t, "%-26s %v\n", label, value) }

func (t *table) head(h *HeadSummary) {
	if h == nil {
		t.line("head", "none")
		return
	}
	t.line("head", fmt.Sprintf("%d leaves", h.Size))
	t.line("  root", h.Root)
	t.line("  log", h.Log)
	if h.SignedBy != "" {
		t.line("  signed by", h.SignedBy)
	} else {
		t.line("  signature", h.Signature)
	}
}
