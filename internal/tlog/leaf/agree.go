// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package leaf

import (
	"encoding/binary"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// kindDNS is the kind of beacon whose leaf has qname and qtype and no user_agent.
const kindDNS = "dns"

// Agrees reports whether a leaf is, byte for byte, what a registry writes for the
// row, in the canonical form of RFC 8785. Nearly all are, and this is faster than
// parsing. False says nothing: see [Beacon.Mismatch]. The row must not have values
// that are too long to be read whole.
func Agrees(leaf string, e *translator.Event) bool {
	m := matcher{rest: leaf, ok: true}
	m.literal(`{"event":"beacon"`)
	m.text(`,"file_id":`, e.FileID)
	m.text(`,"kind":`, e.Kind)
	if e.Kind == kindDNS {
		m.text(`,"qname":`, e.QuestionName)
		m.text(`,"qtype":`, e.QuestionType())
	}
	m.text(`,"recipient_id":`, e.RecipientID)
	m.text(`,"source_ip":`, e.SourceIP)
	m.text(`,"timestamp":`, e.QualifiedTimestamp)
	m.text(`,"token_id":`, e.TokenID)
	if e.Kind != kindDNS {
		m.text(`,"user_agent":`, e.UserAgent)
	}
	m.literal(`}`)
	return m.ok && m.rest == ""
}

// MayBeBeacon reports whether a leaf has the key that all leaves of beacon
// callbacks have, without parsing it. A string within a leaf cannot hold it, since
// its quotation marks are escaped.
func MayBeBeacon(text string) bool { return strings.Contains(text, `"event":"beacon"`) }

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

// text matches a key and its value. An empty one is null or "".
func (m *matcher) text(key, value string) {
	m.literal(key)
	switch {
	case value == "" && strings.HasPrefix(m.rest, `null`):
		m.literal(`null`)
	case isPlain(value):
		m.literal(`"`)
		m.literal(value)
		m.literal(`"`)
	default:
		quoted, err := jsontext.AppendQuote(nil, value) // in the form of RFC 8785, 3.2.2.2
		m.literal(string(quoted))
		m.ok = m.ok && err == nil
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
