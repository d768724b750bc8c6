// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

const (
	// maxField is the most that a column holds, in bytes of UTF-8. The service
	// would cut longer ones without telling anybody.
	// https://learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits#logs-ingestion-api
	maxField = 64 << 10

	// truncatedFields is the column of a row with fields that were cut to
	// maxField: their names, with commas between.
	truncatedFields = "TruncatedFields"

	// timeGenerated and rawData are the columns of a row that is made of a
	// record without a map.
	timeGenerated = "TimeGenerated"
	rawData       = "RawData"

	// timeFormat is RFC 3339 with what a datetime column holds, 100 ns.
	timeFormat = "2006-01-02T15:04:05.9999999Z07:00"
)

// encoder writes log records as JSON objects, always in valid UTF-8. It is for
// one goroutine.
type encoder struct {
	cut     []string // names of the fields of the last row that were cut
	scratch []byte
}

// appendRow appends the row that a record becomes.
func (e *encoder) appendRow(dst []byte, record plog.LogRecord) []byte {
	e.cut = e.cut[:0]
	if body := record.Body(); body.Type() == pcommon.ValueTypeMap {
		dst = e.appendColumns(dst, body.Map())
	} else {
		dst = e.appendRawData(dst, record)
	}
	if len(e.cut) > 0 {
		dst = appendName(dst, truncatedFields)
		dst = appendText(dst, strings.Join(e.cut, ","))
	}
	return append(dst, '}')
}

func (e *encoder) appendColumns(dst []byte, columns pcommon.Map) []byte {
	dst = append(dst, '{')
	var marker pcommon.Value
	var marked bool
	for name, value := range columns.All() {
		if name == truncatedFields {
			marker, marked = value, true // comes last, if it is not replaced
			continue
		}
		dst = appendName(dst, name)
		dst = e.appendField(dst, name, value)
	}
	if marked && len(e.cut) == 0 {
		dst = appendName(dst, truncatedFields)
		dst = e.appendField(dst, truncatedFields, marker)
		e.cut = e.cut[:0]
	}
	return dst
}

func (e *encoder) appendRawData(dst []byte, record plog.LogRecord) []byte {
	dst = append(dst, '{')
	dst = appendName(dst, timeGenerated)
	dst = append(dst, '"')
	dst = recordTime(record).AppendFormat(dst, timeFormat)
	dst = append(dst, '"')
	dst = appendName(dst, rawData)
	return e.appendTextField(dst, rawData, record.Body().AsString())
}

// recordTime is when something happened, or else was noticed, or else is sent:
// the service wants to have one.
func recordTime(record plog.LogRecord) time.Time {
	switch {
	case record.Timestamp() != 0:
		return record.Timestamp().AsTime()
	case record.ObservedTimestamp() != 0:
		return record.ObservedTimestamp().AsTime()
	default:
		return time.Now().UTC()
	}
}

// appendField appends what a column holds, no longer than maxField.
func (e *encoder) appendField(dst []byte, name string, value pcommon.Value) []byte {
	switch value.Type() {
	case pcommon.ValueTypeStr:
		return e.appendTextField(dst, name, value.Str())
	case pcommon.ValueTypeBytes:
		return e.appendBytesField(dst, name, value.Bytes().AsRaw())
	case pcommon.ValueTypeMap, pcommon.ValueTypeSlice:
		return e.appendDynamicField(dst, name, value)
	default:
		return appendValue(dst, value)
	}
}

func (e *encoder) appendTextField(dst []byte, name, text string) []byte {
	if len(text) > maxField/utf8.UTFMax { // shorter ones are not too long either after the replacement
		text = strings.ToValidUTF8(text, string(utf8.RuneError))
		if len(text) > maxField {
			e.cut = append(e.cut, name)
			text = cutText(text, maxField)
		}
	}
	return appendText(dst, text)
}

func (e *encoder) appendBytesField(dst []byte, name string, data []byte) []byte {
	if base64.StdEncoding.EncodedLen(len(data)) > maxField {
		e.cut = append(e.cut, name)
		data = data[:base64.StdEncoding.DecodedLen(maxField)]
	}
	return appendBytes(dst, data)
}

// appendDynamicField appends an object or array. Cut, it is no JSON any more,
// so the column gets its beginning as a string.
func (e *encoder) appendDynamicField(dst []byte, name string, value pcommon.Value) []byte {
	start := len(dst)
	dst = appendValue(dst, value)
	if len(dst)-start <= maxField {
		return dst
	}
	e.cut = append(e.cut, name)
	e.scratch = append(e.scratch[:0], cutText(dst[start:], maxField)...)
	return appendText(dst[:start], e.scratch)
}

// appendName begins a member of an object.
func appendName(dst []byte, name string) []byte {
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	return append(appendText(dst, name), ':')
}

// appendText replaces what is no UTF-8. The error only says that it did.
func appendText[T ~string | ~[]byte](dst []byte, text T) []byte {
	dst, _ = jsontext.AppendQuote(dst, text)
	return dst
}

func appendBytes(dst, data []byte) []byte {
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, data)
	return append(dst, '"')
}

// appendValue appends any value, of any length.
func appendValue(dst []byte, value pcommon.Value) []byte {
	switch value.Type() {
	case pcommon.ValueTypeStr:
		return appendText(dst, value.Str())
	case pcommon.ValueTypeInt:
		return strconv.AppendInt(dst, value.Int(), 10)
	case pcommon.ValueTypeDouble:
		return appendDouble(dst, value.Double())
	case pcommon.ValueTypeBool:
		return strconv.AppendBool(dst, value.Bool())
	case pcommon.ValueTypeBytes:
		return appendBytes(dst, value.Bytes().AsRaw())
	case pcommon.ValueTypeMap:
		return appendObject(dst, value.Map())
	case pcommon.ValueTypeSlice:
		return appendArray(dst, value.Slice())
	default:
		return append(dst, "null"...)
	}
}

// appendDouble appends what JSON has no number for as a string, named as in
// protobuf's JSON and in .NET's.
func appendDouble(dst []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(dst, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(dst, `"-Infinity"`...)
	}
	return strconv.AppendFloat(dst, f, 'g', -1, 64)
}

func appendObject(dst []byte, m pcommon.Map) []byte {
	dst = append(dst, '{')
	for name, value := range m.All() {
		dst = appendName(dst, name)
		dst = appendValue(dst, value)
	}
	return append(dst, '}')
}

func appendArray(dst []byte, s pcommon.Slice) []byte {
	dst = append(dst, '[')
	for i, value := range s.All() {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendValue(dst, value)
	}
	return append(dst, ']')
}
