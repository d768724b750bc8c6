// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"unicode/utf16"
)

// member is a key and its value: a text, nil, an int64, a bool, raw JSON, a []member or
// a []any.
type member struct {
	key   string
	value any
}

// raw is a value that is JSON already.
type raw string

// writer writes JSON in one form.
type writer struct {
	escape func(b *strings.Builder, c rune) // a character of a string
	space  func() string                    // between tokens
	comma  string
	colon  string
}

func noSpace() string { return "" }

// python is json.dumps: of its separators, the leaves have compact ones.
func python(comma, colon string) *writer {
	return &writer{escape: escapePython, space: noSpace, comma: comma, colon: colon}
}

// canonical is RFC 8785, and serde_json.
func canonical() *writer {
	return &writer{escape: escapeCanonical, space: noSpace, comma: ",", colon: ":"}
}

// free writes each character and each space in a form of its own.
func free(r *rand.Rand) *writer {
	escaped, spaced := pick(r, []float64{0, 0.1, 1}), pick(r, []float64{0, 0.1, 1})
	return &writer{
		escape: func(b *strings.Builder, c rune) {
			if chance(r, escaped) {
				escapeFreely(r, b, c)
			} else {
				escapeCanonical(b, c)
			}
		},
		space: func() string {
			if chance(r, spaced) {
				return pick(r, []string{" ", "\n", "\t", "\r\n", "  "})
			}
			return ""
		},
		comma: ",", colon: ":",
	}
}

func (w *writer) object(members []member) string {
	var b strings.Builder
	w.value(&b, members)
	return b.String()
}

func (w *writer) value(b *strings.Builder, value any) {
	b.WriteString(w.space())
	defer func() { b.WriteString(w.space()) }()
	switch v := value.(type) {
	case nil:
		b.WriteString("null")
	case text:
		w.text(b, v)
	case string:
		w.text(b, text(v))
	case raw:
		b.WriteString(string(v))
	case []member:
		b.WriteByte('{')
		for i, m := range v {
			if i > 0 {
				b.WriteString(w.comma)
			}
			b.WriteString(w.space())
			w.text(b, text(m.key))
			b.WriteString(w.space() + w.colon)
			w.value(b, m.value)
		}
		b.WriteString("}")
	case []any:
		b.WriteByte('[')
		for i, item := range v {
			if i > 0 {
				b.WriteString(w.comma)
			}
			w.value(b, item)
		}
		b.WriteByte(']')
	default: // an int64 or a bool
		fmt.Fprint(b, v)
	}
}

func (w *writer) text(b *strings.Builder, t text) {
	b.WriteByte('"')
	for _, c := range t {
		w.escape(b, c)
	}
	b.WriteByte('"')
}

// short are the escapes of two characters that all writers use.
var short = map[rune]string{'"': `\"`, '\\': `\\`, '\b': `\b`, '\f': `\f`, '\n': `\n`, '\r': `\r`, '\t': `\t`}

// escapePython writes whatever is not printable ASCII as UTF-16.
func escapePython(b *strings.Builder, c rune) {
	switch s, ok := short[c]; {
	case ok:
		b.WriteString(s)
	case c >= ' ' && c <= '~':
		b.WriteRune(c)
	default:
		escapeUnits(b, c, "%04x")
	}
}

// escapeCanonical writes what must be escaped.
func escapeCanonical(b *strings.Builder, c rune) {
	switch s, ok := short[c]; {
	case ok:
		b.WriteString(s)
	case c < ' ' || utf16.IsSurrogate(c): // of the second, there is no other form
		escapeUnits(b, c, "%04x")
	default:
		b.WriteRune(c)
	}
}

func escapeFreely(r *rand.Rand, b *strings.Builder, c rune) {
	s, ok := short[c]
	switch {
	case ok && chance(r, 0.5):
		b.WriteString(s)
	case c == '/' && chance(r, 0.5):
		b.WriteString(`\/`)
	default:
		escapeUnits(b, c, pick(r, []string{"%04x", "%04X"}))
	}
}

// escapeUnits writes a character as one or two escapes, with hex digits of a format.
func escapeUnits(b *strings.Builder, c rune, digits string) {
	if c < 0x10000 {
		fmt.Fprintf(b, `\u`+digits, c)
		return
	}
	high, low := utf16.EncodeRune(c)
	fmt.Fprintf(b, `\u`+digits+`\u`+digits, high, low)
}
