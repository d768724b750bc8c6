// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator_test

import (
	"bufio"
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/ecs"
	"github.com/oversight-protocol/oversight-otelcol/translator/sentinel"
	"github.com/oversight-protocol/oversight-otelcol/translator/siem"
	"github.com/oversight-protocol/oversight-otelcol/translator/splunk"
)

// shape is one of the three, as JSON and as log records.
type shape struct {
	json siem.Translator
	// translate returns what exporters send of a record, as a JSON value.
	translate func(resource pcommon.Resource, record plog.LogRecord) any
}

func shapes(extended bool) map[string]shape {
	toSplunk := &splunk.Translator{Extended: extended}
	toECS := &ecs.Translator{Extended: extended, DocumentID: true}
	toSentinel := &sentinel.Translator{Extended: extended}
	return map[string]shape{
		"splunk": {toSplunk, func(resource pcommon.Resource, record plog.LogRecord) any {
			translateRecord(toSplunk, resource, record)
			toSplunk.TranslateResource(resource)
			return hecEvent(resource, record)
		}},
		"ecs": {toECS, func(resource pcommon.Resource, record plog.LogRecord) any {
			translateRecord(toECS, resource, record)
			return record.Body().AsRaw()
		}},
		"sentinel": {toSentinel, func(resource pcommon.Resource, record plog.LogRecord) any {
			translateRecord(toSentinel, resource, record)
			return record.Body().AsRaw()
		}},
	}
}

func translateRecord(t siem.Translator, resource pcommon.Resource, record plog.LogRecord) {
	var d translator.Document
	d.SetLogRecord(resource, record)
	t.TranslateRecord(resource, pcommon.NewInstrumentationScope(), record, &d)
}

// appendRecord is the JSON of what a record holds.
func appendRecord(t siem.Translator, resource pcommon.Resource, record plog.LogRecord) []byte {
	var d translator.Document
	d.SetLogRecord(resource, record)
	return t.AppendJSON(nil, &d)
}

// hecEvent is what the exporter splunk_hec sends of a record.
func hecEvent(resource pcommon.Resource, record plog.LogRecord) any {
	when := record.Timestamp()
	if when == 0 {
		when = record.ObservedTimestamp()
	}
	event := map[string]any{"time": float64(when) / 1e9, "event": record.Body().AsRaw()}
	keys := map[string]string{"host.name": "host", "com.splunk.source": "source", "com.splunk.sourcetype": "sourcetype", "com.splunk.index": "index"}
	for name, value := range resource.Attributes().AsRaw() {
		if key, ok := keys[name]; ok {
			event[key] = value
		} else {
			event["unexpected "+name] = value
		}
	}
	fields := map[string]any{}
	for name, value := range record.Attributes().AsRaw() {
		if key, ok := keys[name]; ok { // counts more than the resource's
			event[key] = value
		} else {
			fields[name] = value
		}
	}
	if len(fields) > 0 {
		event["fields"] = fields
	}
	return event
}

// registries has the sample databases, and the ids that their vectors have.
var registries = map[string]string{
	"edge":     strings.Repeat("deadbeef", 8),
	"registry": "056872fec48d4d096a0f29fe542216fed524d6ad743a4cfbe35eba54828a3241",
}

// sample reads a sample database, in the order of the vectors.
func sample(t testing.TB, name string) []translator.Event {
	t.Helper()
	reader := registry.Open(registry.Settings{
		Path:       filepath.Join("..", "testdata", name+".sqlite"),
		RegistryID: registries[name],
		Now:        func() time.Time { return time.Time{} },
	})
	defer reader.Close()
	batch, err := reader.Read(t.Context(), registry.Cursor{}, 1000, nil)
	require.NoError(t, err)
	slices.SortStableFunc(batch.Events, func(a, b translator.Event) int { return cmp.Compare(unix(a.Timestamp), unix(b.Timestamp)) })
	return batch.Events
}

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// vectors is what the registry's own exporter writes, one document on each line.
func vectors(t testing.TB, name, shape string) []string {
	t.Helper()
	file, err := os.Open(filepath.Join("..", "testdata", "vectors", name+"."+shape+".jsonl"))
	require.NoError(t, err)
	defer file.Close()
	var lines []string
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		lines = append(lines, scanner.Text())
	}
	return lines
}

func TestVectors(t *testing.T) {
	for name := range registries {
		events := sample(t, name)
		for shapeName, s := range shapes(false) {
			t.Run(name+"."+shapeName, func(t *testing.T) {
				want := vectors(t, name, shapeName)
				require.Len(t, events, len(want))
				for i := range events {
					require.JSONEq(t, want[i], string(s.json.AppendJSON(nil, &translator.Document{Event: &events[i]})), "from the event")
					require.JSONEq(t, want[i], string(appendRecord(s.json, toResource(events[i]), toLog(events[i]))), "from the record")
					require.JSONEq(t, want[i], asJSON(t, s.translate(toRecord(events[i]))), "as a record")
				}
			})
		}
	}
}

