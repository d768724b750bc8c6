// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightsiemprocessor

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/oversight-protocol/oversight-otelcol/processor/oversightsiemprocessor/internal/metadata"
	"github.com/oversight-protocol/oversight-otelcol/processor/oversightsiemprocessor/internal/metadatatest"
	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/siem"
)

func event() translator.Event {
	return translator.Event{
		RegistryID: "deadbeef", ID: 7, UID: "00112233445566778899aabbccddeeff", Kind: "dns", TokenID: "t", FileID: "f", RecipientID: "r",
		SourceIP: "203.0.113.9", QuestionName: "q.example", Extra: `{"qname":"q.example"}`, TlogIndex: 3, HasTlogIndex: true,
		Timestamp: time.Unix(1735000000, 0).UTC(), Observed: time.Unix(1735000001, 0).UTC(),
	}
}

// appendEvent adds a resource with an event, as the receiver does.
func appendEvent(logs plog.Logs) plog.ResourceLogs {
	e := event()
	resource := logs.ResourceLogs().AppendEmpty()
	translator.SetResource(resource.Resource(), e.RegistryID)
	scope := resource.ScopeLogs().AppendEmpty()
	scope.Scope().SetName("receiver")
	e.ToLogRecord(scope.LogRecords().AppendEmpty())
	return resource
}

func appendOther(records plog.LogRecordSlice) {
	record := records.AppendEmpty()
	record.Body().SetStr("not Oversight's")
	record.SetSeverityText("WARN")
	record.Attributes().PutStr("oversight.token.id", "looks like it")
}

// run starts a processor, sends it the logs, and returns its output.
func run(t *testing.T, config siem.Config, logs plog.Logs) (plog.Logs, *componenttest.Telemetry) {
	t.Helper()
	telemetry := componenttest.NewTelemetry()
	t.Cleanup(func() { assert.NoError(t, telemetry.Shutdown(context.WithoutCancel(t.Context()))) })
	settings := metadatatest.NewSettings(telemetry)
	settings.ID = component.NewIDWithName(metadata.Type, "x")
	sink := new(consumertest.LogsSink)
	p, err := NewFactory().CreateLogs(t.Context(), settings, &Config{Shape: config}, sink)
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
	assert.True(t, p.Capabilities().MutatesData)
	require.NoError(t, p.ConsumeLogs(t.Context(), logs))
	t.Cleanup(func() { assert.NoError(t, p.Shutdown(context.WithoutCancel(t.Context()))) })
	require.Len(t, sink.AllLogs(), 1)
	return sink.AllLogs()[0], telemetry
}

func defaults(format string) siem.Config {
	config := siem.NewDefaultConfig()
	config.Format = format
	return config
}

// only returns the one record, with its resource and scope.
func only(t *testing.T, logs plog.Logs) (pcommon.Resource, pcommon.InstrumentationScope, plog.LogRecord) {
	t.Helper()
	require.Equal(t, 1, logs.LogRecordCount())
	scope := logs.ResourceLogs().At(0).ScopeLogs().At(0)
	return logs.ResourceLogs().At(0).Resource(), scope.Scope(), scope.LogRecords().At(0)
}

func TestSplunk(t *testing.T) {
	logs := plog.NewLogs()
	appendEvent(logs)
	config := defaults(siem.FormatSplunk)
	config.Splunk.Index = "leaks"
	out, _ := run(t, config, logs)
	resource, _, record := only(t, out)
	assert.Equal(t, map[string]any{
		"host.name": "deadbeef", "com.splunk.source": "oversight:registry", "com.splunk.sourcetype": "oversight:beacon", "com.splunk.index": "leaks",
	}, resource.Attributes().AsRaw())
	assert.Equal(t, map[string]any{"file_id": "f", "recipient_id": "r", "beacon_kind": "dns"}, record.Attributes().AsRaw())
	assert.Equal(t, map[string]any{
		"schema": "oversight-siem-1", "kind": "dns", "action": "beacon-dns-callback", "event_id": "7", "event_uid": "00112233445566778899aabbccddeeff",
		"occurred_at": "2024-12-24T00:26:40Z", "token_id": "t", "file_id": "f", "recipient_id": "r", "source_ip": "203.0.113.9",
		"tlog_index": int64(3), "registry_id": "deadbeef", "extra": map[string]any{"qname": "q.example"},
	}, record.Body().AsRaw())
	assert.Empty(t, record.SeverityText())
	assert.Equal(t, plog.SeverityNumberUnspecified, record.SeverityNumber())
	assert.Equal(t, pcommon.Timestamp(1735000000e9), record.Timestamp())
}

