// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import "encoding/binary"

// isHexOf reports whether text is data in hex, in lower case. It makes the
// digits of four bytes at a time, each in a byte of a word: a table for each
// byte takes three times as long.
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
		if uint16(text[2*i])|uint16(text[2*i+1])<<8 != uint16(hexWord(uint32(b))) {
			return false
		}
	}
	return true
}

// hexWord is the eight digits of four bytes, as they stand in memory.
func hexWord(data uint32) uint64 {
	// A byte to each 16 bits, then half of it to each 8.
	word := uint64(data)
	word = (word | word<<16) & 0x0000_ffff_0000_ffff
	word = (word | word<<8) & 0x00ff_00ff_00ff_00ff
	word = (word>>4 | word<<8) & (0x0f * everyByte)
	letters := (word + 6*everyByte) >> 4 & everyByte // 1 for those from 10 on
	return word + '0'*everyByte + letters*('a'-10-'0')
}

// digitValues is the value of each hex digit in lower case; 0xff for any other
// byte.
var digitValues = func() (values [256]byte) {
	for i := range values {
		values[i] = 0xff
	}
	for i, digit := range "0123456789abcdef" {
		values[digit] = byte(i)
	}
	return values
}()

// decodeHex decodes digits in lower case into dst, half as long as text. It
// reports whether they all were; encoding/hex takes those in upper case too.
func decodeHex[T string | []byte](dst []byte, text T) bool {
	for i := range dst {
		high, low := digitValues[text[2*i]], digitValues[text[2*i+1]]
		if high|low > 0xf {
			return false
		}
		dst[i] = high<<4 | low
	}
	return true
}
