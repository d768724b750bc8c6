// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

func encode(record plog.LogRecord) string {
	var e encoder
	return string(e.appendRow(nil, record))
}

func encodeColumn(t *testing.T, name string, value any) string {
	t.Helper()
	record := plog.NewLogRecord()
	require.NoError(t, record.Body().SetEmptyMap().FromRaw(map[string]any{name: value}))
	return encode(record)
}

func TestColumns(t *testing.T) {
	for name, test := range map[string]struct {
		value any
		want  string
	}{
		"text":              {"a\"b\\c\nd\x01\u2028é€😀", `"a\"b\\c\nd\u0001` + "\u2028é€😀\""},
		"text no UTF-8":     {"a\xffb", "\"a\uFFFDb\""},
		"int":               {int64(math.MaxInt64), "9223372036854775807"},
		"int negative":      {int64(math.MinInt64), "-9223372036854775808"},
		"double":            {0.1, "0.1"},
		"double large":      {1e300, "1e+300"},
		"double whole":      {1e6, "1e+06"},
		"double not number": {math.NaN(), "\"NaN\""},
		"double infinite":   {math.Inf(1), "\"Infinity\""},
		"double -infinite":  {math.Inf(-1), "\"-Infinity\""},
		"bool":              {true, "true"},
		"null":              {nil, "null"},
		"bytes":             {[]byte{0, 255, 1}, "\"AP8B\""},
		"no bytes":          {[]byte{}, "\"\""},
		"map":               {map[string]any{"a": map[string]any{"b\xff": math.NaN()}}, "{\"a\":{\"b\uFFFD\":\"NaN\"}}"},
		"empty map":         {map[string]any{}, "{}"},
		"slice":             {[]any{int64(1), "two", nil, []any{}, []byte{1}, false, map[string]any{"k": 1.5}}, "[1,\"two\",null,[],\"AQ==\",false,{\"k\":1.5}]"},
	} {
		t.Run(name, func(t *testing.T) {
			got := encodeColumn(t, "Column", test.value)
			assert.Equal(t, "{\"Column\":"+test.want+"}", got)
			assert.True(t, json.Valid([]byte(got)))
			assert.True(t, utf8.ValidString(got))
		})
	}
}

func TestRowsKeepTheirColumnsInOrder(t *testing.T) {
	record := plog.NewLogRecord()
	body := record.Body().SetEmptyMap()
	body.PutStr("z", "1")
	body.PutInt("a", 2)
	body.PutStr("no UTF-8 \xff", "3")
	assertText(t, "{\"z\":\"1\",\"a\":2,\"no UTF-8 \uFFFD\":\"3\"}", encode(record))
	assert.Equal(t, "{}", encodeEmpty())
}

func encodeEmpty() string {
	record := plog.NewLogRecord()
	record.Body().SetEmptyMap()
	return encode(record)
}

func TestRecordsWithoutAMapBecomeRawData(t *testing.T) {
	at := time.Date(2026, 1, 31, 12, 30, 15, 123456789, time.UTC)
	record := plog.NewLogRecord()
	record.Body().SetStr("a line")
	record.SetObservedTimestamp(pcommon.NewTimestampFromTime(at.Add(time.Hour)))
	assertText(t, "{\"TimeGenerated\":\"2026-01-31T13:30:15.1234567Z\",\"RawData\":\"a line\"}", encode(record))
	record.SetTimestamp(pcommon.NewTimestampFromTime(at))
	assertText(t, "{\"TimeGenerated\":\"2026-01-31T12:30:15.1234567Z\",\"RawData\":\"a line\"}", encode(record))
	record.Body().SetInt(7)
	assert.Contains(t, encode(record), "\"RawData\":\"7\"")
	record.Body().SetEmptySlice().AppendEmpty().SetBool(true)
	assert.Contains(t, encode(record), "\"RawData\":\"[true]\"")
}

func TestRecordsWithoutTimeGetOne(t *testing.T) {
	before := time.Now().Add(-time.Second)
	var row struct{ TimeGenerated time.Time }
	require.NoError(t, json.Unmarshal([]byte(encode(plog.NewLogRecord())), &row))
	assert.WithinRange(t, row.TimeGenerated, before, time.Now().Add(time.Second))
}