func toRecords(events []translator.Event) (pcommon.Resource, []plog.LogRecord) {
	var records []plog.LogRecord
	for _, e := range events {
		records = append(records, toLog(e))
	}
	return toResource(events[0]), records
}

func toResource(e translator.Event) pcommon.Resource { resource, _ := toRecord(e); return resource }

func toLog(e translator.Event) plog.LogRecord { _, record := toRecord(e); return record }

func asJSON(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}

// Extended, a shape has all fields that it has otherwise, unchanged, and more.
func TestExtendedOnlyAdds(t *testing.T) {
	extendedOnly := map[string][]string{
		"splunk": {"event.event_uid", "event.tlog_status", "event.tlog_mismatch"},
		"ecs": {
			"dns.question.name", "dns.question.type", "event.hash", "event.sequence", "message", "network.protocol", "network.type",
			"observer.product", "observer.vendor", "related.hosts", "related.ip", "related.user", "source.address",
			"oversight.tlog_status", "oversight.tlog_mismatch",
		},
		"sentinel": {"EventUid", "OccurredAt", "TlogStatus", "TlogMismatch"},
	}
	for shapeName, plain := range shapes(false) {
		t.Run(shapeName, func(t *testing.T) {
			added := map[string]bool{}
			for name := range registries {
				for _, e := range checked(sample(t, name)) {
					before := flatten(t, plain.json.AppendJSON(nil, &translator.Document{Event: &e}))
					after := flatten(t, shapes(true)[shapeName].json.AppendJSON(nil, &translator.Document{Event: &e}))
					for path, value := range before {
						require.Equal(t, value, after[path], path)
					}
					for path := range after {
						if _, ok := before[path]; !ok {
							added[path] = true
						}
					}
				}
			}
			assert.ElementsMatch(t, extendedOnly[shapeName], keys(added))
		})
	}
}

// checked sets the statuses of events that were compared with the log.
func checked(events []translator.Event) []translator.Event {
	for i := range events {
		switch i % 3 {
		case 1:
			events[i].TlogStatus = translator.TlogStatusVerified
		case 2:
			events[i].TlogStatus, events[i].TlogMismatch = translator.TlogStatusMismatch, "token_id,extra.qname"
		}
	}
	return events
}

// The status of an event in the log is in the extended shapes.
func TestTlogStatus(t *testing.T) {
	e := full()
	e.TlogStatus, e.TlogMismatch = translator.TlogStatusMismatch, "token_id,extra.qname"
	names := []any{"token_id", "extra.qname"}
	for shapeName, want := range map[string]map[string]any{
		"splunk":   {"event.tlog_status": "mismatch", "event.tlog_mismatch": names},
		"ecs":      {"oversight.tlog_status": "mismatch", "oversight.tlog_mismatch": names},
		"sentinel": {"TlogStatus": "mismatch", "TlogMismatch": "token_id,extra.qname"},
	} {
		for _, extended := range []bool{false, true} {
			s := shapes(extended)[shapeName]
			for form, document := range map[string][]byte{
				"event":  s.json.AppendJSON(nil, &translator.Document{Event: &e}),
				"record": []byte(asJSON(t, s.translate(toRecord(e)))),
			} {
				got := flatten(t, document)
				for path, value := range want {
					if !extended {
						value = nil
					}
					assert.Equal(t, value, got[path], "%s of %s, from the %s", path, shapeName, form)
				}
			}
		}
	}
}

func keys(m map[string]bool) []string {
	var all []string
	for key := range m {
		all = append(all, key)
	}
	return all
}

// flatten returns the values of a document by their paths. Lists are values.
func flatten(t testing.TB, document []byte) map[string]any {
	t.Helper()
	var value map[string]any
	require.NoError(t, json.Unmarshal(document, &value))
	flat := map[string]any{}
	var walk func(prefix string, m map[string]any)
	walk = func(prefix string, m map[string]any) {
		for key, v := range m {
			if object, ok := v.(map[string]any); ok && key != "extra" {
				walk(prefix+key+".", object)
			} else {
				flat[prefix+key] = v
			}
		}
	}
	walk("", value)
	return flat
}

