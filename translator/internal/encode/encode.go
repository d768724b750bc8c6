// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package encode writes values as compact JSON (RFC 8259), which is valid for all
// values.
package encode

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Object appends a map as a JSON object.
func Object(dst []byte, m pcommon.Map) []byte {
	dst = append(dst, '{')
	first := true
	for key, value := range m.All() {
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = String(dst, key)
		dst = append(dst, ':')
		dst = Value(dst, value)
	}
	return append(dst, '}')
}

// Value appends a value: bytes in base64, and numbers that JSON does not have
// (NaN, +Inf, -Inf) as strings.
func Value(dst []byte, v pcommon.Value) []byte {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return String(dst, v.Str())
	case pcommon.ValueTypeBool:
		return strconv.AppendBool(dst, v.Bool())
	case pcommon.ValueTypeInt:
		return strconv.AppendInt(dst, v.Int(), 10)
	case pcommon.ValueTypeDouble:
		return double(dst, v.Double())
	case pcommon.ValueTypeMap:
		return Object(dst, v.Map())
	case pcommon.ValueTypeSlice:
		return array(dst, v.Slice())
	case pcommon.ValueTypeBytes:
		return String(dst, base64.StdEncoding.EncodeToString(v.Bytes().AsRaw()))
	default:
		return append(dst, "null"...)
	}
}

func array(dst []byte, s pcommon.Slice) []byte {
	dst = append(dst, '[')
	for i, value := range s.All() {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = Value(dst, value)
	}
	return append(dst, ']')
}

func double(dst []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return strconv.AppendQuote(dst, strconv.FormatFloat(f, 'g', -1, 64))
	}
	return append(dst, Float(f)...)
}

// Float is the shortest text that reads as the same finite number, with a fraction
// or an exponent so that it is not read as an integer. Python's json.dumps, which
// the registry's own exporter uses, writes the same.
func Float(f float64) string {
	if size := math.Abs(f); size != 0 && (size < 1e-4 || size >= 1e16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

// ASCII appends JSON text with everything except printable ASCII escaped: the same
// value, as json.dumps writes it by default.
func ASCII(dst []byte, json string) []byte {
	for i := 0; i < len(json); {
		if c := json[i]; c < 0x7f {
			dst = append(dst, c)
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(json[i:])
		i += size
		if r >= 0x10000 {
			dst = escape(dst, 0xd800+(r-0x10000)>>10)
			r = 0xdc00 + (r-0x10000)&0x3ff
		}
		dst = escape(dst, r)
	}
	return dst
}

func escape(dst []byte, unit rune) []byte {
	const digits = "0123456789abcdef"
	return append(dst, '\\', 'u', digits[unit>>12], digits[unit>>8&0xf], digits[unit>>4&0xf], digits[unit&0xf])
}
