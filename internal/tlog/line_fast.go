// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
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

// unescape reads a JSON string, after its first quotation mark, into the leaf's
// memory. It returns what begins with the last one, and whether the string is
// one. Half a surrogate pair is left to the slow path.
func (l *Leaf) unescape(text []byte) (rest []byte, ok bool) {
	// A character is never longer than what stands for it, and eight bytes are
	// written at once.
	if need := 1 + len(text) + 8; cap(l.hashed) < need {
		l.hashed = make([]byte, 2*need)
	}
	buf := l.hashed[:cap(l.hashed)]
	buf[0] = leafPrefix
	n := 1
	for len(text) >= 8 {
		word := binary.LittleEndian.Uint64(text)
		binary.LittleEndian.PutUint64(buf[n:], word)
		found := special(word)
		if found == 0 {
			text = text[8:]
			n += 8
			continue
		}
		run := bits.TrailingZeros64(found) / 8
		text = text[run:]
		n += run
		if text[0] != '\\' {
			break
		}
		if len(text) >= 2 && text[1] == '"' { // as most are, all keys and texts being in them
			buf[n] = '"'
			text = text[2:]
			n++
			continue
		}
		read, written := unescapeOne(buf[n:], text)
		if read == 0 {
			return nil, false
		}
		text = text[read:]
		n += written
	}
	// Behind the string there are always more than eight bytes.
	l.hashed, l.Data = buf[:n], buf[1:n]
	return text, len(text) >= 8 && text[0] == '"'
}

// shortEscapes is what a letter after a backslash stands for; 0 for no such
// letter.
var shortEscapes = [256]byte{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

// unescapeOne writes what the escape sequence at the beginning of text stands
// for, and returns how long the two are; 0 for none that is valid.
func unescapeOne(buf, text []byte) (read, written int) {
	if len(text) < 2 {
		return 0, 0
	}
	if c := shortEscapes[text[1]]; c != 0 {
		buf[0] = c
		return 2, 1
	}
	r := codeUnit(text)
	if r < 0 {
		return 0, 0
	}
	if !utf16.IsSurrogate(r) {
		return 6, utf8.EncodeRune(buf, r)
	}
	if r = utf16.DecodeRune(r, codeUnit(text[6:])); r == utf8.RuneError {
		return 0, 0
	}
	return 12, utf8.EncodeRune(buf, r)
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
