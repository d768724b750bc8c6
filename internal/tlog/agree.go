// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"encoding/binary"
	"strings"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// kindDNS is the kind of beacon whose leaf has a question and no user agent.
const kindDNS = "dns"

// agrees reports whether a leaf is, byte for byte, the one that a registry writes
// for the row, which nearly all are. That is faster than parsing it. Where it is
// not, or there is anything in it that JSON would escape, nothing is said.
func agrees(leaf string, e *translator.Event) bool {
	m := matcher{rest: leaf, ok: true}
	m.literal(`{"event":"beacon"`)
	m.quotes += 4
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
	// A column could hold what ends a text and begins another key. Then there are
	// more quotation marks than those of the keys and texts.
	return m.ok && m.rest == "" && strings.Count(leaf, `"`) == m.quotes && strings.IndexByte(leaf, '\\') < 0 && !hasControl(leaf)
}

// matcher compares a text with its parts.
type matcher struct {
	rest   string
	quotes int // in the parts
	ok     bool
}

func (m *matcher) literal(part string) {
	if m.ok = m.ok && strings.HasPrefix(m.rest, part); m.ok {
		m.rest = m.rest[len(part):]
	}
}

// text matches a key and its value. An empty one is null or a text.
func (m *matcher) text(key, value string) {
	m.literal(key)
	m.quotes += 2
	if value == "" && strings.HasPrefix(m.rest, `null`) {
		m.literal(`null`)
		return
	}
	m.literal(`"`)
	m.literal(value)
	m.literal(`"`)
	m.quotes += 2
}

// hasControl reports whether there is a byte below 0x20.
func hasControl(text string) bool {
	for len(text) >= 8 {
		word := binary.LittleEndian.Uint64([]byte(text[:8]))
		if (word-0x20*everyByte)&^word&highBits != 0 {
			return true
		}
		text = text[8:]
	}
	for i := range len(text) {
		if text[i] < 0x20 {
			return true
		}
	}
	return false
}
