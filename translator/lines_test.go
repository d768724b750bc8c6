// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// unsafe are characters at which readers of lines split, which drive a terminal, or
// which change what it shows of the text after them.
func unsafe(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
}

// No line that is written has such a character, wherever it is in an event and in
// what a pipeline adds, and the values remain the same.
func TestLinesAreSafe(t *testing.T) {
	var all strings.Builder
	for r := range unicode.MaxRune {
		if unsafe(r) || r%1009 == 0 && r != 0 && (r < 0xd800 || r > 0xdfff) {
			fmt.Fprintf(&all, "%c", r)
		}
	}
	text := all.String()
	for _, text := range []string{text, "a" + text, "1234567\u007f", "12345678\u0085", "\u202e", "12345678\u202e12345678"} {
		e := full()
		e.Kind, e.TokenID, e.FileID, e.RecipientID, e.IssuerID = text, text, text, text, text
		e.SourceIP, e.UserAgent, e.QualifiedTimestamp, e.DecodeError = text, text, text, text
		e.Extra, e.QuestionName = translator.NormalizeExtra(asText(map[string]any{"qname": text, "a" + text: text, "list": []string{text}}))
		resource, record := toRecord(e)
		record.Attributes().PutStr("b"+text, text)
		record.Attributes().PutEmptyMap("map").PutStr("b"+text, text)
		for name, s := range shapes(true) {
			line := appendRecord(s.json, resource, record)
			require.Equal(t, -1, strings.IndexFunc(string(line), unsafe), "%s: %q", name, line)
			document := flatten(t, line)
			paths := map[string][]string{
				"splunk":   {"event.user_agent", "event.token_id", "fields.file_id", "fields.b" + text},
				"ecs":      {"user_agent.original", "labels.oversight_token_id", "source.address"},
				"sentinel": {"UserAgent", "TokenId", "AdditionalFields.b" + text},
			}[name]
			for _, path := range paths {
				require.Equal(t, text, document[path], path)
			}
		}
		line := appendRecord(shapes(true)["splunk"].json, resource, record)
		var document struct {
			Event struct{ Extra map[string]any }
		}
		require.NoError(t, json.Unmarshal(line, &document))
		assert.Equal(t, map[string]any{"qname": text, "a" + text: text, "list": []any{text}}, document.Event.Extra)
	}
	assert.True(t, slices.ContainsFunc([]rune(text), unsafe))
}
