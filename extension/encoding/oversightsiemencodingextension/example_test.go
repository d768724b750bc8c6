// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightsiemencodingextension_test

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/extension/encoding/oversightsiemencodingextension"
	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/siem"
)

// The extension is a plog.Marshaler, which makes a line of JSON of each event.
func ExampleNewFactory() {
	factory := oversightsiemencodingextension.NewFactory()
	config := factory.CreateDefaultConfig().(*oversightsiemencodingextension.Config)
	config.Shape.Format = siem.FormatSentinel
	encoding, err := factory.Create(context.Background(), extensiontest.NewNopSettings(factory.Type()), config)
	if err != nil {
		panic(err)
	}

	logs := plog.NewLogs()
	resource := logs.ResourceLogs().AppendEmpty()
	translator.SetResource(resource.Resource(), "registry-eu")
	event := translator.Event{ID: 7, Kind: "dns", FileID: "contract-17"}
	event.ToLogRecord(resource.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty())

	text, err := encoding.(plog.Marshaler).MarshalLogs(logs)
	fmt.Println(string(text), err)
	// Output: {"Schema":"oversight-siem-1","RegistryId":"registry-eu","EventId":"7","BeaconKind":"dns","Action":"beacon-dns-callback","FileId":"contract-17"} <nil>
}
