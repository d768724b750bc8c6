// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package ecs_test

import (
	"fmt"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/ecs"
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
	var shape ecs.Translator
	fmt.Println(string(shape.AppendJSON(nil, &translator.Document{Event: &event})))
	// Output:
	// {"@timestamp":"2024-12-24T00:26:40Z","ecs":{"version":"8.11.0"},"event":{"kind":"event","category":["network"],"type":["access","info"],"dataset":"oversight.beacon","module":"oversight","provider":"oversight-registry","action":"beacon-dns-callback","id":"7","outcome":"success"},"source":{"ip":"203.0.113.9"},"labels":{"oversight_file_id":"contract-17","oversight_beacon_kind":"dns"},"oversight":{"schema":"oversight-siem-1","registry_id":"registry-eu","file_id":"contract-17","beacon_kind":"dns"}}
}