func TestECS(t *testing.T) {
	for name, c := range map[string]struct {
		change     func(*siem.Config, plog.ResourceLogs)
		attributes map[string]any
		resource   map[string]any
	}{
		"defaults": {
			func(*siem.Config, plog.ResourceLogs) {},
			map[string]any{"elasticsearch.document_id": "00112233445566778899aabbccddeeff"},
			map[string]any{"data_stream.dataset": "oversight.beacon", "data_stream.namespace": "default"},
		},
		"without id, elsewhere": {
			func(c *siem.Config, _ plog.ResourceLogs) {
				c.ECS.DocumentID = false
				c.ECS.DataStream.Dataset, c.ECS.DataStream.Namespace = "leaks", "eu"
			},
			map[string]any{},
			map[string]any{"data_stream.dataset": "leaks", "data_stream.namespace": "eu"},
		},
		"as the pipeline has it": {
			func(_ *siem.Config, resource plog.ResourceLogs) {
				resource.Resource().Attributes().PutStr("data_stream.namespace", "mine")
				resource.ScopeLogs().At(0).LogRecords().At(0).Attributes().PutStr("elasticsearch.index", "index")
			},
			map[string]any{"elasticsearch.document_id": "00112233445566778899aabbccddeeff", "elasticsearch.index": "index"},
			map[string]any{"data_stream.dataset": "oversight.beacon", "data_stream.namespace": "mine"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			logs := plog.NewLogs()
			config := defaults(siem.FormatECS)
			c.change(&config, appendEvent(logs))
			out, _ := run(t, config, logs)
			resource, scope, record := only(t, out)
			c.resource["service.name"], c.resource["service.instance.id"], c.resource["oversight.registry.id"] = "oversight-registry", "deadbeef", "deadbeef"
			assert.Equal(t, c.resource, resource.Attributes().AsRaw())
			assert.Equal(t, map[string]any{"elastic.mapping.mode": "bodymap"}, scope.Attributes().AsRaw())
			assert.Equal(t, c.attributes, record.Attributes().AsRaw())
			body := record.Body().Map().AsRaw()
			assert.Equal(t, "2024-12-24T00:26:40Z", body["@timestamp"])
			assert.NotContains(t, body, "labels.index")
		})
	}
}

func TestSentinelBody(t *testing.T) {
	logs := plog.NewLogs()
	appendEvent(logs).Resource().Attributes().PutStr("azure.dcr.stream_name", "Custom-Mine")
	out, _ := run(t, defaults(siem.FormatSentinel), logs)
	resource, _, record := only(t, out)
	stream, _ := resource.Attributes().Get("azure.dcr.stream_name")
	assert.Equal(t, "Custom-Mine", stream.Str())
	assert.Equal(t, map[string]any{"log.record.uid": "00112233445566778899aabbccddeeff"}, record.Attributes().AsRaw())
	assert.Equal(t, map[string]any{
		"TimeGenerated": "2024-12-24T00:26:40Z", "OccurredAt": "2024-12-24T00:26:40Z", "Schema": "oversight-siem-1", "RegistryId": "deadbeef",
		"EventId": "7", "EventUid": "00112233445566778899aabbccddeeff", "BeaconKind": "dns", "Action": "beacon-dns-callback", "TokenId": "t",
		"FileId": "f", "RecipientId": "r", "SourceIp": "203.0.113.9", "TlogIndex": int64(3), "ExtraJson": `{"qname":"q.example"}`,
	}, record.Body().AsRaw())
}

