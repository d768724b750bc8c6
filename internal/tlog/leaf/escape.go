// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package leaf

import (
	"unicode/utf16"
	"unicode/utf8"
)

// cutString cuts a JSON string with this value, escaped in whatever way, from the
// beginning of a text. Half a surrogate pair is not the value of any string here.
func cutString(text, value string) (rest string, ok bool) {
	if text == "" || text[0] != '"' {
		return text, false
	}
	for text = text[1:]; text != ""; {
		switch c := text[0]; {
		case c == '"':
			return text[1:], value == ""
		case c == '\\':
			read, r := decodeEscape(text)
			got, size := utf8.DecodeRuneInString(value)
			if read == 0 || got != r || size != utf8.RuneLen(r) { // a byte that is not UTF-8 reads as U+FFFD, too
				return text, false
			}
			text, value = text[read:], value[size:]
		case !plain[c] || value == "" || value[0] != c:
			return text, false
		default:
			text, value = text[1:], value[1:]
		}
	}
	return "", false
}

// shortEscapes has the character for each letter that may follow a backslash, and
// 0 for any other byte.
var shortEscapes = [256]byte{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

// decodeEscape decodes the escape sequence at the beginning of a text, and returns its
// length; 0 if it is not valid, or half a surrogate pair.
func decodeEscape[T string | []byte](text T) (read int, r rune) {
	if len(text) < 2 {
		return 0, 0
	}
	if c := shortEscapes[text[1]]; c != 0 {
		return 2, rune(c)
	}
	r = codeUnit(text)
	if r < 0 {
		return 0, 0
	}
	if !utf16.IsSurrogate(r) {
		return 6, r
	}
	if r = utf16.DecodeRune(r, codeUnit(text[6:])); r == utf8.RuneError {
		return 0, 0
	}
	return 12, r
}

// codeUnit returns the value of \uXXXX at the beginning of text, or -1.
func codeUnit[T string | []byte](text T) rune {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return -1
	}
	var unit rune
	for i := 2; i < 6; i++ {
		c := text[i]
		if c >= 'A' && c <= 'F' {
			c += 'a' - 'A'
		}
		value := digitValues[c]
		if value > 0xf {
			return -1
		}
		unit = unit<<4 | rune(value)
	}
	return unit
}
