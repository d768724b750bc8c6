// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator

import "github.com/oversight-protocol/oversight-otelcol/translator/internal/encode"

// escapedBytes is the most bytes that any encoder writes for a byte of text: our own,
// encoding/json and its likes in the exporters splunk_hec and elasticsearch, which
// escape <, > and & too, and that of OTLP JSON. The first byte of a rune has what is
// escaped of the rune: six bytes for U+2028 and the like.
var escapedBytes = func() (table [256]uint8) {
	for c := range table {
		table[c] = 1
		if c < ' ' {
			table[c] = 6
		}
	}
	for _, c := range [...]byte{'<', '>', '&', 0x7f} {
		table[c] = 6
	}
	table['"'], table['\\'] = 2, 2
	table[0xc2] = 5 // U+0080 to U+009F
	table[0xd8] = 5 // U+061C
	table[0xe2] = 4 // U+200E to U+2069
	table[0xef] = 4 // U+FEFF, and U+FFFD, which some escape
	return table
}()

// objectBytes is escapedBytes for the text of a JSON object, which is written as an
// object or as a string. In the string, which is ASCII, a backslash and a quote are
// escaped once more, and a rune is one or two times `\\uxxxx`. Of a number, an
// exponent may be written as zeros.
//
// Its upper half is what OTLP JSON writes more than JSON does, for each character that
// begins a key or a value, at most: `{"key":,"value":{"kvlistValue":{"values":[]}}}`.
// A sum of both is exact for texts of up to 89 MB.
var objectBytes = func() (table [256]uint64) {
	for c := range table {
		table[c] = uint64(escapedBytes[c])
		if c >= 0x80 {
			table[c] = 4
		}
	}
	table[0x7f] = 7
	table['+'] = 18
	table['-'] = 4
	for c, structure := range map[byte]uint64{'{': 48, '[': 48, ',': 48, ':': 24} {
		table[c] += structure << 32
	}
	return table
}()

// isUnescaped reports whether no encoder escapes any byte of a text. It checks eight
// bytes at a time; the last eight may overlap those before.
func isUnescaped(text string) bool {
	if len(text) < 8 {
		return escapedIn(encode.ShortWord(text)) == 0
	}
	escaped := escapedIn(encode.Word(text[len(text)-8:]))
	for ; len(text) >= 8; text = text[8:] {
		escaped |= escapedIn(encode.Word(text))
	}
	return escaped == 0
}

// escapedIn checks the eight bytes of a word
// (https://graphics.stanford.edu/~seander/bithacks.html#HasLessInWord): the highest bit
// of one byte at least is set if any is escaped, or not ASCII. The quote and & differ
// in one bit, and so do < and >.
func escapedIn(word uint64) uint64 {
	const (
		ones  = 0x0101010101010101
		high  = 0x80 * ones
		space = ' ' * ones
		slash = '\\' * ones
		quote = '"' * ones
		less  = '<' * ones

		quoteOrAmpersand = ^uint64(('"' ^ '&') * ones)
		lessOrGreater    = ^uint64(('<' ^ '>') * ones)
	)
	isQuote := (word&quoteOrAmpersand ^ quote) - ones
	isLess := (word&lessOrGreater ^ less) - ones
	isSlash := (word ^ slash) - ones
	isDelete := word + ones // the highest bit, too, of all that is not ASCII but 0xff, which word-space has
	return (isDelete | (word - space) | isQuote | isLess | isSlash) & high
}
