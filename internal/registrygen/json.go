// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen

import "unicode/utf16"

const hexDigits = "0123456789abcdef"

// shortEscapes holds the letter of each control character that is escaped with a
// letter. Python's json and RFC 8785 have the same ones.
var shortEscapes = [0x20]byte{'\b': 'b', '\t': 't', '\n': 'n', '\f': 'f', '\r': 'r'}

// appendCanonical appends s as RFC 8785 writes a string: only what JSON requires is
// escaped.
func appendCanonical(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for _, c := range []byte(s) {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c >= 0x20:
			dst = append(dst, c)
		default:
			dst = appendControl(dst, c)
		}
	}
	return append(dst, '"')
}

// appendPython appends s as Python's json.dumps writes a string by default: everything
// outside printable ASCII as escaped UTF-16.
func appendPython(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r >= 0x20 && r < 0x7f:
			dst = append(dst, byte(r))
		case r < 0x20:
			dst = appendControl(dst, byte(r)) //nolint:gosec // r is ASCII
		default:
			dst = appendUTF16(dst, r)
		}
	}
	return append(dst, '"')
}

func appendControl(dst []byte, c byte) []byte {
	if letter := shortEscapes[c]; letter != 0 {
		return append(dst, '\\', letter)
	}
	return appendUnit(dst, uint16(c))
}

func appendUTF16(dst []byte, r rune) []byte {
	if r < 0x10000 {
		return appendUnit(dst, uint16(r)) //nolint:gosec // r is below 0x10000
	}
	high, low := utf16.EncodeRune(r)
	return appendUnit(appendUnit(dst, uint16(high)), uint16(low)) //nolint:gosec // UTF-16 has 16 bits
}

func appendUnit(dst []byte, u uint16) []byte {
	return append(dst, '\\', 'u',
		hexDigits[u>>12], hexDigits[u>>8&0xf], hexDigits[u>>4&0xf], hexDigits[u&0xf])
}

// orNull appends s with one of the functions above, or null for the empty
// string.
func orNull(dst []byte, s string, appendString func([]byte, string) []byte) []byte {
	if s == "" {
		return append(dst, "null"...)
	}
	return appendString(dst, s)
}
