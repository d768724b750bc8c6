// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package verification

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// finding is a [translator.Integrity] as the JSON object of --json. It has no
// time, so that the same files give the same text.
type finding struct {
	Kind         string   `json:"integrity_kind"`
	Message      string   `json:"message"`
	RegistryID   string   `json:"registry_id,omitempty"`
	UID          string   `json:"event_uid"`
	EventID      string   `json:"event_id,omitempty"`
	RowUID       string   `json:"row_uid,omitempty"`
	Index        *int64   `json:"tlog_index,omitempty"`
	LastIndex    int64    `json:"tlog_last_index,omitempty"`
	Status       string   `json:"tlog_status,omitempty"`
	Mismatch     []string `json:"tlog_mismatch,omitempty"`
	Size         int64    `json:"tlog_size,omitempty"`
	Root         string   `json:"tlog_root,omitempty"`
	ExpectedRoot string   `json:"tlog_expected_root,omitempty"`
	Signature    string   `json:"tlog_signature,omitempty"`
}

func newFinding(f *translator.Integrity) finding {
	j := finding{
		Kind: f.Kind, Message: f.Message, RegistryID: f.RegistryID, UID: f.UID, RowUID: f.RowUID, Status: f.TlogStatus,
		Size: f.TlogSize, Root: f.TlogRoot, ExpectedRoot: f.TlogExpectedRoot, Signature: f.Signature,
	}
	if isAboutRow(f) {
		j.EventID = strconv.FormatInt(f.EventID, 10)
	}
	if f.HasTlogIndex {
		j.Index = &f.TlogIndex
	}
	if f.IsRun() {
		j.LastIndex = f.TlogLastIndex
	}
	if f.TlogMismatch != "" {
		j.Mismatch = strings.Split(f.TlogMismatch, ",")
	}
	return j
}

// findingLine is a finding as text, without a line end.
func findingLine(f *translator.Integrity) string {
	return fmt.Sprintf("%-22s  %-16s  %s", f.Kind, findingSubject(f), cli.Printable(f.Message))
}

func findingSubject(f *translator.Integrity) string {
	switch {
	case isAboutRow(f):
		return fmt.Sprintf("row %d", f.EventID)
	case f.IsRun():
		return fmt.Sprintf("leaves %d-%d", f.TlogIndex, f.TlogLastIndex)
	case f.TokenID != "":
		return "token " + cli.Printable(f.TokenID)
	case f.HasTlogIndex:
		return fmt.Sprintf("leaf %d", f.TlogIndex)
	default:
		return fmt.Sprintf("head of %d", f.TlogSize)
	}
}

// isAboutRow reports whether a finding names a row, whose id may be 0.
func isAboutRow(f *translator.Integrity) bool { return f.EventID != 0 || f.RowUID != "" }
