// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/ecs"
)

// addSamples adds a document of each data stream, as the collector sends it and the
// pipeline completes it.
func addSamples(_ string, files fileSet) error {
	for dataset, document := range sampleDocuments() {
		shape := ecs.Translator{Extended: true}
		var fields object
		if err := json.Unmarshal(shape.AppendJSON(nil, &document), &fields); err != nil {
			return err
		}
		fields["data_stream"] = object{"type": "logs", "dataset": packageName + "." + dataset, "namespace": "default"}
		fields["event"].(object)["ingested"] = sampleTime.Add(2 * time.Second).Format(time.RFC3339)
		if err := files.addJSON("package/oversight/data_stream/"+dataset+"/sample_event.json", fields); err != nil {
			return err
		}
	}
	return nil
}

var sampleTime = time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)

const (
	sampleRegistry = "registry-eu"
	sampleUID      = "9f2c7a1b54d04e3a8c6f0b1d2e3f4a5b"
)

func sampleDocuments() map[string]translator.Document {
	event := translator.Event{ //nolint:gosec // TokenID is no secret
		RegistryID: sampleRegistry, ID: 4711, UID: sampleUID, Kind: "http_img", TokenID: "5d0f3c2b1a9e4876b3c2d1e0f9a8b7c6",
		FileID: "contract-17", RecipientID: "alice@corp.example", IssuerID: "legal", SourceIP: "203.0.113.9",
		UserAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Word/16.0", Timestamp: sampleTime, TlogIndex: 4710, HasTlogIndex: true,
		TlogStatus: translator.TlogStatusVerified, Observed: sampleTime.Add(time.Second),
	}
	event.Extra, event.QuestionName = translator.NormalizeExtra(`{"path":"/p/5d0f3c2b.png"}`)
	finding := translator.Integrity{
		RegistryID: sampleRegistry, Kind: translator.IntegrityRowDeleted, UID: "1f3d5b79a0c2e4f60718293a4b5c6d7e",
		Message: "Row 4711 disappeared after it had been delivered.", Observed: sampleTime.Add(time.Second), EventID: 4711,
		RowUID: sampleUID, Severity: plog.SeverityNumberError,
	}
	checkpoint := translator.Checkpoint{
		RegistryID: sampleRegistry, UID: "2a4c6e8091b3d5f7182a3b4c5d6e7f80", Message: "Delivered 120 events since 2026-01-15T11:00:00Z.",
		Observed: sampleTime.Add(time.Second), Collector: "collector-1", Receiver: "oversight/elastic", Reason: translator.CheckpointReasonInterval,
		LastEventID: 4711, LastRowUID: sampleUID, Since: sampleTime.Add(-time.Hour), Delivered: 120, Checked: true, Verified: 120,
		HasUndelivered: true, TlogSize: 4711,
	}
	return map[string]translator.Document{
		"beacon": {Event: &event}, "integrity": {Integrity: &finding}, "checkpoint": {Checkpoint: &checkpoint},
	}
}
