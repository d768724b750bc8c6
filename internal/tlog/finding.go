// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

// Finding is something wrong with the log.
type Finding struct {
	// Kind is translator.IntegrityLeafCorrupt or translator.IntegrityLogRewritten.
	Kind string
	// First and Last are the run of leaves that a leaf_corrupt is about; 0 for
	// any other kind.
	First, Last int64
	// Size is the number of leaves that had been seen before, for a
	// log_rewritten: ExpectedRoot and Root are of that many. 0 for any other
	// kind.
	Size int64
	// NewSize is, for a log_rewritten, Size or the number of leaves that the
	// file has now, if that is less: what was known of leaves from there on is
	// no longer so, and [Settings.OnLeaf] is called for them again.
	NewSize int64
	// ExpectedRoot is the root seen before, if there is one (HasExpectedRoot).
	ExpectedRoot    Hash
	HasExpectedRoot bool
	// Root is the root of the first Size leaves now, if there is one (HasRoot):
	// not if there are fewer of them, or if one cannot be read.
	Root    Hash
	HasRoot bool
	// Reason is a clause that tells a person what is wrong.
	Reason string
}
