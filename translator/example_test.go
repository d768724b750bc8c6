// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator_test

import (
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// An event becomes a log record, and is read from it again.
func Example() {
	event := translator.Event{
		RegistryID: "registry-eu",
		ID:         7,
		UID:        "00112233445566778899aabbccddeeff",
		Kind:       "dns",
		FileID:     "contract-17",
		SourceIP:   "203.0.113.9",
		Timestamp:  time.Unix(1735000000, 0).UTC(),
	}

	logs := plog.NewLogs()
	resource := logs.ResourceLogs().AppendEmpty()
	resource.SetSchemaUrl(translator.SchemaURL)
	translator.SetResource(resource.Resource(), event.RegistryID)
	scope := resource.ScopeLogs().AppendEmpty()
	scope.SetSchemaUrl(translator.SchemaURL)
	record := scope.LogRecords().AppendEmpty()
	event.ToLogRecord(record)

	uid, _ := record.Attributes().Get(translator.AttributeRecordUID)
	fmt.Println(record.EventName(), uid.Str())
	same, _ := translator.FromLogRecord(resource.Resource(), record)
	fmt.Println(same == event)
	// Output:
	// oversight.beacon 00112233445566778899aabbccddeeff
	// true
}

// What a pipeline added to a record is kept apart from the event.
func ExampleDocument_SetLogRecord() {
	resource := plog.NewResourceLogs().Resource()
	translator.SetResource(resource, "registry-eu")
	record := plog.NewLogRecord()
	(&translator.Event{Kind: "ocsp", FileID: "contract-17"}).ToLogRecord(record)
	record.Attributes().PutStr("geo.country_iso_code", "NL")

	var document translator.Document
	document.SetLogRecord(resource, record)
	fmt.Println(document.Message())
	for name, value := range document.Extra.All() {
		fmt.Println(name, value.AsString())
	}
	// Output:
	// beacon-ocsp-callback: document contract-17
	// geo.country_iso_code NL
}

// The same finding has the same uid, whenever it is found.
func ExampleIntegrity_SetUID() {
	finding := translator.Integrity{
		RegistryID: "registry-eu",
		Kind:       translator.IntegrityLeafWithoutRow,
		Message:    "Leaf 17 has no row.",
		TlogIndex:  17, HasTlogIndex: true,
	}
	finding.SetUID()
	fmt.Println(finding.UID)
	// Output:
	// 1dce6a5859e74d3c67587984813244ef
}
