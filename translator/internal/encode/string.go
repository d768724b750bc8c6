// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// String appends a JSON string. Invalid UTF-8 becomes U+FFFD.
func String[T string | []byte](dst []byte, text T) []byte {
	if !isPlain(text) {
		dst, _ = jsontext.AppendQuote(dst, text) // its error says that text was invalid UTF-8
		return dst
	}
	dst = append(dst, '"')
	dst = append(dst, text...)
	return append(dst, '"')
}

// isPlain reports whether a JSON string may hold the text as it is: printable
// ASCII but for quotes and backslashes. It looks at eight bytes at a time, with
// the usual arithmetic (https://graphics.stanford.edu/~seander/bithacks.html#HasLessInWord):
// of each byte, the highest bit is set if it is not plain.
func isPlain[T string | []byte](text T) bool {
	const (
		ones  = 0x0101010101010101
		high  = 0x80 * ones
		space = ' ' * ones
		quote = '"' * ones
		slash = '\\' * ones
	)
	i := 0
	for ; i+8 <= len(text); i += 8 {
		word := uint64(text[i]) | uint64(text[i+1])<<8 | uint64(text[i+2])<<16 | uint64(text[i+3])<<24 |
			uint64(text[i+4])<<32 | uint64(text[i+5])<<40 | uint64(text[i+6])<<48 | uint64(text[i+7])<<56
		isQuote, isSlash := (word^quote)-ones, (word^slash)-ones
		if (word|(word-space)|isQuote|isSlash)&high != 0 {
			return false
		}
	}
	for ; i < len(text); i++ {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
