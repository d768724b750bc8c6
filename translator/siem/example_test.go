// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package siem_test

import (
	"fmt"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/siem"
)

func ExampleConfig_NewTranslator() {
	config := siem.NewDefaultConfig()
	config.Format = siem.FormatSplunk
	config.Splunk.Index = "leaks"
	shape, err := config.NewTranslator()
	if err != nil {
		fmt.Println(err)
		return
	}
	event := translator.Event{Kind: "dns", FileID: "contract-17", Timestamp: time.Unix(1735000000, 0).UTC()}
	fmt.Println(string(shape.AppendJSON(nil, &translator.Document{Event: &event})))
	// Output:
	// {"time":1735000000.000,"source":"oversight:registry","sourcetype":"oversight:beacon","index":"leaks","event":{"schema":"oversight-siem-1","kind":"dns","action":"beacon-dns-callback","occurred_at":"2024-12-24T00:26:40Z","file_id":"contract-17"},"fields":{"file_id":"contract-17","beacon_kind":"dns"}}
}
