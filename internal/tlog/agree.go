// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"encoding/binary"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// kindDNS is the kind of beacon whose leaf has a question and no user agent.
const kindDNS = "dns"

// agrees reports whether a leaf is, byte for byte, the one that a registry writes
// for the row, in the canonical form of RFC 8785, which nearly all are. That is
// faster than parsing it. A leaf that is not may agree all the same.
func agrees(leaf string, e *translator.Event) bool {
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

// matcher compares a text with its parts.
type matcher struct {
	rest string
	ok   bool
}

func (m *matcher) literal(part string) {
	if m.ok = m.ok && strings.HasPrefix(m.rest, part); m.ok {
		m.rest = m.rest[len(part):]
	}
}

// text matches a key and its value. An empty one is null or a text.
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
		quoted, err := jsontext.AppendQuote(nil, value) // as RFC 8785, 3.2.2.2, has it
		m.literal(string(quoted))
		m.ok = m.ok && err == nil
	}
}

// isPlain reports whether all bytes stand for themselves in a JSON string.
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
