// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package verification

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/oversight-protocol/oversight-otelcol/internal/reconcile"
	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// Summary is what a verification says about everything. It is also the JSON
// object of --json.
type Summary struct {
	Rows             int64            `json:"rows"`
	Verified         int64            `json:"verified"`
	Mismatch         int64            `json:"mismatch"`
	Missing          int64            `json:"missing"`
	Duplicate        int64            `json:"duplicate"`
	Unavailable      int64            `json:"unavailable"`              // their leaves cannot be read
	IDsUpToZero      int64            `json:"rows_with_ids_up_to_zero"` // no registry hands these out
	Recipients       Recipients       `json:"recipients"`
	Leaves           int64            `json:"leaves"`
	BeaconLeaves     int64            `json:"beacon_leaves"`
	LeavesWithoutRow int64            `json:"leaves_without_row"`
	OlderLeaves      int64            `json:"leaves_older_than_rows"`
	Root             string           `json:"root,omitempty"` // "" if the hash of a leaf is unknown
	IncompleteLine   bool             `json:"incomplete_line"`
	Head             *HeadSummary     `json:"head"`
	Heads            *HeadsSummary    `json:"heads,omitempty"`
	FirstChange      *FirstChange     `json:"first_change,omitempty"` // nil if none is known
	Findings         int64            `json:"findings"`
	ByKind           map[string]int64 `json:"findings_by_kind"`
	Records          map[string]int64 `json:"records_by_kind,omitempty"`
	Notices          []Notice         `json:"notices,omitempty"`

	hasKey bool // that signatures were checked with
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

// add counts a finding, or a record of what an honest registry does as well.
func (s *Summary) add(f *translator.Integrity) {
	if isRecord(f) {
		s.Records[f.Kind]++
		return
	}
	s.Findings++
	s.ByKind[f.Kind]++
}

// isRecord reports whether something needs no look, and is therefore no finding.
func isRecord(f *translator.Integrity) bool {
	info := translator.IntegritySeverity(translator.IntegrityRowsPruned)
	return f.EffectiveSeverity() <= info
}

// NotProven returns a clause about what was not proven of the rows; "" for nothing.
func (s *Summary) NotProven() string {
	if s.OlderLeaves > 0 && s.OlderLeaves == s.BeaconLeaves {
		return fmt.Sprintf("no row is left that agrees with its leaf, so that nothing tells pruned rows from deleted ones: none of the %d beacon leaves was confirmed", s.BeaconLeaves)
	}
	if s.Unavailable > 0 {
		return fmt.Sprintf("the leaves of %d row(s) could not be read: these rows were not verified", s.Unavailable)
	}
	return ""
}

// UncheckedHeads returns a clause about tree heads that were not checked; "" if all
// were.
func (s *Summary) UncheckedHeads() string {
	switch head, heads := s.Head, s.Heads; {
	case head != nil && head.Signature == SignatureUnsigned:
		return "the tree head is unsigned and proves nothing: a registry without an identity does not sign"
	case head != nil && head.Signature == SignatureNotChecked:
		return "the signature of the tree head was not checked: pass the registry's key with --public-key, or omit --head"
	case head != nil && head.Log == HeadNotCompared:
		return "the tree head could not be compared with the log"
	case heads != nil && heads.ByResult[reconcile.HeadUnsigned] > 0:
		return fmt.Sprintf("%d of the tree heads of --heads are unsigned and prove nothing", heads.ByResult[reconcile.HeadUnsigned])
	case heads != nil && !s.hasKey:
		return "the signatures of the tree heads of --heads were not checked: pass the registry's key with --public-key"
	default:
		return ""
	}
}

// table is the summary as text.
func (s *Summary) table() string {
	var t table
	t.line("rows", s.Rows)
	t.line("  verified", s.Verified)
	t.line("  mismatch", s.Mismatch)
	t.line("  missing", s.Missing)
	t.line("  duplicate", s.Duplicate)
	if s.Unavailable > 0 {
		t.line("  leaf not readable", s.Unavailable)
	}
	if s.IDsUpToZero > 0 {
		t.line("  with ids of 0 or below", s.IDsUpToZero)
	}
	t.recipients(s.Recipients)
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
	t.heads(s.Heads)
	if s.FirstChange != nil {
		t.line("log changed at", s.FirstChange.text())
	}
	t.line("findings", s.Findings)
	t.kinds(s.ByKind)
	if len(s.Records) > 0 {
		records := int64(0)
		for _, n := range s.Records {
			records += n
		}
		t.line("records", records)
		t.kinds(s.Records)
	}
	return t.String()
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
	if h.RootSize > 0 {
		t.line("  root is that of", fmt.Sprintf("%d leaves", h.RootSize))
	}
	if h.SignedBy != "" {
		t.line("  signed by", h.SignedBy)
	} else {
		t.line("  signature", h.Signature)
	}
}

func (t *table) heads(h *HeadsSummary) {
	if h == nil {
		return
	}
	t.line("other heads", h.Heads)
	for _, result := range reconcile.HeadResults() {
		if n := h.ByResult[result]; n > 0 {
			t.line("  "+string(result), n)
		}
	}
}

// kinds writes how many there are of each kind, in the order of their names.
func (t *table) kinds(counts map[string]int64) {
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		t.line("  "+kind, counts[kind])
	}
}
