// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// fullIntegrity has a value in every field.
func fullIntegrity() translator.Integrity {
	return translator.Integrity{
		RegistryID:       "deadbeef",
		Kind:             translator.IntegrityRowMismatch,
		UID:              "00112233445566778899aabbccddeeff",
		Message:          "Row 42 differs from leaf 7.",
		Observed:         time.Unix(1735000001, 5).UTC(),
		Severity:         plog.SeverityNumberWarn,
		EventID:          42,
		LastEventID:      44,
		Count:            2,
		TokenID:          "token",
		FileID:           "file",
		RowUID:           "ffeeddccbbaa99887766554433221100",
		TlogIndex:        7,
		HasTlogIndex:     true,
		TlogLastIndex:    9,
		TlogStatus:       translator.TlogStatusMismatch,
		TlogMismatch:     "token_id,extra.qname",
		TlogSize:         10,
		TlogRoot:         "aa",
		TlogExpectedRoot: "bb",
		Signature:        "cc",
	}
}

func integrityToRecord(f translator.Integrity) (pcommon.Resource, plog.LogRecord) {
	resource, record := pcommon.NewResource(), plog.NewLogRecord()
	translator.SetResource(resource, f.RegistryID)
	f.ToLogRecord(record)
	return resource, record
}

func integrityFromRecord(resource pcommon.Resource, record plog.LogRecord) translator.Integrity {
	f, _ := translator.IntegrityFromLogRecord(resource, record)
	return f
}

func TestIntegrityLogRecord(t *testing.T) {
	f := fullIntegrity()
	resource, record := integrityToRecord(f)
	assert.Equal(t, map[string]any{
		"service.name":          "oversight-registry",
		"service.instance.id":   "deadbeef",
		"oversight.registry.id": "deadbeef",
	}, resource.Attributes().AsRaw())
	assert.Equal(t, map[string]any{
		"oversight.integrity.kind":     "row_mismatch",
		"log.record.uid":               "00112233445566778899aabbccddeeff",
		"oversight.event.id":           "42",
		"oversight.event.uid":          "ffeeddccbbaa99887766554433221100",
		"oversight.event.last_id":      "44",
		"oversight.integrity.count":    int64(2),
		"oversight.token.id":           "token",
		"oversight.file.id":            "file",
		"oversight.tlog.index":         int64(7),
		"oversight.tlog.last_index":    int64(9),
		"oversight.tlog.status":        "mismatch",
		"oversight.tlog.mismatch":      []any{"token_id", "extra.qname"},
		"oversight.tlog.size":          int64(10),
		"oversight.tlog.root":          "aa",
		"oversight.tlog.expected_root": "bb",
		"oversight.tlog.signature":     "cc",
	}, record.Attributes().AsRaw())
	assert.Equal(t, "oversight.integrity", record.EventName())
	assert.Equal(t, f.Message, record.Body().Str())
	assert.Equal(t, plog.SeverityNumberWarn, record.SeverityNumber())
	assert.Equal(t, "WARN", record.SeverityText())
	assert.Equal(t, f.Observed, record.Timestamp().AsTime())
	assert.Equal(t, f.Observed, record.ObservedTimestamp().AsTime())
	assert.True(t, translator.IsIntegrity(record))
	assert.False(t, translator.IsEvent(record))
	assert.False(t, translator.IsIntegrity(toLog(full())))
}

func TestIntegrityRoundTripLosesNothing(t *testing.T) {
	for name, change := range map[string]func(*translator.Integrity){
		"full":       func(*translator.Integrity) {},
		"no index":   func(f *translator.Integrity) { f.TlogIndex, f.HasTlogIndex, f.TlogLastIndex = 0, false, 0 },
		"leaf 0":     func(f *translator.Integrity) { f.TlogIndex = 0 },
		"one leaf":   func(f *translator.Integrity) { f.TlogLastIndex = 0 },
		"no leaf":    func(f *translator.Integrity) { f.TlogIndex, f.TlogLastIndex = -1, 0 },
		"no row":     func(f *translator.Integrity) { f.EventID, f.LastEventID, f.RowUID = 0, 0, "" },
		"one row":    func(f *translator.Integrity) { f.LastEventID, f.Count = 0, 0 },
		"severity":   func(f *translator.Integrity) { f.Severity = plog.SeverityNumberUnspecified },
		"only a uid": func(f *translator.Integrity) { *f = translator.Integrity{UID: f.UID, Severity: f.Severity} },
	} {
		t.Run(name, func(t *testing.T) {
			f := fullIntegrity()
			change(&f)
			assert.Equal(t, f, integrityFromRecord(integrityToRecord(f)))
		})
	}
}

