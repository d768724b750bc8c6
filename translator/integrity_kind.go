// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator

// Kinds of findings about the transparency log and the events table.
const (
	// IntegrityRowMismatch: a row that the log does not bear out: it differs
	// from its leaf, another row had claimed that leaf, or there is no such leaf.
	IntegrityRowMismatch = "row_mismatch"
	// IntegrityLeafWithoutRow: a beacon's leaf whose row never came.
	IntegrityLeafWithoutRow = "leaf_without_row"
	// IntegrityLogRewritten: what had been read of the log no longer hashes to
	// the root that it had, or is not there any more.
	IntegrityLogRewritten = "log_rewritten"
	// IntegrityLeafCorrupt: a leaf that cannot be read, whose hash is not that
	// of its bytes, or whose index is not its place.
	IntegrityLeafCorrupt = "leaf_corrupt"
	// IntegrityHeadSignatureInvalid: a tree head that the registry's key did
	// not sign.
	IntegrityHeadSignatureInvalid = "head_signature_invalid"
	// IntegrityHeadInconsistent: a signed tree head whose root is not that of
	// the log at its size: a split view.
	IntegrityHeadInconsistent = "head_inconsistent"
	// IntegrityDatabaseReplaced: the database is another one than before.
	IntegrityDatabaseReplaced = "database_replaced"
)
