// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

// everyByte is a word with 1 in each of its bytes, highBits one with the
// highest bit of each.
const (
	everyByte = 0x0101_0101_0101_0101
	highBits  = 0x80 * everyByte
)

// plain says which bytes stand for themselves in a JSON string.
var plain = func() (table [256]bool) {
	for i := range table {
		table[i] = i >= 0x20 && i != '"' && i != '\\'
	}
	return table
}()

// special finds the first byte of eight that is not plain: the lowest bit that
// is set is the highest one of that byte; 0 if all are plain. Each line marks
// the bytes that are 0, or below 0x20, and perhaps some behind such a one.
func special(word uint64) uint64 {
	quote, backslash := word^'"'*everyByte, word^'\\'*everyByte
	return ((quote-everyByte)&^quote |
		(backslash-everyByte)&^backslash |
		(word-0x20*everyByte)&^word) & highBits
}
