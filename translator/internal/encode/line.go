// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Line appends a JSON string, as [String] does, that is safe in a line of text and on
// a terminal: see [EscapeLine].
func Line[T string | []byte](dst []byte, text T) []byte {
	if isPlain(text) {
		dst = append(dst, '"')
		dst = append(dst, text...)
		return append(dst, '"')
	}
	start := len(dst)
	dst, _ = jsontext.AppendQuote(dst, text) // its error says that text was invalid UTF-8
	return EscapeLine(dst, start)
}

// EscapeLine escapes characters of the JSON text from start on that JSON allows in a
// string as they are, and that readers of lines and terminals do not: the line ends
// U+0085, U+2028 and U+2029, which many readers split at, the other control
// characters, which drive terminals, and those that change the direction of what
// follows (https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters),
// which show a text as another. The value that the text stands for remains the same.
func EscapeLine(text []byte, start int) []byte {
	i := nextUnsafe(text, start)
	if i == len(text) {
		return text
	}
	rest := append([]byte(nil), text[i:]...)
	text = text[:i]
	for len(rest) > 0 {
		r, size := utf8.DecodeRune(rest)
		text = escape(text, r)
		rest = rest[size:]
		n := nextUnsafe(rest, 0)
		text = append(text, rest[:n]...)
		rest = rest[n:]
	}
	return text
}

// nextUnsafe is the index of the next character that EscapeLine escapes, or the end
// of the text.
func nextUnsafe(text []byte, start int) int {
	for i := start; i < len(text); i++ {
		for len(text)-i >= 8 && !mayBeUnsafe(Word(text[i:])) {
			i += 8
		}
		if i < len(text) && text[i] >= 0x7f && beginsUnsafe(text[i:]) {
			return i
		}
	}
	return len(text)
}

func beginsUnsafe(text []byte) bool {
	switch text[0] {
	case 0x7f, 0xc2, 0xd8, 0xe2: // begin what is unsafe
		r, _ := utf8.DecodeRune(text)
		return isUnsafe(r)
	}
	return false
}

// mayBeUnsafe checks the eight bytes of a word of JSON
// (https://graphics.stanford.edu/~seander/bithacks.html#ZeroInWord): one is 0x7f, or
// begins runes of which some are unsafe.
func mayBeUnsafe(word uint64) bool {
	const (
		ones = 0x0101010101010101
		high = 0x80 * ones
	)
	if (word|(word+ones))&high == 0 {
		return false // ASCII
	}
	zero := func(word uint64) uint64 { return (word - ones) &^ word }
	return (zero(word^0x7f*ones)|zero(word^0xc2*ones)|zero(word^0xd8*ones)|zero(word^0xe2*ones))&high != 0
}

func isUnsafe(r rune) bool {
	switch {
	case r >= 0x7f && r <= 0x9f, // control characters, with U+0085
		r == 0x061c, r == 0x200e, r == 0x200f, // marks of direction
		r >= 0x2028 && r <= 0x202e, // line and paragraph separator, embeddings and overrides
		r >= 0x2066 && r <= 0x2069: // isolates
		return true
	default:
		return false
	}
}
