// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// flatKeys is how many keys compactFlat accepts; registries write two.
const flatKeys = 8

// compactFlat is [NormalizeExtra] for what nearly every row with an extra
// holds: a JSON object of a few different keys, whose values are strings or
// null. It takes a fraction of the time. It reports false for anything else,
// valid or not.
func compactFlat(text string) (normal, questionName string, ok bool) {
	s := flatScanner{text: text}
	var space [256]byte
	out := space[:0]
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

// putFlat is [PutExtra] for the same objects. It leaves m empty where it reports
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

// flatScanner walks through a text.
type flatScanner struct {
	text string
	at   int
}

// scalar is a string or null: its shortest JSON, and its value.
type scalar struct{ json, value string }

// member reads `"key": "value"` or `"key": null`.
func (s *flatScanner) member() (key, value scalar, ok bool) {
	if key, ok = s.string(); !ok || !s.skip(':') {
		return scalar{}, scalar{}, false
	}
	s.space()
	if strings.HasPrefix(s.text[s.at:], "null") {
		s.at += len("null")
		return key, scalar{json: "null"}, true
	}
	value, ok = s.string()
	return key, value, ok
}

// string reads a string. Printable ASCII stays where it is.
func (s *flatScanner) string() (scalar, bool) {
	if !s.skip('"') {
		return scalar{}, false
	}
	start := s.at - 1
	for ; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			json := s.text[start:s.at]
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
	for ; s.at < len(s.text) && s.text[s.at] != '"'; s.at++ {
		if s.text[s.at] == '\\' {
			s.at++
		}
	}
	if s.at >= len(s.text) {
		return scalar{}, false
	}
	s.at++
	var space [256]byte // for the value and then its JSON
	value, err := jsontext.AppendUnquote(space[:0], s.text[start:s.at])
	if err != nil {
		return scalar{}, false
	}
	both, err := jsontext.AppendQuote(value, value)
	text := string(both)
	return scalar{json: text[len(value):], value: text[:len(value)]}, err == nil
}

// skip passes over white space and then c, and reports whether it was there.
func (s *flatScanner) skip(c byte) bool {
	s.space()
	if s.at == len(s.text) || s.text[s.at] != c {
		return false
	}
	s.at++
	return true
}

func (s *flatScanner) atEnd() bool {
	s.space()
	return s.at == len(s.text)
}

// space passes over JSON's white space.
func (s *flatScanner) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}
