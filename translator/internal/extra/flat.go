// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package extra

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// flatKeys is how many keys compactFlat accepts; registries write two.
const flatKeys = 8

// compactFlat is [Normalize] for the common case: a JSON object of a few
// different keys, whose values are strings or null. It needs a fraction of the
// time. It reports false for anything else, valid or not.
func compactFlat(text string) (normal, questionName string, ok bool) {
	s := flatScanner{text: text}
	var buffer [256]byte
	out := buffer[:0]
	var keys [flatKeys]string
	if !s.skip('{') {
		return "", "", false
	}
	for n := 0; n == 0 || s.skip(','); n++ {
		key, value, ok := s.member()
		if !ok || n == flatKeys || slices.Contains(keys[:n], key.value) {
			return "", "", false
		}
		keys[n] = key.value
		if key.value == questionNameKey {
			questionName = value.value
		}
		out = append(out, "{,"[min(n, 1)])
		out = append(out, key.json...)
		out = append(out, ':')
		out = append(out, value.json...)
	}
	out = append(out, '}')
	return string(out), questionName, s.skip('}') && s.atEnd()
}

// putFlat is [Put] for the same objects. It leaves m empty where it reports
// false.
func putFlat(text string, m pcommon.Map) bool {
	s := flatScanner{text: text}
	if !s.skip('{') {
		return false
	}
	for n := 0; n == 0 || s.skip(','); n++ {
		key, value, ok := s.member()
		if !ok || n == flatKeys {
			m.Clear()
			return false
		}
		if value.json == "null" {
			m.PutEmpty(key.value)
		} else {
			m.PutStr(key.value, value.value)
		}
	}
	if s.skip('}') && s.atEnd() {
		return true
	}
	m.Clear()
	return false
}

// flatScanner reads a text from left to right.
type flatScanner struct {
	text   string
	offset int
}

// scalar is a string or null: its shortest JSON, and its value.
type scalar struct{ json, value string }

// member reads `"key": "value"` or `"key": null`.
func (s *flatScanner) member() (key, value scalar, ok bool) {
	if key, ok = s.string(); !ok || !s.skip(':') {
		return scalar{}, scalar{}, false
	}
	s.space()
	if strings.HasPrefix(s.text[s.offset:], "null") {
		s.offset += len("null")
		return key, scalar{json: "null"}, true
	}
	value, ok = s.string()
	return key, value, ok
}

// string reads a string. Printable ASCII is not copied.
func (s *flatScanner) string() (scalar, bool) {
	if !s.skip('"') {
		return scalar{}, false
	}
	start := s.offset - 1
	for ; s.offset < len(s.text); s.offset++ {
		switch c := s.text[s.offset]; {
		case c == '"':
			s.offset++
			json := s.text[start:s.offset]
			return scalar{json, json[1 : len(json)-1]}, true
		case c == '\\' || c >= 0x80:
			return s.escaped(start)
		case c < ' ':
			return scalar{}, false
		}
	}
	return scalar{}, false
}

// escaped reads a string that is not plain from its opening quote.
func (s *flatScanner) escaped(start int) (scalar, bool) {
	for ; s.offset < len(s.text) && s.text[s.offset] != '"'; s.offset++ {
		if s.text[s.offset] == '\\' {
			s.offset++
		}
	}
	if s.offset >= len(s.text) {
		return scalar{}, false
	}
	s.offset++
	var buffer [256]byte // for the value and then its JSON
	value, err := jsontext.AppendUnquote(buffer[:0], s.text[start:s.offset])
	if err != nil {
		return scalar{}, false
	}
	both, err := jsontext.AppendQuote(value, value)
	text := string(both)
	return scalar{json: text[len(value):], value: text[:len(value)]}, err == nil
}

// skip skips white space and then c, and reports whether c was there.
func (s *flatScanner) skip(c byte) bool {
	s.space()
	if s.offset == len(s.text) || s.text[s.offset] != c {
		return false
	}
	s.offset++
	return true
}

func (s *flatScanner) atEnd() bool {
	s.space()
	return s.offset == len(s.text)
}

// space skips JSON's white space.
func (s *flatScanner) space() {
	for s.offset < len(s.text) {
		switch s.text[s.offset] {
		case ' ', '\t', '\n', '\r':
			s.offset++
		default:
			return
		}
	}
}