// A range of one leaf is no range, and an index that does not count is not sent.
func TestIntegrityRange(t *testing.T) {
	for _, f := range []translator.Integrity{
		{HasTlogIndex: true, TlogIndex: 7, TlogLastIndex: 7},
		{HasTlogIndex: true, TlogIndex: -1},
		{TlogLastIndex: 7},
	} {
		_, record := integrityToRecord(f)
		_, found := record.Attributes().Get("oversight.tlog.last_index")
		assert.False(t, found)
		assert.False(t, f.IsRun())
	}
}

// A range of one row is no range, and the last row of none is not sent.
func TestIntegrityEventRange(t *testing.T) {
	for _, f := range []translator.Integrity{{EventID: 7, LastEventID: 7}, {EventID: 7}, {EventID: 7, LastEventID: 6}} {
		_, record := integrityToRecord(f)
		_, found := record.Attributes().Get("oversight.event.last_id")
		assert.False(t, found)
		assert.False(t, f.IsEventRange())
	}
}

// Each kind has a severity, which a finding may replace.
func TestIntegritySeverity(t *testing.T) {
	for kind, want := range map[string]plog.SeverityNumber{
		translator.IntegrityRowMismatch:     plog.SeverityNumberError,
		translator.IntegrityRowUnlogged:     plog.SeverityNumberWarn,
		translator.IntegrityRowsRechecked:   plog.SeverityNumberInfo,
		"of a newer collector":              plog.SeverityNumberError,
		translator.IntegrityLeafIndexJumped: plog.SeverityNumberInfo,
	} {
		f := translator.Integrity{Kind: kind}
		assert.Equal(t, want, f.EffectiveSeverity(), kind)
		_, record := integrityToRecord(f)
		assert.Equal(t, want, record.SeverityNumber(), kind)
		f.Severity = plog.SeverityNumberWarn
		assert.Equal(t, plog.SeverityNumberWarn, f.EffectiveSeverity(), kind)
	}
}

// Other components change the types of attributes.
func TestIntegrityFromChangedRecord(t *testing.T) {
	resource, record := integrityToRecord(fullIntegrity())
	attributes := record.Attributes()
	attributes.PutInt("oversight.event.id", 43)
	attributes.PutStr("oversight.tlog.index", "8")
	attributes.PutStr("oversight.tlog.size", "99999999999999999999")
	attributes.PutStr("oversight.tlog.mismatch", "event")
	attributes.PutStr("client.address", "not a finding's")
	attributes.Remove("oversight.tlog.root")
	record.SetObservedTimestamp(0)

	want := fullIntegrity()
	want.EventID, want.TlogIndex, want.TlogSize, want.TlogMismatch, want.TlogRoot = 43, 8, 0, "event", ""
	got, added := translator.IntegrityFromLogRecord(resource, record)
	assert.Equal(t, want, got)
	var names []string
	for name := range added.All() {
		names = append(names, name)
	}
	assert.Equal(t, []string{"client.address"}, names)

	_, added = translator.IntegrityFromLogRecord(integrityToRecord(fullIntegrity()))
	assert.True(t, added.Empty())
}

// The uid depends on every field except itself, the message and the time.
func TestIntegrityUID(t *testing.T) {
	f := fullIntegrity()
	f.LastEventID, f.Count, f.TokenID, f.FileID = 0, 0, "", "" // later than the first version
	f.SetUID()
	require.Regexp(t, "^[0-9a-f]{32}$", f.UID)
	require.Equal(t, "5d719ffebe648d88e82e7d1eb4df8211", f.UID, "uids of findings that were sent before must not change")
	f = fullIntegrity()
	f.SetUID()

	fields := reflect.TypeFor[translator.Integrity]()
	for i := range fields.NumField() {
		name := fields.Field(i).Name
		changed := f
		switch value := reflect.ValueOf(&changed).Elem().Field(i); value.Kind() {
		case reflect.String:
			value.SetString(value.String() + "x")
		case reflect.Int64, reflect.Int32:
			value.SetInt(value.Int() + 1)
		case reflect.Bool:
			value.SetBool(!value.Bool())
		default:
			changed.Observed = changed.Observed.Add(time.Second)
		}
		changed.SetUID()
		switch name {
		case "UID", "Message", "Observed", "Severity":
			assert.Equal(t, f.UID, changed.UID, name)
		default:
			assert.NotEqual(t, f.UID, changed.UID, name)
		}
	}
}

// A finding without a uid gets it in the record.
func TestIntegrityRecordHasUID(t *testing.T) {
	f := fullIntegrity()
	f.UID = ""
	got := integrityFromRecord(integrityToRecord(f))
	f.SetUID()
	assert.Equal(t, f, got)
}

func TestIntegrityAction(t *testing.T) {
	assert.Equal(t, "integrity-head-signature-invalid", translator.IntegrityAction(translator.IntegrityHeadSignatureInvalid))
	assert.Equal(t, "integrity-", translator.IntegrityAction(""))
}
