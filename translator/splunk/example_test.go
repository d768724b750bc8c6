// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package splunk_test

import (
	"fmt"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/splunk"
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
	var shape splunk.Translator
	fmt.Println(string(shape.AppendJSON(nil, &translator.Document{Event: &event})))
	// Output:
	// {"time":1735000000.000,"host":"registry-eu","source":"oversight:registry","sourcetype":"oversight:beacon","event":{"schema":"oversight-siem-1","kind":"dns","action":"beacon-dns-callback","event_id":"7","occurred_at":"2024-12-24T00:26:40Z","file_id":"contract-17","source_ip":"203.0.113.9","registry_id":"registry-eu"},"fields":{"file_id":"contract-17","beacon_kind":"dns"}}
}
