// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightsiemprocessor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/siem"
)

const findingUID = "ffeeddccbbaa99887766554433221100"

// appendBoth adds a resource with an event and a finding about it, as the
// receiver does. The finding is the second record.
func appendBoth(logs plog.Logs) plog.ResourceLogs {
	resource := appendEvent(logs)
	e := event()
	f := translator.Integrity{
		RegistryID: e.RegistryID, Kind: translator.IntegrityRowMismatch, UID: findingUID, Message: "Row 7 differs from leaf 3 in token_id.",
		Observed: time.Unix(1735000002, 0).UTC(), EventID: e.ID, RowUID: e.UID, TlogIndex: 3, HasTlogIndex: true,
		TlogStatus: translator.TlogStatusMismatch, TlogMismatch: "token_id",
	}
	f.ToLogRecord(resource.ScopeLogs().At(0).LogRecords().AppendEmpty())
	return resource
}

// translated returns the event and the finding after translation, in one resource.
func translated(t *testing.T, config siem.Config) (resource plog.ResourceLogs, event, finding plog.LogRecord) {
	t.Helper()
	logs := plog.NewLogs()
	appendBoth(logs)
	out, _ := run(t, config, logs)
	require.Equal(t, 2, out.LogRecordCount())
	require.Equal(t, 1, out.ResourceLogs().Len())
	resource = out.ResourceLogs().At(0)
	records := resource.ScopeLogs().At(0).LogRecords()
	return resource, records.At(0), records.At(1)
}

// A finding has a sourcetype of its own, and the event keeps its sourcetype.
func TestSplunkFinding(t *testing.T) {
	config := defaults(siem.FormatSplunk)
	config.Splunk.SourceType = "leak"
	resource, event, finding := translated(t, config)
	assert.Equal(t, "leak", resource.Resource().Attributes().AsRaw()["com.splunk.sourcetype"])
	assert.NotContains(t, event.Attributes().AsRaw(), "com.splunk.sourcetype")
	assert.Equal(t, map[string]any{"com.splunk.sourcetype": "oversight:integrity"}, finding.Attributes().AsRaw())
	assert.Equal(t, map[string]any{
		"schema": "oversight-siem-1", "integrity_kind": "row_mismatch", "action": "integrity-row-mismatch",
		"message": "Row 7 differs from leaf 3 in token_id.", "event_uid": findingUID, "occurred_at": "2024-12-24T00:26:42Z",
		"severity": "high", "event_id": "7", "row_uid": "00112233445566778899aabbccddeeff", "tlog_index": int64(3), "tlog_status": "mismatch",
		"tlog_mismatch": []any{"token_id"}, "registry_id": "deadbeef",
	}, finding.Body().AsRaw())
	assert.Empty(t, finding.SeverityText())
	assert.Equal(t, plog.SeverityNumberUnspecified, finding.SeverityNumber())
}

// Findings go to a data stream of their own, each with an id of its own.
func TestECSFinding(t *testing.T) {
	resource, event, finding := translated(t, defaults(siem.FormatECS))
	assert.Equal(t, "oversight.beacon", resource.Resource().Attributes().AsRaw()["data_stream.dataset"])
	assert.Equal(t, map[string]any{"elasticsearch.document_id": event.Body().AsRaw().(map[string]any)["event"].(map[string]any)["hash"]}, event.Attributes().AsRaw())
	assert.Equal(t, map[string]any{"elasticsearch.document_id": findingUID, "data_stream.dataset": "oversight.integrity"}, finding.Attributes().AsRaw())
	document := finding.Body().AsRaw().(map[string]any)
	assert.Equal(t, "2024-12-24T00:26:42Z", document["@timestamp"])
	assert.Equal(t, "oversight.integrity", document["event"].(map[string]any)["dataset"])
	assert.Equal(t, "alert", document["event"].(map[string]any)["kind"])

	config := defaults(siem.FormatECS)
	config.ECS.DocumentID = false
	_, _, finding = translated(t, config)
	assert.Equal(t, map[string]any{"data_stream.dataset": "oversight.integrity"}, finding.Attributes().AsRaw())
}

// The dataset in the configuration is that of all documents, and so is one that the
// pipeline has set anywhere where the exporter looks for it.
func TestOneDatasetForAll(t *testing.T) {
	for name, change := range map[string]func(*siem.Config, plog.ResourceLogs){
		"configuration": func(c *siem.Config, _ plog.ResourceLogs) { c.ECS.DataStream.Dataset = "mine" },
		"resource": func(_ *siem.Config, resource plog.ResourceLogs) {
			resource.Resource().Attributes().PutStr("data_stream.dataset", "mine")
		},
		"scope": func(_ *siem.Config, resource plog.ResourceLogs) {
			resource.ScopeLogs().At(0).Scope().Attributes().PutStr("data_stream.dataset", "mine")
		},
		"records": func(_ *siem.Config, resource plog.ResourceLogs) {
			for _, record := range resource.ScopeLogs().At(0).LogRecords().All() {
				record.Attributes().PutStr("data_stream.dataset", "mine")
			}
		},
	} {
		logs, config := plog.NewLogs(), defaults(siem.FormatECS)
		change(&config, appendBoth(logs))
		out, _ := run(t, config, logs)
		resource := out.ResourceLogs().At(0)
		scope := resource.ScopeLogs().At(0)
		require.Equal(t, 2, scope.LogRecords().Len())
		for _, record := range scope.LogRecords().All() {
			assert.Equal(t, "mine", datasetOf(resource.Resource(), scope.Scope(), record), name)
		}
	}
}

