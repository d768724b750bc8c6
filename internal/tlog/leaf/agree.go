// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package leaf

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// kindDNS is the kind of beacon whose leaf has qname and qtype and no user_agent.
const kindDNS = "dns"

// Agrees reports whether a leaf says what the row does and has the keys, their order and
// the separators of all registries that are known, whichever escapes its strings have:
// RFC 8785 and Python's json.dumps differ in these only. Nearly all leaves do, and this
// is faster than parsing. False says nothing: see [Beacon.Mismatch]. The row must not
// have values that are too long to be read whole.
func Agrees(leaf string, e *translator.Event) bool {
	if e.HasInvalid() {
		return false
	}
	m := matcher{rest: leaf, ok: true}
	m.literal(`{"event":"beacon"`)
	m.text(`,"file_id":`, e.FileID)
	m.text(`,"kind":`, e.Kind)
	if e.Kind == kindDNS {
		m.question(e)
	}
	m.text(`,"recipient_id":`, e.RecipientID)
	m.text(`,"source_ip":`, e.SourceIP)
	m.text(`,"timestamp":`, e.QualifiedTimestamp)
	m.text(`,"token_id":`, e.TokenID)
	if e.Kind != kindDNS {
		m.text(`,"user_agent":`, e.UserAgent)
	}
	m.literal(`}`)
	return m.ok && m.rest == "" && timesAgree(e.QualifiedTimestamp, e)
}

// MayBeBeacon reports whether a leaf may be that of a beacon callback, without parsing
// it: whether "beacon" is in it, or an escape that may stand for one of its letters,
// which are U+0061 to U+006F. It is never false for such a leaf.
func MayBeBeacon(text []byte) bool {
	return bytes.Contains(text, []byte(`"`+eventBeacon+`"`)) || bytes.Contains(text, []byte(`\u006`))
}

// matcher compares a text with the parts that it should consist of.
type matcher struct {
	rest string
	ok   bool // until now
}

func (m *matcher) literal(part string) {
	if m.ok = m.ok && strings.HasPrefix(m.rest, part); m.ok {
		m.rest = m.rest[len(part):]
	}
}

// question matches the keys of DNS queries. An empty value agrees with null only if
// extra has null, too, since its value may be none that the event has: a number.
func (m *matcher) question(e *translator.Event) {
	questionType := e.QuestionType()
	m.text(`,"qname":`, e.QuestionName)
	m.text(`,"qtype":`, questionType)
	if e.QuestionName == "" {
		m.ok = m.ok && hasNull(e.Extra, `"qname":null`)
	}
	if questionType == "" {
		m.ok = m.ok && hasNull(e.Extra, `"qtype":null`)
	}
}

// hasNull reports whether a normalized extra is empty, or one object that has this
// member. False says nothing.
func hasNull(extra, member string) bool {
	return extra == "" || strings.IndexByte(extra[1:], '{') < 0 && strings.Contains(extra, member)
}

// text matches a key and its value. An empty one is null or "".
func (m *matcher) text(key, value string) {
	m.literal(key)
	n := len(value)
	switch {
	case !m.ok:
	case value == "" && strings.HasPrefix(m.rest, `null`):
		m.literal(`null`)
	case len(m.rest) >= n+2 && m.rest[0] == '"' && m.rest[n+1] == '"' && m.rest[1:n+1] == value && isPlain(value):
		m.rest = m.rest[n+2:]
	default:
		m.rest, m.ok = cutString(m.rest, value)
	}
}

// isPlain reports whether JSON escapes none of the bytes in a string.
func isPlain(text string) bool {
	for ; len(text) >= 8; text = text[8:] {
		if special(binary.LittleEndian.Uint64([]byte(text[:8]))) != 0 {
			return false
		}
	}
	for i := range len(text) {
		if !plain[text[i]] {
			return false
		}
	}
	return true
}
