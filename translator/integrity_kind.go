// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator

// Kinds of findings about the transparency log and the events table.
const (
	// IntegrityRowMismatch: a row that the log does not confirm: it differs from
	// its leaf, another row has claimed that leaf, or there is no such leaf.
	IntegrityRowMismatch = "row_mismatch"
	// IntegrityLeafWithoutRow: a beacon leaf whose row never appeared.
	IntegrityLeafWithoutRow = "leaf_without_row"
	// IntegrityLogRewritten: leaves that were read before no longer hash to the
	// root that they had, or are gone.
	IntegrityLogRewritten = "log_rewritten"
	// IntegrityLeafCorrupt: a leaf that cannot be parsed, whose hash is not that
	// of its bytes, or whose index is not its position in the log.
	IntegrityLeafCorrupt = "leaf_corrupt"
	// IntegrityHeadSignatureInvalid: a tree head that the registry's key did
	// not sign.
	IntegrityHeadSignatureInvalid = "head_signature_invalid"
	// IntegrityHeadInconsistent: a signed tree head whose root is not that of
	// the log at its size: a split view.
	IntegrityHeadInconsistent = "head_inconsistent"
	// IntegrityDatabaseReplaced: the database is not the one that was read before.
	IntegrityDatabaseReplaced = "database_replaced"
)