func TestSentinelAttributes(t *testing.T) {
	for _, customEvent := range []string{"", "OversightBeacon"} {
		logs := plog.NewLogs()
		appendEvent(logs).ScopeLogs().At(0).LogRecords().At(0).Attributes().PutStr("geo.country_name", "Germany")
		config := defaults(siem.FormatSentinel)
		config.Sentinel.Layout, config.Sentinel.CustomEvent = siem.LayoutAttributes, customEvent
		out, _ := run(t, config, logs)
		_, _, record := only(t, out)
		assert.Equal(t, "beacon-dns-callback from 203.0.113.9 for q.example: document f of recipient r", record.Body().Str())
		attributes := record.Attributes().AsRaw()
		if customEvent != "" {
			assert.Equal(t, customEvent, attributes["microsoft.custom_event.name"])
		} else {
			assert.NotContains(t, attributes, "microsoft.custom_event.name")
		}
		assert.Equal(t, "f", attributes["FileId"])
		assert.Equal(t, "Germany", attributes["geo.country_name"])
		assert.NotContains(t, attributes, "oversight.file.id")
		assert.Equal(t, plog.SeverityNumberInfo, record.SeverityNumber())
	}
}

// Other records pass through unchanged, wherever they are, and are counted.
func TestOtherRecordsPassThrough(t *testing.T) {
	for _, format := range siem.Formats() {
		t.Run(format, func(t *testing.T) {
			logs, want := plog.NewLogs(), plog.NewLogs()
			appendOther(logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords())
			mixed := appendEvent(logs)
			appendOther(mixed.ScopeLogs().At(0).LogRecords())
			appendOther(mixed.ScopeLogs().AppendEmpty().LogRecords())
			e := event()
			e.ToLogRecord(mixed.ScopeLogs().At(1).LogRecords().AppendEmpty())
			logs.CopyTo(want)

			out, telemetry := run(t, defaults(format), logs)
			require.Equal(t, 5, out.LogRecordCount())
			require.Equal(t, 3, out.ResourceLogs().Len())
			assert.Equal(t, []int{1, 2, 2}, []int{recordsIn(out, 0), recordsIn(out, 1), recordsIn(out, 2)})
			// The first two resources are what is left of the other records.
			for _, scope := range want.ResourceLogs().At(1).ScopeLogs().All() {
				scope.LogRecords().RemoveIf(translator.IsEvent)
			}
			for i := range 2 {
				assert.Equal(t, raw(want.ResourceLogs().At(i)), raw(out.ResourceLogs().At(i)))
			}
			metadatatest.AssertEqualOversightSiemPassedThrough(t, telemetry, []metricdata.DataPoint[int64]{{
				Attributes: attribute.NewSet(attribute.String("processor", "oversight_siem/x")), Value: 3,
			}}, metricdatatest.IgnoreTimestamp())
		})
	}
}

func recordsIn(logs plog.Logs, resource int) int {
	one := plog.NewLogs()
	logs.ResourceLogs().At(resource).CopyTo(one.ResourceLogs().AppendEmpty())
	return one.LogRecordCount()
}

func raw(resource plog.ResourceLogs) string {
	logs := plog.NewLogs()
	resource.CopyTo(logs.ResourceLogs().AppendEmpty())
	text, err := (&plog.JSONMarshaler{}).MarshalLogs(logs)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// A second processor does not translate a record again.
func TestTranslatedOnce(t *testing.T) {
	for _, format := range siem.Formats() {
		logs := plog.NewLogs()
		appendEvent(logs)
		once, _ := run(t, defaults(format), logs)
		want := raw(once.ResourceLogs().At(0))
		twice, _ := run(t, defaults(siem.FormatECS), once)
		assert.Equal(t, want, raw(twice.ResourceLogs().At(0)), format)
	}
}

func BenchmarkProcessor(b *testing.B) {
	for _, format := range siem.Formats() {
		b.Run(format, func(b *testing.B) {
			config := defaults(format)
			shape, err := config.NewTranslator()
			require.NoError(b, err)
			p := &siemProcessor{shape: shape}
			batch := plog.NewLogs()
			records := appendEvent(batch).ScopeLogs().At(0).LogRecords()
			for range 999 {
				records.At(0).CopyTo(records.AppendEmpty())
			}
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				logs := plog.NewLogs()
				batch.CopyTo(logs)
				b.StartTimer()
				p.translateLogs(logs)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*1000), "ns/event")
		})
	}
}
