// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import "encoding/binary"

// hexPairs is, for each byte, its two digits as they stand in memory, read as a
// little-endian number.
var hexPairs = func() (pairs [256]uint16) {
	const digits = "0123456789abcdef"
	for i := range pairs {
		pairs[i] = uint16(digits[i>>4]) | uint16(digits[i&0xf])<<8
	}
	return pairs
}()

// isHexOf reports whether text, of twice the length of data, is data in hex.
// Comparing takes half as long as decoding does.
func isHexOf(text, data []byte) bool {
	for _, b := range data {
		if len(text) < 2 || binary.LittleEndian.Uint16(text) != hexPairs[b] {
			return false
		}
		text = text[2:]
	}
	return len(text) == 0
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
