// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package checkpoint

import "github.com/oversight-protocol/oversight-otelcol/internal/tlog"

const (
	// MaxLog bounds a [Log], in bytes. A usual one has one to four thousand.
	MaxLog = 256 << 10
	// MaxHeads bounds [Log.Heads].
	MaxHeads = 8
	// MaxReported bounds [Log.Reported].
	MaxReported = 64
)

// Log is what is known of the transparency log, except for single leaves. It is
// rewritten at every save of a receiver with `transparency_log`.
type Log struct {
	// Leaves is where the log was read.
	Leaves Source `json:"leaves"`
	// LastID is the id of the last row that was checked: [Cursor.ID], unless the
	// receiver ran without `transparency_log` since.
	LastID int64 `json:"last_id"`
	// Tree is the log's tree. Its root identifies the log.
	Tree tlog.State `json:"tree"`
	// Pages is the number of the first [LogPage] that was never written.
	Pages int64 `json:"pages"`
	// Baselined says that ResolvedUpTo counts.
	Baselined bool `json:"baselined"`
	// ResolvedUpTo is the first leaf that may still turn out to have no row.
	ResolvedUpTo int64 `json:"resolved_up_to"`
	// SkippedLeaves is how many leaves are older than the first row that was there
	// at the first start.
	SkippedLeaves int64 `json:"skipped_leaves,omitempty"`
	// Heads are the last tree heads that the registry signed and the log agreed
	// with, the newest last.
	Heads []Head `json:"heads,omitempty"`
	// Reported are the log.record.uids of findings that are made once, the last
	// ones last.
	Reported []string `json:"reported,omitempty"`
	// Bindings is what was reported of registrations.
	Bindings Bindings `json:"bindings,omitzero"`
	// Extra is the members that this version does not know.
	Extra Extra `json:"-"`
}

// Head is a signed tree head.
type Head struct {
	// Size is how many leaves it is of.
	Size int64 `json:"size"`
	// Root and Signature are hex digits.
	Root      string `json:"root"`
	Signature string `json:"signature"`
}

// Encode returns the value of [LogKey].
func (l *Log) Encode() ([]byte, error) { return encodeObject(l, l.Extra, MaxLog) }

// DecodeLog reads the value of [LogKey].
func DecodeLog(data []byte) (Log, error) {
	var l Log
	var err error
	if l.Extra, err = decodeObject(data, &l, MaxLog); err != nil {
		return Log{}, err
	}
	if l.LastID < 0 || l.Pages < 0 || l.ResolvedUpTo < 0 || l.SkippedLeaves < 0 {
		return Log{}, damaged("a negative number")
	}
	if len(l.Heads) > MaxHeads || len(l.Reported) > MaxReported {
		return Log{}, damaged("%d heads and %d reported findings, at most %d and %d are allowed", len(l.Heads), len(l.Reported), MaxHeads, MaxReported)
	}
	return l, nil
}
