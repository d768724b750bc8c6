// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package leaf

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// The text around the values in a line as registries write it.
const (
	beforeIndex = `{"index": `
	beforeHash  = `, "leaf_hash": "`
	beforeText  = `", "leaf_data": "`
	beforeHex   = `", "leaf_data_hex": "`
	afterHex    = `"}`
)

// parseLineFast is ParseLine for correct lines exactly as registries write them. It
// reports whether this is one.
func parseLineFast(text []byte, line *Line) bool {
	rest, ok := skip(text, beforeIndex)
	if !ok {
		return false
	}
	if line.Index, rest, ok = cutIndex(rest); !ok {
		return false
	}
	if rest, ok = skip(rest, beforeHash); !ok || len(rest) < 2*sha256.Size {
		return false
	}
	declared := rest[:2*sha256.Size]
	if rest, ok = skip(rest[2*sha256.Size:], beforeText); !ok {
		return false
	}
	if rest, ok = line.unescape(rest); !ok {
		return false
	}
	if rest, ok = skip(rest, beforeHex); !ok {
		return false
	}
	digits := 2 * len(line.Data)
	if len(rest) != digits+len(afterHex) || string(rest[digits:]) != afterHex || !isHexOf(rest[:digits], line.Data) {
		return false
	}
	line.Hash = sha256.Sum256(line.hashInput)
	return isHexOf(declared, line.Hash[:])
}

// skip returns what follows a prefix of the text; ok is false if it has another.
func skip(text []byte, expected string) (rest []byte, ok bool) {
	if len(text) < len(expected) || string(text[:len(expected)]) != expected {
		return nil, false
	}
	return text[len(expected):], true
}

// cutIndex reads up to 18 digits, which fit any int64.
func cutIndex(text []byte) (index int64, rest []byte, ok bool) {
	n := 0
	for n < len(text) && n <= 18 && text[n]-'0' <= 9 {
		index = 10*index + int64(text[n]-'0')
		n++
	}
	if n == 0 || n > 18 || text[0] == '0' && n > 1 {
		return 0, nil, false
	}
	return index, text[n:], true
}

// unescape reads a JSON string, from behind its opening quotation mark, into the
// Line's memory. It returns the rest from the closing mark on; ok is false if this
// is not such a string. Half a surrogate pair is left to the slow parser.
func (l *Line) unescape(text []byte) (rest []byte, ok bool) {
	// A character is never longer than its escape sequence. Eight bytes are written
	// at once.
	if need := 1 + len(text) + 8; cap(l.hashInput) < need {
		l.hashInput = make([]byte, 2*need)
	}
	buf := l.hashInput[:cap(l.hashInput)]
	buf[0] = prefix
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
		if len(text) >= 2 && text[1] == '"' { // as most are, since keys and values have quotation marks
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
	// More than eight bytes follow the string in any such line.
	l.hashInput, l.Data = buf[:n], buf[1:n]
	return text, len(text) >= 8 && text[0] == '"'
}

// shortEscapes has the character for each letter that may follow a backslash, and
// 0 for any other byte.
var shortEscapes = [256]byte{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

// unescapeOne writes the character for the escape sequence at the beginning of
// text, and returns the lengths of both; 0 if the sequence is not valid.
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

// codeUnit returns the value of \uXXXX at the beginning of text, or -1.
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
