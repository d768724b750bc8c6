// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build content && unix

package elasticpackage

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/ecs"
)

// stranger returns the documents of events with what a stranger chose, one for each text.
func stranger(texts []string, set func(e *translator.Event, text string)) (documents [][]byte) {
	shape := ecs.Translator{Extended: true}
	for i, text := range texts {
		e := translator.Event{
			RegistryID: "r", ID: int64(i + 1), UID: fmt.Sprintf("%032x", i+1), Kind: "http_img", TokenID: "t", SourceIP: "198.51.100.7",
			Timestamp: time.Unix(1767225600, 0), Observed: time.Unix(1767225601, 0),
		}
		set(&e, text)
		documents = append(documents, shape.AppendJSON(nil, &translator.Document{Event: &e}))
	}
	return documents
}

// hostile are texts that break parsers.
func hostile() []string {
	return []string{
		"", " ", ".", "..", "a..b", ".a", "a.", "-", "\x00", "a\x00b", "\u202e", "\ufeff", "\U0001f600", "null", "true", "0", "-1", "1e999", "NaN",
		"{{{_ingest.timestamp}}}", "{{event.kind}}", "{}", "[]", `{"a":1}`, `"`, `\`, "'", "<script>", "${x}", "%s%n", "${jndi:ldap://x}",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36", "curl/8.0",
		strings.Repeat("(", 1024), strings.Repeat("Mozilla/5.0 ", 1300), strings.Repeat("a", 16384), strings.Repeat("a.", 8000), strings.Repeat("\u00e4", 5000),
		"x.example.co.uk", "xn--bcher-kva.example", "EXAMPLE.ORG.", "1.2.3.4", "::1", "fe80::1%eth0", "203.0.113.9:443", "[2001:db8::1]:80", "1.2.3.4, 5.6.7.8",
		"unix:/tmp/x", "999.999.999.999", "0x7f.1", "::ffff:203.0.113.9", "a\nb", "a\r\nb", "a\tb", "\u2028", strings.Repeat("9", 400),
	}
}

// Whatever a stranger sends as user agent, address, name, token or kind: the document is
// kept, and no rule loses sight of it.
func TestTextsOfStrangersAreKept(t *testing.T) {
	for name, set := range map[string]func(e *translator.Event, text string){
		"user agent": func(e *translator.Event, text string) { e.UserAgent = text },
		"address":    func(e *translator.Event, text string) { e.SourceIP = text },
		"token":      func(e *translator.Event, text string) { e.TokenID = text },
		"kind":       func(e *translator.Event, text string) { e.Kind = text },
		"name": func(e *translator.Event, text string) {
			extra, err := json.Marshal(map[string]string{"qname": text, "qtype": text})
			if err != nil {
				panic(err)
			}
			e.Kind = "dns"
			e.Extra, e.QuestionName = translator.NormalizeExtra(string(extra))
		},
		"extra": func(e *translator.Event, text string) {
			text = strings.ToValidUTF8(text[:min(len(text), 4000)], "") // the receiver cuts extra at 16,384 bytes
			extra, err := json.Marshal(map[string]any{text: text, "a": map[string]any{text: []any{text, 1, nil, true}}})
			if err != nil {
				panic(err)
			}
			e.Extra, e.QuestionName = translator.NormalizeExtra(string(extra))
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := installed(t)
			before := createStreams(t, n)
			documents := stranger(hostile(), set)
			stored := send(t, n, documents)
			for _, document := range documents {
				source := stored[uid(t, document)]
				requireKept(t, document, source)
				assert.Equal(t, "event", at(source, "event.kind"))
			}
			assert.Equal(t, before, mappings(t, n))
		})
	}
}

// A thousand rows with keys of their own add no field.
func TestExtraKeysAddNoFields(t *testing.T) {
	n := installed(t)
	before := createStreams(t, n)
	texts := make([]string, 1000)
	for i := range texts {
		texts[i] = fmt.Sprintf("key-%d", i)
	}
	documents := stranger(texts, func(e *translator.Event, text string) {
		e.Extra, e.QuestionName = translator.NormalizeExtra(fmt.Sprintf(`{%q: 1, "%s.b.c": {"d": [%q]}, "same": %q}`, text, text, text, text))
	})
	stored := send(t, n, documents)
	assert.Equal(t, before, mappings(t, n))
	assert.Len(t, stored, 1000)
	assert.Equal(t, 1, n.Count(t, "logs-oversight.beacon-default", `{"term": {"oversight.extra.same": "key-17"}}`))
}
