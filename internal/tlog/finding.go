// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

// Finding is something that is wrong with the log.
type Finding struct {
	// Kind is translator.IntegrityLeafCorrupt or translator.IntegrityLogRewritten.
	Kind string
	// First and Last are the run of leaves of a leaf_corrupt; 0 for the other kind.
	First, Last int64
	// Size is, for a log_rewritten, the number of leaves that had been read before:
	// ExpectedRoot and Root are of that many. 0 for the other kind.
	Size int64
	// NewSize is, for a log_rewritten, Size, or the number of leaves that the file
	// has now, if that is less: what was known of leaves from there on is no longer
	// true, and [Settings].OnLeaf is called for them once more.
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
