// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package ecs_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/ecs"
)

// field is a field of the standard.
type field struct {
	kind string // its type in Elasticsearch
	list bool   // it is normalized to a list
}

// standard reads the fields of Elastic Common Schema 8.11.
func standard(t *testing.T) map[string]field {
	t.Helper()
	file, err := os.Open(filepath.Join("..", "..", "testdata", "ecs", "fields-8.11.csv"))
	require.NoError(t, err)
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	fields := map[string]field{}
	for _, row := range rows[1:] {
		fields[row[3]] = field{row[4], row[6] == "array"}
	}
	return fields
}

// everything is a record with a value in each field of the shape.
func everything() (pcommon.Resource, plog.LogRecord) {
	e := translator.Event{
		RegistryID: "deadbeef", ID: 1, UID: "00112233445566778899aabbccddeeff", Kind: "dns", TokenID: "t", FileID: "f", RecipientID: "r",
		IssuerID: "i", SourceIP: "2001:db8::1", UserAgent: "a", QuestionName: "q.example", Extra: `{"qtype":"A","qname":"q.example"}`,
		Timestamp: time.Unix(1735000000, 0), QualifiedTimestamp: "2024-12-24T01:06:40Z", TlogIndex: 7, HasTlogIndex: true,
		TlogStatus: "mismatch", TlogMismatch: "kind,token_id", DecodeError: "d", Observed: time.Unix(1735000001, 0),
	}
	resource, record := pcommon.NewResource(), plog.NewLogRecord()
	translator.SetResource(resource, e.RegistryID)
	e.ToLogRecord(record)
	for _, name := range []string{"city_name", "continent_code", "continent_name", "country_iso_code", "country_name", "postal_code", "region_iso_code", "region_name", "timezone"} {
		record.Attributes().PutStr("geo."+name, "x")
	}
	record.Attributes().PutDouble("geo.location.lat", 52.5)
	record.Attributes().PutDouble("geo.location.lon", 13.4)
	return resource, record
}

// appendRecord is the extended document of what a record holds.
func appendRecord(t *ecs.Translator, resource pcommon.Resource, record plog.LogRecord) []byte {
	var d translator.Document
	d.SetLogRecord(resource, record)
	return t.AppendJSON(nil, &d)
}

func TestFieldsAreInTheStandard(t *testing.T) {
	resource, record := everything()
	translate := &ecs.Translator{Extended: true}
	documents := []string{string(appendRecord(translate, resource, record))}
	record.Attributes().PutStr("client.address", "no address")
	documents = append(documents, string(appendRecord(translate, resource, record)))
	fields := standard(t)
	seen := 0
	for _, document := range documents {
		var value map[string]any
		require.NoError(t, json.Unmarshal([]byte(document), &value))
		seen += check(t, fields, "", value)
	}
	assert.GreaterOrEqual(t, seen, 60)
}

// everyFinding is a record with a value in each field of the shape of findings.
func everyFinding() (pcommon.Resource, plog.LogRecord) {
	f := translator.Integrity{
		RegistryID: "deadbeef", Kind: translator.IntegrityRowMismatch, Message: "m", Observed: time.Unix(1735000001, 0), EventID: 1,
		LastEventID: 2, Count: 2, TokenID: "t", FileID: "f",
		RowUID: "00112233445566778899aabbccddeeff", TlogIndex: 7, HasTlogIndex: true, TlogLastIndex: 8, TlogStatus: "mismatch",
		TlogMismatch: "kind,token_id", TlogSize: 9, TlogRoot: "aa", TlogExpectedRoot: "bb", Signature: "cc",
	}
	resource, record := pcommon.NewResource(), plog.NewLogRecord()
	translator.SetResource(resource, f.RegistryID)
	f.ToLogRecord(record)
	record.Attributes().PutStr("geo.country_name", "x")
	return resource, record
}

func TestFieldsOfFindingsAreInTheStandard(t *testing.T) {
	resource, record := everyFinding()
	document := appendRecord(&ecs.Translator{Extended: true}, resource, record)
	var value map[string]any
	require.NoError(t, json.Unmarshal(document, &value))
	assert.Equal(t, 19, check(t, standard(t), "", value))
}

// The fields of checkpoint records are in the standard, too.
func TestFieldsOfCheckpointRecordsAreInTheStandard(t *testing.T) {
	c := translator.Checkpoint{
		RegistryID: "deadbeef", UID: "00112233445566778899aabbccddeeff", Message: "m", Observed: time.Unix(1735000001, 0), Collector: "c",
		Receiver: "oversight", Reason: translator.CheckpointReasonInterval, HoldingSince: time.Unix(1735000000, 0),
	}
	resource, record := pcommon.NewResource(), plog.NewLogRecord()
	translator.SetResource(resource, c.RegistryID)
	c.ToLogRecord(record)
	record.Attributes().PutStr("geo.country_name", "x")
	var value map[string]any
	require.NoError(t, json.Unmarshal(appendRecord(&ecs.Translator{Extended: true}, resource, record), &value))
	assert.Equal(t, 15, check(t, standard(t), "", value))
	assert.Equal(t, "state", value["event"].(map[string]any)["kind"])
}

