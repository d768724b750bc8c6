// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package leaf

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// lineForm is the text around the values in a line as registries write it.
type lineForm struct{ beforeIndex, beforeHash, beforeText, beforeHex string }

var (
	// spacedLine is that of Python's json.dumps. Public registries end the line after
	// leaf_data.
	spacedLine = lineForm{`{"index": `, `, "leaf_hash": "`, `", "leaf_data": "`, `", "leaf_data_hex": "`}
	// compactLine is that of Rust's serde_json.
	compactLine = lineForm{`{"index":`, `,"leaf_hash":"`, `","leaf_data":"`, `","leaf_data_hex":"`}
)

// maxSpare bounds the memory that is reserved for longer lines than were seen, in bytes.
const maxSpare = 1 << 20

// lineEnd follows the last value.
const lineEnd = `"}`

// parseLineFast is ParseLine for correct lines exactly as registries write them. It
// reports whether this is one.
func parseLineFast(text []byte, line *Line) bool {
	form := &compactLine
	if len(text) > len(spacedLine.beforeIndex) && text[len(spacedLine.beforeIndex)-1] == ' ' {
		form = &spacedLine
	}
	rest, ok := skip(text, form.beforeIndex)
	if !ok {
		return false
	}
	if line.Index, rest, ok = cutIndex(rest); !ok {
		return false
	}
	if rest, ok = skip(rest, form.beforeHash); !ok || len(rest) < 2*sha256.Size {
		return false
	}
	declared := rest[:2*sha256.Size]
	if rest, ok = skip(rest[2*sha256.Size:], form.beforeText); !ok {
		return false
	}
	if rest, ok = line.unescape(rest); !ok || !line.isConfirmed(rest, form) {
		return false
	}
	line.Hash = sha256.Sum256(line.hashInput)
	return isHexOf(declared, line.Hash[:])
}

// isConfirmed reports whether the rest of a line, after leaf_data, is the leaf in hex and
// the end; or the end, and the leaf is UTF-8.
func (l *Line) isConfirmed(rest []byte, form *lineForm) bool {
	if string(rest) == lineEnd {
		return utf8.Valid(l.Data)
	}
	rest, ok := skip(rest, form.beforeHex)
	digits := 2 * len(l.Data)
	return ok && len(rest) == digits+len(lineEnd) && string(rest[digits:]) == lineEnd && isHexOf(rest[:digits], l.Data)
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
		l.hashInput = make([]byte, need+min(need, maxSpare))
	}
	buf := l.hashInput[:cap(l.hashInput)]
	buf[0] = prefix
	n := 1
	for len(text) > 0 {
		run := 0
		if len(text) >= 8 {
			word := binary.LittleEndian.Uint64(text)
			binary.LittleEndian.PutUint64(buf[n:], word)
			found := special(word)
			if found == 0 {
				text = text[8:]
				n += 8
				continue
			}
			run = bits.TrailingZeros64(found) / 8
		} else {
			for ; run < len(text) && plain[text[run]]; run++ {
				buf[n+run] = text[run]
			}
		}
		text = text[run:]
		n += run
		if len(text) == 0 || text[0] != '\\' {
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
	l.hashInput, l.Data = buf[:n], buf[1:n]
	return text, len(text) > 0 && text[0] == '"'
}

// unescapeOne writes the character for the escape sequence at the beginning of
// text, and returns the lengths of both; 0 if the sequence is not valid.
func unescapeOne(buf, text []byte) (read, written int) {
	read, r := decodeEscape(text)
	if read == 0 {
		return 0, 0
	}
	return read, utf8.EncodeRune(buf, r)
}
