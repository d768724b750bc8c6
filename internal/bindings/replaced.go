// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package bindings

import (
	"fmt"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// replacedFinding is about a leaf that registers a document again.
func replacedFinding(leaf *registerLeaf, what replaced) (f Finding, ok bool) {
	f = Finding{Row: -1}
	f.Kind, f.FileID = translator.IntegrityManifestReplaced, leaf.fileID
	f.TlogIndex, f.HasTlogIndex = leaf.index, true
	switch what {
	case replacedParties:
		f.Severity = plog.SeverityNumberInfo
		f.Message = fmt.Sprintf("Leaf %d registers document %s again, for recipient %q and issuer %q: the same issuer's key signed it for another recipient or issuer before.", leaf.index, leaf.fileID, leaf.recipientID, leaf.issuerID)
	case replacedKey:
		f.Severity = plog.SeverityNumberWarn
		f.Message = fmt.Sprintf("Leaf %d registers document %s again, for recipient %q and issuer %q, with another issuer's key than before: the registry, which refuses that, had lost the first registration, or its log or database was changed.", leaf.index, leaf.fileID, leaf.recipientID, leaf.issuerID)
	default:
		return Finding{}, false
	}
	return f, true
}
