// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package leaf

import "encoding/binary"

// isHexOf reports whether text is data in hex, in lower case. It encodes four
// bytes at a time into a word: a table lookup for each byte takes three times as
// long.
func isHexOf(text, data []byte) bool {
	if len(text) != 2*len(data) {
		return false
	}
	for len(data) >= 4 {
		if binary.LittleEndian.Uint64(text) != hexWord(binary.LittleEndian.Uint32(data)) {
			return false
		}
		text, data = text[8:], data[4:]
	}
	for i, b := range data {
		if uint16(text[2*i])|uint16(text[2*i+1])<<8 != uint16(hexWord(uint32(b))) { //nolint:gosec // one byte has two digits
			return false
		}
	}
	return true
}

// hexWord returns the eight digits of four bytes, in the order of memory.
func hexWord(data uint32) uint64 {
	// Spread the bytes to 16 bits each, then their halves to 8 bits each.
	word := uint64(data)
	word = (word | word<<16) & 0x0000_ffff_0000_ffff
	word = (word | word<<8) & 0x00ff_00ff_00ff_00ff
	word = (word>>4 | word<<8) & (0x0f * everyByte)
	letters := (word + 6*everyByte) >> 4 & everyByte // 1 for digits from a on
	return word + '0'*everyByte + letters*('a'-10-'0')
}

// digitValues has the value of each hex digit in lower case, and 0xff for any
// other byte.
var digitValues = func() (values [256]byte) {
	for i := range values {
		values[i] = 0xff
	}
	for i, digit := range "0123456789abcdef" {
		values[digit] = byte(i)
	}
	return values
}()

// DecodeHex decodes hex digits in lower case that fill dst. It reports whether text is
// exactly these; encoding/hex accepts upper case too.
func DecodeHex[T string | []byte](dst []byte, text T) bool {
	if len(text) != 2*len(dst) {
		return false
	}
	for i := range dst {
		high, low := digitValues[text[2*i]], digitValues[text[2*i+1]]
		if high|low > 0xf {
			return false
		}
		dst[i] = high<<4 | low
	}
	return true
}
