// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package encode

import (
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

// isPlain reports whether a JSON string may have the text as it is, in a line too:
// ASCII without control characters, quotes and backslashes. It checks eight bytes at a
// time; the last eight may overlap those before.
func isPlain[T string | []byte](text T) bool {
	if len(text) < 8 {
		return notPlainIn(ShortWord(text)) == 0
	}
	notPlain := notPlainIn(Word(text[len(text)-8:]))
	for i := 0; i+8 <= len(text); i += 8 {
		notPlain |= notPlainIn(Word(text[i : i+8]))
	}
	return notPlain == 0
}

// notPlainIn checks the eight bytes of a word
// (https://graphics.stanford.edu/~seander/bithacks.html#HasLessInWord): the highest bit
// of one byte at least is set if any is not plain.
func notPlainIn(word uint64) uint64 {
	const (
		ones  = 0x0101010101010101
		high  = 0x80 * ones
		space = ' ' * ones
		quote = '"' * ones
		slash = '\\' * ones
	)
	isQuote, isSlash := (word^quote)-ones, (word^slash)-ones
	isDelete := word + ones // the highest bit, too, of all that is not ASCII but 0xff, which word-space has
	return (isDelete | (word - space) | isQuote | isSlash) & high
}

// Word loads the first eight bytes. The compiler turns it into one instruction.
func Word[T string | []byte](b T) uint64 {
	_ = b[7]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

// ShortWord loads less than eight bytes, some twice, with letters in place of those
// that are missing.
func ShortWord[T string | []byte](b T) uint64 {
	const letters = 0x6161616161616161
	switch n := len(b); {
	case n >= 4:
		return uint64(half(b)) | uint64(half(b[n-4:]))<<32
	case n > 0:
		return letters&^0xffffff | uint64(b[0]) | uint64(b[n/2])<<8 | uint64(b[n-1])<<16
	default:
		return letters
	}
}

// half loads four bytes.
func half[T string | []byte](b T) uint32 {
	_ = b[3]
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}