// A field has at most 65536 bytes.
func TestLongFields(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	for name, test := range map[string]struct {
		value any
		want  any // of the column
		cut   bool
	}{
		"just right":         {long(65536), long(65536), false},
		"one too many":       {long(65537), long(65536), true},
		"between characters": {long(65534) + "€€", long(65534), true},
		"no UTF-8":           {strings.Repeat("x\xff", 32768), strings.Repeat("x\uFFFD", 16384), true},
		"bytes just right":   {make([]byte, 49152), strings.Repeat("A", 65536), false},
		"bytes one too many": {make([]byte, 49153), strings.Repeat("A", 65536), true},
		"object just right":  {map[string]any{"k": long(65528)}, map[string]any{"k": long(65528)}, false},
		"object too long":    {map[string]any{"k": long(65529)}, "{\"k\":\"" + long(65529) + "\"", true},
		"array too long":     {[]any{long(65529) + "😀"}, "[\"" + long(65529) + "😀\"", true},
		"array cut inside":   {[]any{long(65532) + "😀"}, "[\"" + long(65532), true},
	} {
		t.Run(name, func(t *testing.T) {
			var row map[string]any
			require.NoError(t, json.Unmarshal([]byte(encodeColumn(t, "Column", test.value)), &row))
			assert.True(t, assert.ObjectsAreEqual(test.want, row["Column"]), "another column, of %d bytes", lengthOf(row["Column"]))
			assert.Equal(t, test.cut, row["TruncatedFields"] != nil)
			if test.cut {
				assert.Equal(t, "Column", row["TruncatedFields"])
			}
		})
	}
}

func lengthOf(v any) int {
	text, _ := v.(string)
	return len(text)
}

func TestTruncatedFieldsNamesAllFields(t *testing.T) {
	record := plog.NewLogRecord()
	body := record.Body().SetEmptyMap()
	body.PutStr("TruncatedFields", "the row's own")
	body.PutStr("Short", "short")
	assertText(t, "{\"Short\":\"short\",\"TruncatedFields\":\"the row's own\"}", encode(record))

	body.PutStr("A", strings.Repeat("a", 70000))
	body.PutEmptyBytes("B").FromRaw(make([]byte, 70000))
	var row map[string]string
	require.NoError(t, json.Unmarshal([]byte(encode(record)), &row))
	assert.Equal(t, "A,B", row["TruncatedFields"])
	assert.Equal(t, "short", row["Short"])
	assert.Equal(t, 1, strings.Count(encode(record), "TruncatedFields"), "the column is there once")
}

func TestRawDataIsTruncated(t *testing.T) {
	record := plog.NewLogRecord()
	record.Body().SetStr(strings.Repeat("x", 100000))
	var row map[string]string
	require.NoError(t, json.Unmarshal([]byte(encode(record)), &row))
	assert.Len(t, row["RawData"], 65536)
	assert.Equal(t, "RawData", row["TruncatedFields"])
}

// Any text becomes JSON in valid UTF-8 that decodes to the same text.
func FuzzRow(f *testing.F) {
	f.Add("Column", "text", 1.5)
	f.Add("\xff\"", "a\x00\u2028\xed\xa0\x80", math.Inf(-1))
	f.Fuzz(func(t *testing.T, name, text string, number float64) {
		record := plog.NewLogRecord()
		body := record.Body().SetEmptyMap()
		body.PutStr(name, text)
		body.PutEmptyMap("Nested").PutEmptySlice(name).AppendEmpty().SetDouble(number)
		got := encode(record)
		require.True(t, utf8.ValidString(got))
		var row map[string]any
		require.NoError(t, json.Unmarshal([]byte(got), &row))
		valid := strings.ToValidUTF8(name, "\uFFFD")
		if utf8.ValidString(name) && utf8.ValidString(text) && len(text) <= maxFieldBytes && name != "Nested" && name != truncatedFields {
			assert.Equal(t, text, row[valid])
		}
	})
}
