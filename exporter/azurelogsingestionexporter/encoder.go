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
	// maxFieldBytes is the service's limit for a column, in bytes of UTF-8. The
	// service truncates longer fields silently.
	// https://learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits#logs-ingestion-api
	maxFieldBytes = 64 << 10

	// truncatedFields is the column with the names of the fields that were
	// truncated to maxFieldBytes, separated by commas.
	truncatedFields = "TruncatedFields"

	// timeGenerated and rawData are the columns of the row of a record whose body
	// is not a map.
	timeGenerated = "TimeGenerated"
	rawData       = "RawData"

	// timeFormat is RFC 3339 with the resolution of a datetime column, 100 ns.
	timeFormat = "2006-01-02T15:04:05.9999999Z07:00"
)

// encoder writes log records as JSON objects in valid UTF-8. It is for one
// goroutine.
type encoder struct {
	truncated []string // names of the truncated fields of the last row
	scratch   []byte
}

// appendRow appends the row for a record.
func (e *encoder) appendRow(dst []byte, record plog.LogRecord) []byte {
	e.truncated = e.truncated[:0]
	if body := record.Body(); body.Type() == pcommon.ValueTypeMap {
		dst = e.appendColumns(dst, body.Map())
	} else {
		dst = e.appendRawData(dst, record)
	}
	if len(e.truncated) > 0 {
		dst = appendName(dst, truncatedFields)
		dst = appendText(dst, strings.Join(e.truncated, ","))
	}
	return append(dst, '}')
}

func (e *encoder) appendColumns(dst []byte, columns pcommon.Map) []byte {
	dst = append(dst, '{')
	var ownValue pcommon.Value
	var hasOwnValue bool
	for name, value := range columns.All() {
		if name == truncatedFields {
			ownValue, hasOwnValue = value, true // appended below, unless the row is truncated
			continue
		}
		dst = appendName(dst, name)
		dst = e.appendField(dst, name, value)
	}
	if hasOwnValue && len(e.truncated) == 0 {
		dst = appendName(dst, truncatedFields)
		dst = e.appendField(dst, truncatedFields, ownValue)
		e.truncated = e.truncated[:0]
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

// recordTime returns the time of the record, or of its observation, or the
// current time: the service requires one.
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

// appendField appends the value of a column, truncated to maxFieldBytes.
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
	if len(text) > maxFieldBytes/utf8.UTFMax { // shorter text stays within the limit after the replacement
		text = strings.ToValidUTF8(text, string(utf8.RuneError))
		if len(text) > maxFieldBytes {
			e.truncated = append(e.truncated, name)
			text = truncateText(text, maxFieldBytes)
		}
	}
	return appendText(dst, text)
}

func (e *encoder) appendBytesField(dst []byte, name string, data []byte) []byte {
	if base64.StdEncoding.EncodedLen(len(data)) > maxFieldBytes {
		e.truncated = append(e.truncated, name)
		data = data[:base64.StdEncoding.DecodedLen(maxFieldBytes)]
	}
	return appendBytes(dst, data)
}

// appendDynamicField appends an object or array. Truncated JSON is invalid, so
// the column of a truncated one gets the beginning of its JSON text as a string.
func (e *encoder) appendDynamicField(dst []byte, name string, value pcommon.Value) []byte {
	start := len(dst)
	dst = appendValue(dst, value)
	if len(dst)-start <= maxFieldBytes {
		return dst
	}
	e.truncated = append(e.truncated, name)
	e.scratch = append(e.scratch[:0], truncateText(dst[start:], maxFieldBytes)...)
	return appendText(dst[:start], e.scratch)
}

// appendName appends the name of an object's member, after a comma if it is not
// the first.
func appendName(dst []byte, name string) []byte {
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	return append(appendText(dst, name), ':')
}

// appendText appends a JSON string. Invalid UTF-8 becomes U+FFFD; the ignored
// error reports only that.
func appendText[T ~string | ~[]byte](dst []byte, text T) []byte {
	dst, _ = jsontext.AppendQuote(dst, text)
	return dst
}

func appendBytes(dst, data []byte) []byte {
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, data)
	return append(dst, '"')
}

// appendValue appends a value of any type, without truncating it.
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

// appendDouble appends a number. Values that JSON has no number for become the
// strings that the JSON of protobuf and .NET use.
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
