// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"math/bits"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// parseFlat is parseBeacon for an object of texts, null, true, false and small
// whole numbers, as the leaves of registries are. It reports whether this is
// one, and canonical. It allocates nothing but for texts with escapes.
func parseFlat(text string, b *Beacon) (isBeacon, ok bool) {
	if text == "{}" {
		return false, true
	}
	last := ""
	for before := byte('{'); len(text) > 0 && text[0] == before; before = ',' {
		key, rest, ok := cutKey(text[1:])
		// In ASCII, order by bytes is order by UTF-16 units.
		if !ok || key <= last {
			return false, false
		}
		value, kind, rest := cutValue(rest)
		if kind == jsontext.KindInvalid {
			return false, false
		}
		if key == eventKey {
			isBeacon = value == eventBeacon
		} else {
			b.set(key, value, kind)
		}
		if rest == "}" {
			return isBeacon, true
		}
		text, last = rest, key
	}
	return false, false
}

// cutKey cuts off a key of ASCII without escapes, and the colon.
func cutKey(text string) (key, rest string, ok bool) {
	text, quoted := strings.CutPrefix(text, `"`)
	n := 0
	for n < len(text) && plain[text[n]] && text[n] < utf8.RuneSelf {
		n++
	}
	rest, colon := strings.CutPrefix(text[n:], `":`)
	return text[:n], rest, quoted && colon
}

// cutValue cuts off a value. Its kind is invalid for what is not canonical, and
// for what is left to the slow path.
func cutValue(text string) (value string, kind jsontext.Kind, rest string) {
	if text == "" {
		return "", jsontext.KindInvalid, ""
	}
	switch text[0] {
	case '"':
		value, rest, ok := cutString(text[1:])
		if !ok {
			return "", jsontext.KindInvalid, ""
		}
		return value, jsontext.KindString, rest
	case 'n':
		return cutLiteral(text, "null", jsontext.KindNull)
	case 't':
		return cutLiteral(text, "true", jsontext.KindTrue)
	case 'f':
		return cutLiteral(text, "false", jsontext.KindFalse)
	default:
		return cutNumber(text)
	}
}

func cutLiteral(text, literal string, kind jsontext.Kind) (string, jsontext.Kind, string) {
	rest, ok := strings.CutPrefix(text, literal)
	if !ok {
		return "", jsontext.KindInvalid, ""
	}
	return "", kind, rest
}

// cutNumber takes up to 15 digits, which a float64 holds, so that they are
// their own canonical form.
func cutNumber(text string) (string, jsontext.Kind, string) {
	n := 0
	for n < len(text) && text[n]-'0' <= 9 {
		n++
	}
	if n == 0 || n > 15 || text[0] == '0' && n > 1 {
		return "", jsontext.KindInvalid, ""
	}
	return "", jsontext.KindNumber, text[n:]
}

// cutString cuts off a canonical string, after its first quotation mark.
func cutString(text string) (value, rest string, ok bool) {
	n, ascii := plainPrefix(text)
	if n == len(text) {
		return "", "", false
	}
	value = text[:n]
	switch {
	case !ascii && !utf8.ValidString(value):
		return "", "", false
	case text[n] == '"':
		return value, text[n+1:], true
	case text[n] == '\\':
		return cutEscaped(text, n)
	}
	return "", "", false
}

// plainPrefix is how many bytes at the beginning stand for themselves in a JSON
// string, and whether all of them are ASCII.
func plainPrefix(text string) (n int, ascii bool) {
	high := uint64(0)
	for ; n+8 <= len(text); n += 8 {
		s := text[n : n+8]
		word := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
		if found := special(word); found != 0 {
			run := bits.TrailingZeros64(found) // 7 and 8 for each byte before
			high |= word & (1<<(run-7) - 1)
			return n + run/8, high&highBits == 0
		}
		high |= word
	}
	for n < len(text) && plain[text[n]] {
		high |= uint64(text[n])
		n++
	}
	return n, high&highBits == 0
}

// cutEscaped is cutString for one whose first escape stands at n.
func cutEscaped(text string, n int) (value, rest string, ok bool) {
	var unescaped strings.Builder
	for {
		unescaped.WriteString(text[:n])
		text = text[n:]
		if text == "" || text[0] != '\\' {
			break
		}
		c, length := canonicalEscape(text)
		if length == 0 {
			return "", "", false
		}
		unescaped.WriteByte(c)
		text = text[length:]
		n, _ = plainPrefix(text)
	}
	rest, ok = strings.CutPrefix(text, `"`)
	return unescaped.String(), rest, ok && utf8.ValidString(unescaped.String())
}

// canonicalEscape reads the escape at the beginning of text, if it is one that
// RFC 8785, 3.2.2.2, has for what it stands for; else length is 0.
func canonicalEscape(text string) (c byte, length int) {
	if len(text) < 2 || text[1] == '/' {
		return 0, 0
	}
	if c := shortEscapes[text[1]]; c != 0 {
		return c, 2
	}
	if len(text) < 6 || text[1] != 'u' || text[2] != '0' || text[3] != '0' {
		return 0, 0
	}
	high, low := digitValues[text[4]], digitValues[text[5]]
	if high > 1 || low > 0xf {
		return 0, 0
	}
	c = high<<4 | low
	switch c {
	case '\b', '\t', '\n', '\f', '\r': // they have a short one
		return 0, 0
	}
	return c, 6
}
