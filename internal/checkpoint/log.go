// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package checkpoint

import (
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
)

const (
	// MaxLog bounds a [Log], in bytes. A usual one has one to four thousand.
	MaxLog = 256 << 10
	// MaxHeads bounds [Log.Heads].
	MaxHeads = 8
	// MaxReported bounds [Log.Reported].
	MaxReported = 64
	// MaxHeadStates bounds [Log.HeadStates].
	MaxHeadStates = 16
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
	// HeadSize is the largest size that a valid tree head was signed for.
	HeadSize int64 `json:"head_size,omitempty"`
	// HeadTime is when a valid tree head last came; the zero time if none did.
	HeadTime time.Time `json:"head_time,omitzero"`
	// HeadStates are what is wrong with the registry's tree heads and was reported.
	HeadStates []HeadState `json:"head_states,omitempty"`
	// Reported are the log.record.uids of findings that are made once, the last
	// ones last.
	Reported []string `json:"reported,omitempty"`
	// ReviewKey is the key of the digests of [Review], 32 hex digits, and
	// ReviewRegistryID the registry id that the uids of their rows were made with.
	ReviewKey        string `json:"review_key,omitempty"`
	ReviewRegistryID string `json:"review_registry_id,omitempty"`
	// RescanFrom is the first leaf that may be another one since the log was rewritten,
	// as long as a [Review] of all rows is not done.
	RescanFrom int64 `json:"rescan_from,omitempty"`
	// RowsLost says that rows of a [Review] are gone with a database that went back: which
	// of the leaves without a row are theirs is not known. It is set until the log was
	// read to its end.
	RowsLost bool `json:"rows_lost,omitempty"`
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
	// SignedSize is the size that the registry signed together with the root, if that
	// is not Size: it took the two one after the other, and the log grew in between.
	// 0: Size.
	SignedSize int64 `json:"signed_size,omitempty"`
}

// HeadState is something that is wrong with tree heads, reported once as long as it
// lasts.
type HeadState struct {
	// Kind is that of the finding, and Reason tells states of a kind apart.
	Kind   string `json:"kind"`
	Reason string `json:"reason,omitempty"`
	// Without is how many heads in a row did not have it.
	Without int `json:"without,omitempty"`
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
	if l.LastID < 0 || l.Pages < 0 || l.ResolvedUpTo < 0 || l.SkippedLeaves < 0 || l.RescanFrom < 0 || l.Bindings.Leaves < 0 {
		return Log{}, damaged("a negative number")
	}
	if len(l.Heads) > MaxHeads || len(l.Reported) > MaxReported {
		return Log{}, damaged("%d heads and %d reported findings, at most %d and %d are allowed", len(l.Heads), len(l.Reported), MaxHeads, MaxReported)
	}
	if l.HeadSize < 0 || len(l.HeadStates) > MaxHeadStates {
		return Log{}, damaged("head_size %d and %d states of tree heads, at most %d are allowed", l.HeadSize, len(l.HeadStates), MaxHeadStates)
	}
	return l, nil
}
