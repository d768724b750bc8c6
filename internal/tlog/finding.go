// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

// Finding is something that is wrong with the log, or that somebody who compares it with
// others has to know.
type Finding struct {
	// Kind is translator.IntegrityLeafCorrupt, translator.IntegrityLogRewritten or
	// translator.IntegrityLeafIndexJumped.
	Kind string
	// First and Last are leaves, by their lines: the corrupt ones; those of a rewritten
	// log that may be others now; the line whose index jumped.
	First, Last int64
	// RangeKnown says, for a log_rewritten, that no other leaves than those from First
	// to Last have changed. Otherwise First is 0: which ones have is not known.
	RangeKnown bool
	// Index is what the line of a leaf_index_jumped claims, and ExpectedIndex what it
	// should have claimed.
	Index, ExpectedIndex int64
	// Size is, for a log_rewritten, the number of leaves that had been read before:
	// ExpectedRoot and Root are of that many. 0 for the other kinds.
	Size int64
	// NewSize is, for a log_rewritten, where the part ends that the log has in common
	// with what was read before; Size if only leaves between others were changed. What
	// was known of leaves from there on is no longer true.
	NewSize int64
	// ExpectedRoot is the root before, if there is one (HasExpectedRoot).
	ExpectedRoot    Hash
	HasExpectedRoot bool
	// Root is the root of the first Size leaves now, if there is one (HasRoot): not
	// if there are fewer leaves, or if one cannot be read.
	Root    Hash
	HasRoot bool
	// Reason is a clause that says what is wrong, for people.
	Reason string
}
