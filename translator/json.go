// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator

import (
	"encoding/base64"
	"math"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// appendMap writes a map as compact JSON, or nothing if it is empty.
func appendMap(out []byte, m pcommon.Map) []byte {
	if m.Len() == 0 {
		return out
	}
	return appendObject(out, m)
}

func appendObject(out []byte, m pcommon.Map) []byte {
	out = append(out, '{')
	first := true
	for key, value := range m.All() {
		if !first {
			out = append(out, ',')
		}
		first = false
		out = appendString(out, key)
		out = append(out, ':')
		out = appendValue(out, value)
	}
	return append(out, '}')
}

func appendArray(out []byte, s pcommon.Slice) []byte {
	out = append(out, '[')
	for i, value := range s.All() {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendValue(out, value)
	}
	return append(out, ']')
}

func appendValue(out []byte, v pcommon.Value) []byte {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return appendString(out, v.Str())
	case pcommon.ValueTypeBool:
		return strconv.AppendBool(out, v.Bool())
	case pcommon.ValueTypeInt:
		return strconv.AppendInt(out, v.Int(), 10)
	case pcommon.ValueTypeDouble:
		return appendDouble(out, v.Double())
	case pcommon.ValueTypeMap:
		return appendObject(out, v.Map())
	case pcommon.ValueTypeSlice:
		return appendArray(out, v.Slice())
	case pcommon.ValueTypeBytes: // only a transformation makes these
		return appendString(out, base64.StdEncoding.EncodeToString(v.Bytes().AsRaw()))
	default:
		return append(out, "null"...)
	}
}

// appendDouble writes numbers that JSON cannot hold as text.
func appendDouble(out []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return strconv.AppendQuote(out, strconv.FormatFloat(f, 'g', -1, 64))
	}
	return append(out, formatFloat(f)...)
}

// appendString writes a JSON string. Invalid UTF-8 becomes U+FFFD.
func appendString(out []byte, text string) []byte {
	out, _ = jsontext.AppendQuote(out, text) // its error says that text was invalid UTF-8
	return out
}
