// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package leaf

// everyByte is a word with 1 in each byte, highBits one with the highest bit of
// each.
const (
	everyByte = 0x0101_0101_0101_0101
	highBits  = 0x80 * everyByte
)

// plain has true for the bytes that JSON does not escape in a string.
var plain = func() (table [256]bool) {
	for i := range table {
		table[i] = i >= 0x20 && i != '"' && i != '\\'
	}
	return table
}()

// special finds the first byte of eight that is not plain: the lowest bit set in
// the result is the highest bit of that byte; 0 if all are plain. Each term marks
// bytes that are equal to a character or below 0x20, and perhaps some after them.
func special(word uint64) uint64 {
	quote, backslash := word^'"'*everyByte, word^'\\'*everyByte
	return ((quote-everyByte)&^quote |
		(backslash-everyByte)&^backslash |
		(word-0x20*everyByte)&^word) & highBits
}
