// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator

import "go.opentelemetry.io/collector/pdata/plog"

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
	// IntegrityLeafCorrupt: a leaf that cannot be parsed, or whose hash is not that of
	// its bytes.
	IntegrityLeafCorrupt = "leaf_corrupt"
	// IntegrityHeadSignatureInvalid: a tree head that the registry's key did
	// not sign.
	IntegrityHeadSignatureInvalid = "head_signature_invalid"
	// IntegrityHeadInconsistent: a signed tree head whose root the log has neither at its
	// size nor at one nearby: a split view.
	IntegrityHeadInconsistent = "head_inconsistent"
	// IntegrityDatabaseReplaced: the database is not the one that was read before.
	IntegrityDatabaseReplaced = "database_replaced"
	// IntegrityRowUnlogged: a row that names no leaf: the registry could not write its
	// log, or somebody inserted the row.
	IntegrityRowUnlogged = "row_unlogged"
	// IntegrityRowEdited, IntegrityRowDeleted and IntegrityRowInserted: a row changed
	// after it had been delivered, or one appeared among those that had been.
	IntegrityRowEdited   = "row_edited"
	IntegrityRowDeleted  = "row_deleted"
	IntegrityRowInserted = "row_inserted"
	// IntegrityRowsChanged: rows that waited to be compared with the log again have
	// changed, and which ones cannot be told: a range of ids.
	IntegrityRowsChanged = "rows_changed"
	// IntegrityHeadNotCompared: signed tree heads cannot be compared with the log, whose
	// root is not known.
	IntegrityHeadNotCompared = "head_not_compared"
	// IntegrityHeadWentBack: a signed tree head is of fewer leaves than one before it.
	IntegrityHeadWentBack = "head_went_back"
	// IntegrityHeadMissing: the registry has sent no tree head for long, or none that
	// covers the newer leaves.
	IntegrityHeadMissing = "head_missing"
	// IntegrityTokenRebound: a token belongs to another recipient, issuer or document
	// than where it was registered first.
	IntegrityTokenRebound = "token_rebound"
	// IntegrityManifestReplaced: a document was registered again with another manifest.
	IntegrityManifestReplaced = "manifest_replaced"
)

// Kinds of records that are no findings: what an honest registry does as well, and
// somebody who relies on the events has to know.
const (
	// IntegrityRowsRechecked: rows whose leaves were not there are verified now.
	IntegrityRowsRechecked = "rows_rechecked"
	// IntegrityRowsPruned: the oldest rows are gone.
	IntegrityRowsPruned = "rows_pruned"
	// IntegrityRowsRolledBack: the database lost its newest rows, which had been
	// delivered, as after a power failure, and goes on from there.
	IntegrityRowsRolledBack = "rows_rolled_back"
	// IntegrityLeafIndexJumped: the indexes of the log's lines jump, or begin again, as
	// after a full disk.
	IntegrityLeafIndexJumped = "leaf_index_jumped"
)

// IntegritySeverity is the severity of records of a kind, unless one has its own: see
// [Integrity]. ERROR is for what no honest registry does, WARN for what somebody should
// look at, and INFO for what needs no look.
func IntegritySeverity(kind string) plog.SeverityNumber {
	switch kind {
	case IntegrityRowsRechecked, IntegrityRowsPruned, IntegrityLeafIndexJumped:
		return plog.SeverityNumberInfo
	case IntegrityRowUnlogged, IntegrityRowsRolledBack, IntegrityHeadNotCompared, IntegrityHeadWentBack, IntegrityHeadMissing:
		return plog.SeverityNumberWarn
	default:
		return plog.SeverityNumberError
	}
}
