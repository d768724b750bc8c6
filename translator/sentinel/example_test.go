// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package sentinel_test

import (
	"fmt"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/sentinel"
)

func ExampleTranslator_AppendJSON() {
	event := translator.Event{
		RegistryID: "registry-eu",
		ID:         7,
		Kind:       "dns",
		FileID:     "contract-17",
		SourceIP:   "203.0.113.9",
		Timestamp:  time.Unix(1735000000, 0).UTC(),
	}
	var shape sentinel.Translator
	fmt.Println(string(shape.AppendJSON(nil, &translator.Document{Event: &event})))
	// Output:
	// {"TimeGenerated":"2024-12-24T00:26:40Z","Schema":"oversight-siem-1","RegistryId":"registry-eu","EventId":"7","BeaconKind":"dns","Action":"beacon-dns-callback","FileId":"contract-17","SourceIp":"203.0.113.9"}
}
