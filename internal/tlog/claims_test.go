// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog_test

import (
	"fmt"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// beaconLeaf is the leaf of rowOf with the same number, as the public registry in Rust
// writes it.
func beaconLeaf(n int) string {
	return fmt.Sprintf(`{"event":"beacon","file_id":"f","kind":"ocsp","recipient_id":null,"source_ip":"192.0.2.1","timestamp":"2026-01-02T03:04:05Z","token_id":"t%d","user_agent":"u"}`, n)
}

// beaconLine is the line of beaconLeaf n with an index.
func beaconLine(n, index int) string { return lineOf(index, beaconLeaf(n)) }

// rowOf is the row of beaconLeaf n that names an index.
func rowOf(n, index int) *translator.Event {
	return &translator.Event{
		FileID: "f", Kind: "ocsp", SourceIP: "192.0.2.1", QualifiedTimestamp: "2026-01-02T03:04:05Z",
		TokenID: fmt.Sprintf("t%d", n), UserAgent: "u", TlogIndex: int64(index), HasTlogIndex: true,
	}
}
