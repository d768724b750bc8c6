// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/oversight-protocol/oversight-otelcol/internal/livedb"
)

// textEncoding is that of the texts of a database, SQLite's PRAGMA encoding. SQLite
// converts the texts of statements, and not those that are read piece by piece.
type textEncoding int

const (
	encodingUTF8 textEncoding = iota
	encodingUTF16LE
	encodingUTF16BE
)

func encodingOf(conn *livedb.Conn) (encoding textEncoding, err error) {
	err = eachRow(conn, "PRAGMA encoding", func(stmt *livedb.Stmt) {
		switch string(stmt.Column(0).Text()) {
		case "UTF-16le":
			encoding = encodingUTF16LE
		case "UTF-16be":
			encoding = encodingUTF16BE
		}
	})
	return encoding, err
}

// transcoder converts UTF-16 to UTF-8 as SQLite does (READ_UTF16LE in its utf.c), also
// where surrogates are not in pairs.
type transcoder struct {
	encoding textEncoding
	write    func(chunk []byte)

	rest []byte // of the last chunk: less than a character
	out  []byte
}

func (t *transcoder) convert(chunk []byte) {
	t.rest = append(t.rest, chunk...)
	t.out = t.out[:0]
	for len(t.rest) >= 2 {
		n := t.next(false)
		if n == 0 {
			break
		}
		t.rest = t.rest[n:]
	}
	t.write(t.out)
}

// finish converts a surrogate at the end of the text, which nothing follows.
func (t *transcoder) finish() {
	t.out = t.out[:0]
	if len(t.rest) >= 2 {
		t.next(true)
	}
	t.write(t.out)
}

// next appends the first character of rest and returns its size; 0 if it is not
// complete.
func (t *transcoder) next(last bool) int {
	c := uint32(t.unit(0))
	if c < 0xd800 || c >= 0xe000 {
		t.out = appendCodePoint(t.out, c)
		return 2
	}
	switch {
	case len(t.rest) >= 4:
		second := uint32(t.unit(2))
		c = second&0x03ff + (c&0x003f)<<10 + (c&0x03c0+0x0040)<<10
		t.out = appendCodePoint(t.out, c)
		return 4
	case last:
		t.out = appendCodePoint(t.out, c)
		return 2
	}
	return 0
}

func (t *transcoder) unit(offset int) uint16 {
	if t.encoding == encodingUTF16BE {
		return binary.BigEndian.Uint16(t.rest[offset:])
	}
	return binary.LittleEndian.Uint16(t.rest[offset:])
}

// appendCodePoint is SQLite's WRITE_UTF8, which encodes surrogates, too.
func appendCodePoint(b []byte, c uint32) []byte {
	switch {
	case c < 0x80:
		return append(b, byte(c))
	case c < 0x800:
		return append(b, 0xc0|byte(c>>6&0x1f), 0x80|byte(c&0x3f))
	case c < 0x10000:
		return append(b, 0xe0|byte(c>>12&0x0f), 0x80|byte(c>>6&0x3f), 0x80|byte(c&0x3f))
	default:
		return append(b, 0xf0|byte(c>>18&0x07), 0x80|byte(c>>12&0x3f), 0x80|byte(c>>6&0x3f), 0x80|byte(c&0x3f))
	}
}

// trimIncomplete removes a character that is cut off at the end.
func trimIncomplete(text []byte) []byte {
	for i := len(text) - 1; i >= 0 && i >= len(text)-utf8.UTFMax; i-- {
		if utf8.RuneStart(text[i]) {
			if !utf8.FullRune(text[i:]) {
				return text[:i]
			}
			break
		}
	}
	return text
}
