// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"crypto/sha256"
	"unicode/utf16"
	"unicode/utf8"
)

// What stands in a line as the registries write it, around the values.
const (
	beforeIndex = `{"index": `
	beforeHash  = `, "leaf_hash": "`
	beforeText  = `", "leaf_data": "`
	beforeHex   = `", "leaf_data_hex": "`
	afterHex    = `"}`
)

// parseFast is ParseLine for lines as the registries write them and in which
// all is well. It reports whether this is one.
func parseFast(line []byte, leaf *Leaf) bool {
	rest, ok := skip(line, beforeIndex)
	if !ok {
		return false
	}
	if leaf.Index, rest, ok = cutIndex(rest); !ok {
		return false
	}
	if rest, ok = skip(rest, beforeHash); !ok || len(rest) < 2*sha256.Size {
		return false
	}
	declared := rest[:2*sha256.Size]
	if rest, ok = skip(rest[2*sha256.Size:], beforeText); !ok {
		return false
	}
	if rest, ok = leaf.unescape(rest); !ok {
		return false
	}
	if rest, ok = skip(rest, beforeHex); !ok {
		return false
	}
	digits := 2 * len(leaf.Data)
	if len(rest) != digits+len(afterHex) || string(rest[digits:]) != afterHex || !isHexOf(rest[:digits], leaf.Data) {
		return false
	}
	leaf.Hash = sha256.Sum256(leaf.hashed)
	return isHexOf(declared, leaf.Hash[:])
}

func skip(line []byte, text string) ([]byte, bool) {
	if len(line) < len(text) || string(line[:len(text)]) != text {
		return nil, false
	}
	return line[len(text):], true
}

// cutIndex takes up to 18 digits, which any int64 holds.
func cutIndex(line []byte) (index int64, rest []byte, ok bool) {
	n := 0
	for n < len(line) && n <= 18 && line[n]-'0' <= 9 {
		index = 10*index + int64(line[n]-'0')
		n++
	}
	if n == 0 || n > 18 || line[0] == '0' && n > 1 {
		return 0, nil, false
	}
	return index, line[n:], true
}

// plain says which bytes stand for themselves in a JSON string.
var plain = func() (table [256]bool) {
	for i := range table {
		table[i] = i >= 0x20 && i != '"' && i != '\\'
	}
	return table
}()

// unescape reads a JSON string, after its first quotation mark, into the leaf's
// memory. It returns what begins with the last one, and whether the string is
// one. Half a surrogate pair is left to the slow path.
func (l *Leaf) unescape(text []byte) (rest []byte, ok bool) {
	buf := l.hashed[:0]
	buf = append(buf, leafPrefix)
	start, i := 0, 0
	for i < len(text) {
		if plain[text[i]] {
			i++
			continue
		}
		buf = append(buf, text[start:i]...)
		if text[i] != '\\' {
			break
		}
		var n int
		if buf, n = appendEscaped(buf, text[i:]); n == 0 {
			return nil, false
		}
		i += n
		start = i
	}
	l.hashed, l.Data = buf, buf[1:]
	return text[i:], i < len(text) && text[i] == '"'
}

// shortEscapes is what a letter after a backslash stands for; 0 for no such
// letter.
var shortEscapes = [256]byte{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

// appendEscaped appends what the escape sequence at the beginning of text
// stands for, and returns its length; 0 for none that is valid.
func appendEscaped(buf, text []byte) ([]byte, int) {
	if len(text) < 2 {
		return buf, 0
	}
	if c := shortEscapes[text[1]]; c != 0 {
		return append(buf, c), 2
	}
	r := codeUnit(text)
	if !utf16.IsSurrogate(r) {
		if r < 0 {
			return buf, 0
		}
		return utf8.AppendRune(buf, r), 6
	}
	if r = utf16.DecodeRune(r, codeUnit(text[6:])); r == utf8.RuneError {
		return buf, 0
	}
	return utf8.AppendRune(buf, r), 12
}

// codeUnit is the value of \uXXXX, or -1.
func codeUnit(text []byte) rune {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return -1
	}
	var unit rune
	for _, c := range text[2:6] {
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
