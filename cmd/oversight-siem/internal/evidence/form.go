// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/go-json-experiment/json/jsontext"
)

// form is a way to write a JSON value as the bytes that are signed or hashed.
type form string

const (
	// formASCII is that of Python registries: keys in the order of code points, all but
	// printable ASCII as \uXXXX, numbers as they are written elsewhere.
	formASCII form = "ASCII JSON with sorted keys"
	// formCanonical is that of Rust registries: RFC 8785. Integers keep their digits,
	// as in the library that these registries use.
	formCanonical form = "canonical JSON (RFC 8785)"
)

// forms are all forms.
var forms = [...]form{formASCII, formCanonical}

// append appends a value.
func (f form) append(dst []byte, v *value) []byte {
	switch v.kind {
	case '{':
		dst = append(dst, '{')
		for i, m := range f.ordered(v.members) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(f.appendString(dst, m.name), ':')
			dst = f.append(dst, &m.value)
		}
		return append(dst, '}')
	case '[':
		dst = append(dst, '[')
		for i := range v.items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = f.append(dst, &v.items[i])
		}
		return append(dst, ']')
	case '"':
		return f.appendString(dst, v.text)
	case '0':
		return f.appendNumber(dst, v.text)
	default:
		return append(dst, v.text...)
	}
}

// ordered returns members, which are in the order of code points, in the form's order.
func (f form) ordered(members []member) []member {
	if f == formASCII || slices.IsSortedFunc(members, compareUTF16) {
		return members
	}
	return slices.SortedFunc(slices.Values(members), compareUTF16)
}

// compareUTF16 compares names as RFC 8785, 3.2.3 does.
func compareUTF16(a, b member) int {
	return slices.Compare(utf16.Encode([]rune(a.name)), utf16.Encode([]rune(b.name)))
}

func (f form) appendNumber(dst []byte, text string) []byte {
	if f == formASCII || !strings.ContainsAny(text, ".eE") {
		return append(dst, text...)
	}
	number := jsontext.Value(text)
	if err := number.Canonicalize(); err != nil {
		return append(dst, text...)
	}
	return append(dst, number...)
}

func (f form) appendString(dst []byte, text string) []byte {
	if isPlain(text) {
		return append(append(append(dst, '"'), text...), '"')
	}
	if f == formCanonical {
		dst, _ = jsontext.AppendQuote(dst, text) // the text is valid UTF-8
		return dst
	}
	dst = append(dst, '"')
	for _, r := range text {
		dst = appendASCII(dst, r)
	}
	return append(dst, '"')
}

// isPlain reports whether all forms write a string's text as it is.
func isPlain(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' || text[i] == '"' || text[i] == '\\' {
			return false
		}
	}
	return true
}

// appendASCII appends a character of a string as Python's json.dumps writes it.
func appendASCII(dst []byte, r rune) []byte {
	switch {
	case r == '"' || r == '\\':
		return append(dst, '\\', byte(r))
	case ' ' <= r && r <= '~':
		return append(dst, byte(r))
	case r == '\n':
		return append(dst, `\n`...)
	case r == '\r':
		return append(dst, `\r`...)
	case r == '\t':
		return append(dst, `\t`...)
	case r == '\b':
		return append(dst, `\b`...)
	case r == '\f':
		return append(dst, `\f`...)
	}
	if high, low := utf16.EncodeRune(r); high != 0xFFFD {
		return appendEscape(appendEscape(dst, high), low)
	}
	return appendEscape(dst, r)
}

func appendEscape(dst []byte, unit rune) []byte {
	const digits = "0123456789abcdef"
	return append(dst, '\\', 'u', digits[unit>>12&0xf], digits[unit>>8&0xf], digits[unit>>4&0xf], digits[unit&0xf])
}
