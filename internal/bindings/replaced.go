// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package bindings

import (
	"fmt"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// The severities of findings that have another one than their kind.
var (
	severityInfo = translator.IntegritySeverity(translator.IntegrityRowsPruned)
	severityWarn = translator.IntegritySeverity(translator.IntegrityRowUnlogged)
)

// replacedFinding is about a leaf that registers a document again.
func replacedFinding(leaf *registerLeaf, what replaced) *Finding {
	if what == replacedNothing {
		return nil
	}
	f := &Finding{Row: -1}
	f.Kind, f.FileID = translator.IntegrityManifestReplaced, leaf.fileID
	f.TlogIndex, f.HasTlogIndex = leaf.index, true
	if what == replacedParties {
		f.Severity = severityInfo
		f.Message = fmt.Sprintf("Leaf %d registers document %s again, for recipient %q and issuer %q: the same issuer's key signed it for another recipient or issuer before.", leaf.index, leaf.fileID, leaf.recipientID, leaf.issuerID)
	} else {
		f.Severity = severityWarn
		f.Message = fmt.Sprintf("Leaf %d registers document %s again, for recipient %q and issuer %q, with another issuer's key than before: the registry, which refuses that, had lost the first registration, or its log or database was changed.", leaf.index, leaf.fileID, leaf.recipientID, leaf.issuerID)
	}
	return f
}