// What a pipeline removes is missing, and what it adds is in the shape.
func TestChangedByPipeline(t *testing.T) {
	change := func(resource pcommon.Resource, record plog.LogRecord) {
		resource.Attributes().PutStr("deployment.environment.name", "production")
		resource.Attributes().PutStr("geo.country_name", "not this one")
		resource.Attributes().PutStr("com.splunk.index", "leaks")
		attributes := record.Attributes()
		attributes.Remove("user_agent.original")
		attributes.Remove("oversight.recipient.id")
		attributes.PutStr("client.address", "****")
		attributes.PutStr("geo.country_iso_code", "DE")
		attributes.PutStr("geo.country_name", "Germany")
		attributes.PutDouble("geo.location.lat", 52.5)
		attributes.PutDouble("geo.location.lon", 13.4)
		attributes.PutInt("risk.score", 7)
		attributes.PutStr("risk_score", "the same label")
		attributes.PutStr("quoted \"\n", "\xff")
		attributes.PutStr("beacon_kind", "not ours")
	}
	for shapeName, want := range map[string]string{
		"splunk": `{"time":1735000000,"host":"deadbeef","source":"oversight:registry","sourcetype":"oversight:beacon",
			"event":{"schema":"oversight-siem-1","kind":"http_img","action":"beacon-http-pixel","event_id":"5","event_uid":"u",
				"occurred_at":"2024-12-24T00:26:40Z","token_id":"t","file_id":"f","source_ip":"****","registry_id":"deadbeef"},
			"fields":{"file_id":"f","beacon_kind":"http_img","geo.country_iso_code":"DE","geo.country_name":"Germany","geo.location.lat":"52.5",
				"geo.location.lon":"13.4","risk.score":"7","risk_score":"the same label","quoted \"\n":"\ufffd","deployment.environment.name":"production"}}`,
		"ecs": `{"@timestamp":"2024-12-24T00:26:40Z","ecs":{"version":"8.11.0"},"observer":{"vendor":"Oversight","product":"Registry"},
			"event":{"kind":"event","category":["network"],"type":["access","info"],"dataset":"oversight.beacon","module":"oversight",
				"provider":"oversight-registry","action":"beacon-http-pixel","id":"5","outcome":"success","hash":"u","created":"2024-12-24T00:26:41.5Z","sequence":5},
			"source":{"address":"****","geo":{"country_iso_code":"DE","country_name":"Germany","location":{"lat":52.5,"lon":13.4}}},
			"labels":{"oversight_token_id":"t","oversight_file_id":"f","oversight_beacon_kind":"http_img","risk_score":"7","risk_score_2":"the same label",
				"quoted \"\n":"\ufffd","beacon_kind":"not ours","deployment_environment_name":"production"},
			"oversight":{"schema":"oversight-siem-1","registry_id":"deadbeef","token_id":"t","file_id":"f","beacon_kind":"http_img"},
			"network":{"protocol":"http"},"message":"beacon-http-pixel from ****: document f"}`,
		"sentinel": `{"TimeGenerated":"2024-12-24T00:26:40Z","Schema":"oversight-siem-1","RegistryId":"deadbeef","EventId":"5",
			"BeaconKind":"http_img","Action":"beacon-http-pixel","TokenId":"t","FileId":"f","SourceIp":"****","EventUid":"u",
			"OccurredAt":"2024-12-24T00:26:40Z",
			"AdditionalFields":{"geo.country_iso_code":"DE","geo.country_name":"Germany","geo.location.lat":52.5,"geo.location.lon":13.4,
				"risk.score":7,"risk_score":"the same label","quoted \"\n":"\ufffd","beacon_kind":"not ours","deployment.environment.name":"production"}}`,
	} {
		t.Run(shapeName, func(t *testing.T) {
			e := translator.Event{
				RegistryID: "deadbeef", ID: 5, UID: "u", Kind: "http_img", TokenID: "t", FileID: "f", RecipientID: "r", UserAgent: "a",
				Timestamp: time.Unix(1735000000, 0), Observed: time.Unix(1735000001, 5e8),
			}
			resource, record := toRecord(e)
			change(resource, record)
			s := shapes(true)[shapeName]
			assert.JSONEq(t, want, string(appendRecord(s.json, resource, record)))
			want := strings.Replace(want, `"sourcetype":`, `"index":"leaks","sourcetype":`, 1)
			assert.JSONEq(t, want, asJSON(t, s.translate(resource, record)))
		})
	}
}

// An event without a time of its own has the time at which it was read.
func TestEventWithoutTime(t *testing.T) {
	e := translator.Event{Kind: "dns", Observed: time.Unix(1735000001, 5e8).UTC(), DecodeError: "timestamp is not an integer: 'soon'"}
	for shapeName, paths := range map[string]map[string]any{
		"splunk":   {"time": 1735000001.5, "event.occurred_at": nil, "event.decode_error": e.DecodeError},
		"ecs":      {"@timestamp": "2024-12-24T00:26:41.5Z", "error.message": e.DecodeError},
		"sentinel": {"TimeGenerated": "2024-12-24T00:26:41.5Z", "OccurredAt": nil, "DecodeError": e.DecodeError},
	} {
		document := flatten(t, shapes(true)[shapeName].json.AppendJSON(nil, &translator.Document{Event: &e}))
		for path, want := range paths {
			assert.Equal(t, want, document[path], "%s: %s", shapeName, path)
		}
		assert.JSONEq(t, string(shapes(true)[shapeName].json.AppendJSON(nil, &translator.Document{Event: &e})), asJSON(t, shapes(true)[shapeName].translate(toRecord(e))))
	}
}