// check returns how many fields it has checked.
func check(t *testing.T, fields map[string]field, prefix string, value map[string]any) int {
	t.Helper()
	seen := 0
	for key, v := range value {
		path := prefix + key
		standard, known := fields[path]
		object, isObject := v.(map[string]any)
		switch {
		case path == "oversight" || path == "labels": // ours, and custom ones
		case isObject && !known:
			seen += check(t, fields, path+".", object)
		case !known:
			assert.Fail(t, "no field of the standard", path)
		default:
			seen++
			assert.NoError(t, fits(standard, v), path)
		}
	}
	return seen
}

func fits(standard field, v any) error {
	list, isList := v.([]any)
	if isList != standard.list {
		return fmt.Errorf("list: %v, in the standard: %v", isList, standard.list)
	}
	if !isList {
		list = []any{v}
	}
	for _, v := range list {
		if err := fitsOne(standard.kind, v); err != nil {
			return err
		}
	}
	return nil
}

func fitsOne(kind string, v any) error {
	text, isText := v.(string)
	switch kind {
	case "keyword", "match_only_text", "wildcard":
		if isText {
			return nil
		}
	case "ip":
		_, err := netip.ParseAddr(text)
		return err
	case "float":
		if isNumber(v) {
			return nil
		}
	case "long":
		if number, ok := v.(float64); ok && number == float64(int64(number)) {
			return nil
		}
	case "date":
		_, err := time.Parse(time.RFC3339, text)
		return err
	case "geo_point":
		if point, ok := v.(map[string]any); ok && len(point) == 2 && isNumber(point["lat"]) && isNumber(point["lon"]) {
			return nil
		}
	}
	return fmt.Errorf("%v is no %s", v, kind)
}

func isNumber(v any) bool { _, ok := v.(float64); return ok }

// ECS allows only these values of the categorization fields.
func TestCategorizationIsAllowed(t *testing.T) {
	document := string((&ecs.Translator{}).AppendJSON(nil, &translator.Document{Event: &translator.Event{Kind: "dns"}}))
	for _, want := range []string{`"kind":"event"`, `"category":["network"]`, `"type":["access","info"]`, `"outcome":"success"`} {
		assert.Contains(t, document, want)
	}
	document = string((&ecs.Translator{}).AppendJSON(nil, &translator.Document{Integrity: &translator.Integrity{Kind: translator.IntegrityLeafCorrupt}}))
	for _, want := range []string{`"kind":"alert"`, `"category":["database"]`, `"type":["info"]`} {
		assert.Contains(t, document, want)
	}
}

// Elastic's rule External Alerts makes an alert of each document of the kind alert, and
// reads its severity, risk score, rule and message. What needs no look is no alert, and
// has no risk.
func TestFindingsAreAlerts(t *testing.T) {
	for kind, want := range map[string]struct {
		event string
		rule  any
		level any
		risk  any
	}{
		translator.IntegrityRowMismatch:   {"alert", "row_mismatch", 73.0, 73.0},
		translator.IntegrityHeadMissing:   {"alert", "head_missing", 47.0, 47.0},
		translator.IntegrityRowsRechecked: {"state", nil, 21.0, nil},
	} {
		f := translator.Integrity{Kind: kind, Message: "What happened."}
		var document struct {
			Event struct {
				Kind      string
				Severity  any
				RiskScore any `json:"risk_score"`
			}
			Rule    map[string]any
			Message string
		}
		require.NoError(t, json.Unmarshal((&ecs.Translator{}).AppendJSON(nil, &translator.Document{Integrity: &f}), &document))
		assert.Equal(t, want.event, document.Event.Kind, kind)
		assert.Equal(t, want.level, document.Event.Severity, kind)
		assert.Equal(t, want.risk, document.Event.RiskScore, kind)
		assert.Equal(t, want.rule, document.Rule["name"], kind)
		assert.Equal(t, f.Message, document.Message, kind)
	}
}

// Fields that follow from the kind of a beacon and from its address.
func TestNetwork(t *testing.T) {
	for name, c := range map[string]struct {
		event translator.Event
		want  string
	}{
		"dns by IPv4":    {translator.Event{Kind: "dns", SourceIP: "203.0.113.9"}, `{"protocol":"dns","type":"ipv4"}`},
		"pixel by IPv6":  {translator.Event{Kind: "http_img", SourceIP: "[2001:db8::1]:443"}, `{"protocol":"http","type":"ipv6"}`},
		"ocsp, mapped":   {translator.Event{Kind: "ocsp", SourceIP: "::ffff:203.0.113.9"}, `{"protocol":"http","type":"ipv4"}`},
		"license, no ip": {translator.Event{Kind: "license", SourceIP: "unknown"}, `{"protocol":"http"}`},
		"a newer kind":   {translator.Event{Kind: "smtp", SourceIP: "2001:db8::1"}, `{"type":"ipv6"}`},
		"neither":        {translator.Event{Kind: "smtp"}, ``},
	} {
		var document struct{ Network json.RawMessage }
		text := (&ecs.Translator{Extended: true}).AppendJSON(nil, &translator.Document{Event: &c.event})
		require.NoError(t, json.Unmarshal(text, &document))
		assert.Equal(t, c.want, string(document.Network), name)
	}
}