// datasetOf is the dataset that the exporter elasticsearch reads: "data_stream.dataset
// [...] from attributes (precedence: log record / data point / span attribute > scope
// attribute > resource attribute)".
func datasetOf(resource pcommon.Resource, scope pcommon.InstrumentationScope, record plog.LogRecord) any {
	for _, attributes := range []pcommon.Map{record.Attributes(), scope.Attributes(), resource.Attributes()} {
		if value, ok := attributes.Get("data_stream.dataset"); ok {
			return value.AsRaw()
		}
	}
	return nil
}

func TestSentinelFinding(t *testing.T) {
	columns := map[string]any{
		"TimeGenerated": "2024-12-24T00:26:42Z", "OccurredAt": "2024-12-24T00:26:42Z", "Schema": "oversight-siem-1", "RegistryId": "deadbeef",
		"EventId": "7", "EventUid": findingUID, "Action": "integrity-row-mismatch", "TlogIndex": int64(3), "TlogStatus": "mismatch",
		"TlogMismatch": "token_id", "IntegrityKind": "row_mismatch", "Message": "Row 7 differs from leaf 3 in token_id.",
		"Severity": "High", "RowUid": "00112233445566778899aabbccddeeff",
	}
	_, _, finding := translated(t, defaults(siem.FormatSentinel))
	assert.Equal(t, columns, finding.Body().AsRaw())
	assert.Equal(t, map[string]any{"log.record.uid": findingUID}, finding.Attributes().AsRaw())

	config := defaults(siem.FormatSentinel)
	config.Sentinel.Layout, config.Sentinel.CustomEvent = siem.LayoutAttributes, "Oversight"
	_, _, finding = translated(t, config)
	columns["microsoft.custom_event.name"] = "Oversight"
	assert.Equal(t, columns, finding.Attributes().AsRaw())
	assert.Equal(t, "Row 7 differs from leaf 3 in token_id.", finding.Body().Str())
	assert.Equal(t, plog.SeverityNumberError, finding.SeverityNumber())
}

// A finding is translated like an event, and only once.
func TestFindingIsTranslatedOnce(t *testing.T) {
	for _, format := range siem.Formats() {
		logs := plog.NewLogs()
		mixed := appendBoth(logs)
		appendOther(mixed.ScopeLogs().At(0).LogRecords())
		once, _ := run(t, defaults(format), logs)
		require.Equal(t, []int{1, 2}, []int{recordsIn(once, 0), recordsIn(once, 1)}, "the other record alone, and the event and the finding")
		want := raw(once.ResourceLogs().At(1))
		twice, _ := run(t, defaults(siem.FormatECS), once)
		assert.Equal(t, want, raw(twice.ResourceLogs().At(1)), format)
	}
}

// A checkpoint record is translated, too: in Splunk with a sourcetype of its own.
func TestCheckpointRecordIsTranslated(t *testing.T) {
	for _, format := range siem.Formats() {
		logs := plog.NewLogs()
		resource := appendEvent(logs)
		c := translator.Checkpoint{
			RegistryID: "deadbeef", UID: findingUID, Message: "Events up to id 7 are delivered.", Observed: time.Unix(1735000002, 0).UTC(),
			Reason: translator.CheckpointReasonInterval, LastEventID: 7,
		}
		c.ToLogRecord(resource.ScopeLogs().At(0).LogRecords().AppendEmpty())
		out, _ := run(t, defaults(format), logs)
		require.Equal(t, 2, out.LogRecordCount())
		require.Equal(t, 1, out.ResourceLogs().Len(), "it stays with the events of its registry")
		record := out.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(1)
		assert.Empty(t, record.EventName(), format)
		body := record.Body().AsRaw().(map[string]any)
		switch format {
		case siem.FormatSplunk:
			assert.Equal(t, map[string]any{"com.splunk.sourcetype": "oversight:checkpoint"}, record.Attributes().AsRaw())
			assert.Equal(t, "interval", body["checkpoint_reason"])
		case siem.FormatECS:
			assert.Equal(t, map[string]any{"elasticsearch.document_id": findingUID, "data_stream.dataset": "oversight.checkpoint"}, record.Attributes().AsRaw())
			assert.Equal(t, "oversight.checkpoint", body["event"].(map[string]any)["dataset"])
		default:
			assert.Equal(t, map[string]any{"log.record.uid": findingUID}, record.Attributes().AsRaw())
			assert.Equal(t, "interval", body["CheckpointReason"])
		}
	}
}
