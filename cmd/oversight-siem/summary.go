// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// summary is what a verification says about all of it.
type summary struct {
	Rows             int64            `json:"rows"`
	Verified         int64            `json:"verified"`
	Mismatch         int64            `json:"mismatch"`
	Missing          int64            `json:"missing"`
	Duplicate        int64            `json:"duplicate"`
	Leaves           int64            `json:"leaves"`
	BeaconLeaves     int64            `json:"beacon_leaves"`
	LeavesWithoutRow int64            `json:"leaves_without_row"`
	OlderLeaves      int64            `json:"leaves_older_than_rows"`
	Root             string           `json:"root,omitempty"` // "" if a leaf has no hash
	IncompleteLine   bool             `json:"incomplete_line"`
	Head             *headSummary     `json:"head"`
	Findings         int64            `json:"findings"`
	ByKind           map[string]int64 `json:"findings_by_kind"`
}

// headSummary is the same about the signed tree head.
type headSummary struct {
	Size      int64  `json:"size"`
	Root      string `json:"root"`
	Log       string `json:"log"`
	Signature string `json:"signature"`
	SignedBy  string `json:"signed_by,omitempty"`
}

// How the log stands to a head.
const (
	headAgrees      = "agrees"
	headDisagrees   = "disagrees"
	headNotCompared = "not compared" // a leaf has no hash
)

// What became of a head's signature.
const (
	signatureValid      = "valid"
	signatureInvalid    = "invalid"
	signatureNotChecked = "not checked" // there is no key
)

func hexKey(key ed25519.PublicKey) string { return hex.EncodeToString(key) }

func (s *summary) add(kind string) {
	s.Findings++
	s.ByKind[kind]++
}

// table is the summary for a person.
func (s *summary) table() string {
	var t strings.Builder
	line := func(name string, value any) { fmt.Fprintf(&t, "%-26s %v\n", name, value) }
	line("rows", s.Rows)
	line("  verified", s.Verified)
	line("  mismatch", s.Mismatch)
	line("  missing", s.Missing)
	line("  duplicate", s.Duplicate)
	line("leaves", s.Leaves)
	line("  of beacons", s.BeaconLeaves)
	line("  without a row", s.LeavesWithoutRow)
	if s.OlderLeaves > 0 {
		line("  older than the oldest row", s.OlderLeaves)
	}
	root := s.Root
	if root == "" {
		root = "not known: the hash of a leaf cannot be read"
	}
	line("root", root)
	if s.IncompleteLine {
		line("last line", "incomplete: the registry is writing it, or was ended within it")
	}
	s.Head.write(line)
	line("findings", s.Findings)
	for _, kind := range kindsOf(s.ByKind) {
		line("  "+kind, s.ByKind[kind])
	}
	return t.String()
}

func (h *headSummary) write(line func(string, any)) {
	if h == nil {
		line("head", "none was given")
		return
	}
	line("head", fmt.Sprintf("%d leaves", h.Size))
	line("  root", h.Root)
	line("  the log", h.Log)
	if h.SignedBy != "" {
		line("  signed by", h.SignedBy)
	} else {
		line("  signature", h.Signature)
	}
}

// kinds are the kinds of findings, in the order in which they are shown.
var kinds = []string{
	translator.IntegrityRowMismatch, translator.IntegrityLeafWithoutRow, translator.IntegrityLogRewritten,
	translator.IntegrityLeafCorrupt, translator.IntegrityHeadSignatureInvalid, translator.IntegrityHeadInconsistent,
}

func kindsOf(counts map[string]int64) []string {
	return slices.DeleteFunc(slices.Clone(kinds), func(kind string) bool { return counts[kind] == 0 })
}
