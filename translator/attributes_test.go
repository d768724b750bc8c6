// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// The names that are not ours are those of the conventions that the schema URL
// names.
func TestSemanticConventions(t *testing.T) {
	assert.Equal(t, semconv.SchemaURL, translator.SchemaURL)
	for name, key := range map[string]string{
		translator.AttributeRecordUID:         string(semconv.LogRecordUIDKey),
		translator.AttributeClientAddress:     string(semconv.ClientAddressKey),
		translator.AttributeUserAgent:         string(semconv.UserAgentOriginalKey),
		translator.AttributeQuestionName:      string(semconv.DNSQuestionNameKey),
		translator.AttributeServiceName:       string(semconv.ServiceNameKey),
		translator.AttributeServiceInstanceID: string(semconv.ServiceInstanceIDKey),
		translator.ReservedFileName:           string(semconv.FileNameKey),
		translator.ReservedFileSize:           string(semconv.FileSizeKey),
		translator.ReservedSyntheticType:      string(semconv.UserAgentSyntheticTypeKey),
	} {
		assert.Equal(t, key, name)
	}
}

// A reserved name that a pipeline adds is not carried, so that no shape changes when
// a later version defines the name. Others are.
func TestReservedNamesAreNotExtra(t *testing.T) {
	e := full()
	resource, record := toRecord(e)
	for _, name := range []string{
		translator.ReservedFileName, translator.ReservedFileSize, translator.ReservedSyntheticType, translator.ReservedDecoy,
		translator.ReservedExpected, translator.ReservedFilePrefix + "x", translator.ReservedDocumentPrefix + "x",
		translator.ReservedClientPrefix + "x", translator.ReservedPolicyPrefix + "x", translator.ReservedNamespace + "x",
	} {
		record.Attributes().PutStr(name, "reserved")
		resource.Attributes().PutStr(name, "reserved")
	}
	_, extra := translator.FromLogRecord(resource, record)
	assert.True(t, extra.Empty())

	record.Attributes().PutStr("file.path", "not reserved")
	_, extra = translator.FromLogRecord(resource, record)
	var names []string
	for name := range extra.All() {
		names = append(names, name)
	}
	assert.Equal(t, []string{"file.path"}, names)
	for shapeName, s := range shapes(true) {
		assert.NotContains(t, string(appendRecord(s.json, resource, record)), `"reserved"`, shapeName)
	}
}

// The columns of the uid are frozen: a new column comes after them and does not
// enter the uid, or else every destination would see every event a second time.
func TestColumnsOfTheUIDAreFrozen(t *testing.T) {
	var names []string
	columns := translator.Columns()
	for _, c := range columns {
		if c.InUID {
			names = append(names, c.Name)
		}
	}
	assert.Equal(t, "id token_id file_id recipient_id issuer_id kind source_ip user_agent extra timestamp qualified_timestamp tlog_index", strings.Join(names, " "))
	for i, c := range columns {
		assert.Equal(t, i < len(names), c.InUID, "%s: the columns of the uid come first", c.Name)
	}
}

// Every column has a field, and SetText and its like do nothing for another type.
func TestColumnsSetFields(t *testing.T) {
	for _, c := range translator.Columns() {
		for columnType, set := range map[translator.ColumnType]func(*translator.Event){
			translator.ColumnText:    func(e *translator.Event) { c.SetText(e, `{"qname":"x"}`) },
			translator.ColumnInteger: func(e *translator.Event) { c.SetInt(e, 7) },
			translator.ColumnTime:    func(e *translator.Event) { c.SetTime(e, 1735000000) },
		} {
			var e translator.Event
			set(&e)
			assert.Equal(t, columnType == c.Type, e != translator.Event{}, "%s", c.Name)
		}
	}
}

// Every column is in every shape, from the event and from its record.
func TestColumnsAreInEveryShape(t *testing.T) {
	for _, c := range translator.Columns() {
		var e translator.Event
		var want string
		switch c.Type {
		case translator.ColumnText:
			want = "203.0.113.9" // source_ip is an address in one shape
			c.SetText(&e, want)
		case translator.ColumnInteger:
			want = "424242"
			c.SetInt(&e, 424242)
		case translator.ColumnTime:
			want = "2024-12-24T00:26:40Z"
			c.SetTime(&e, 1735000000)
		}
		resource, record := toRecord(e)
		for shapeName, s := range shapes(true) {
			assert.Contains(t, string(s.json.AppendJSON(nil, &translator.Document{Event: &e})), want, "%s in %s", c.Name, shapeName)
			assert.Contains(t, string(appendRecord(s.json, resource, record)), want, "%s in %s, from the record", c.Name, shapeName)
		}
	}
}
