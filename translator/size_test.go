// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// hostile returns an event whose texts all repeat a character up to a length.
func hostile(character string, length int) translator.Event {
	text := strings.Repeat(character, length/len(character))
	e := full()
	e.Kind, e.TokenID, e.FileID, e.RecipientID, e.IssuerID = text, text, text, text, text
	e.SourceIP, e.UserAgent, e.QualifiedTimestamp, e.DecodeError = text, text, text, text
	e.Extra, e.QuestionName = translator.NormalizeExtra(asText(map[string]any{"qname": text, text: map[string]any{"list": []string{text}}}))
	return e
}

func asText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// characters are those that encoders treat differently.
var characters = []string{"a", "<", "\x01", "\x7f", "\"", "\\", "é", "\u0085", "\u2028", "\u202e", "\u061c", "例", "\U0001f600", "[", ",", "{"}

// A value that is not longer than the limit is left as it is, and nothing is marked.
func TestTruncateLeavesShortValues(t *testing.T) {
	for _, e := range append(sample(t, "edge"), sample(t, "registry")...) {
		before := e
		e.Truncate(translator.DefaultMaxValueBytes)
		require.Equal(t, before, e)
	}
	e := full()
	e.UserAgent = strings.Repeat("a", translator.DefaultMaxValueBytes)
	before := e
	e.Truncate(translator.DefaultMaxValueBytes)
	require.Equal(t, before, e)
}

// A longer one is cut between characters, and its column is marked.
func TestTruncateCutsLongValues(t *testing.T) {
	for _, character := range characters {
		e := full()
		whole := strings.Repeat(character, 200_000/len(character))
		e.UserAgent = whole
		e.Truncated = "kind"
		e.Truncate(translator.DefaultMaxValueBytes)
		assert.Equal(t, "kind,user_agent", e.Truncated)
		assert.LessOrEqual(t, len(e.UserAgent), translator.DefaultMaxValueBytes)
		assert.Greater(t, len(e.UserAgent), translator.DefaultMaxValueBytes-len(character))
		assert.True(t, utf8.ValidString(e.UserAgent))
		assert.True(t, strings.HasPrefix(whole, e.UserAgent))
		before := e
		e.Truncate(translator.DefaultMaxValueBytes)
		assert.Equal(t, before, e, "again")
	}
}

// An object remains one, with the question's name, which is cut as it is in extra.
func TestTruncateExtra(t *testing.T) {
	long := strings.Repeat("é\n", 100_000)
	many := map[string]any{"qtype": "A", "qname": "x.example"}
	for i := range 900 {
		many[fmt.Sprintf("key %d", i)] = strings.Repeat("v", 100)
	}
	for name, object := range map[string]map[string]any{
		"long value":  {"qtype": "A", "qname": "x.example", "a": long},
		"long qname":  {"qtype": "A", "qname": long},
		"long key":    {"qtype": "A", "qname": "x.example", long: "a"},
		"nested":      {"qtype": "A", "qname": "x.example", "a": []any{map[string]any{long: long}}},
		"many keys":   many,
		"many values": {"qtype": "A", "qname": "x.example", "a": make([]int, 100_000)},
	} {
		t.Run(name, func(t *testing.T) {
			e := full()
			e.Extra, e.QuestionName = translator.NormalizeExtra(asText(object))
			e.Truncate(translator.DefaultMaxValueBytes)
			assert.Equal(t, "extra", e.Truncated)
			assert.LessOrEqual(t, len(e.Extra), translator.DefaultMaxValueBytes)
			normal, questionName := translator.NormalizeExtra(e.Extra)
			assert.Equal(t, normal, e.Extra)
			assert.Equal(t, questionName, e.QuestionName)
			assert.Equal(t, "A", e.QuestionType())
			if name != "long qname" {
				assert.Equal(t, "x.example", e.QuestionName)
			}
			assert.NotEmpty(t, e.QuestionName)
		})
	}
	e := full()
	e.Extra, e.QuestionName = translator.NormalizeExtra("[" + strings.Repeat("1,", 100_000) + "1]")
	e.Truncate(translator.DefaultMaxValueBytes)
	assert.Contains(t, e.Extra, `{"raw":"{\"raw\":[1,1,`)
}

// Whatever an event holds, it fits after it was cut, and the most that was announced
// for it before is not less than what it takes.
func TestEncodedSizeBounds(t *testing.T) {
	for _, limit := range []int{64, translator.DefaultMaxValueBytes, 1 << 20} {
		for _, character := range characters {
			for _, length := range []int{1, 50, 5000, 20_000} {
				e := hostile(character, max(length, len(character)))
				before := e.EncodedSize(limit)
				e.Truncate(limit)
				after := e.EncodedSize(limit)
				require.LessOrEqual(t, after, before, "%q × %d, limit %d", character, length, limit)
				require.LessOrEqual(t, after, translator.MaxEventBytes)
				for name, s := range shapes(true) {
					require.Less(t, len(s.json.AppendJSON(nil, &translator.Document{Event: &e})), after, "%s: %q × %d", name, character, length)
				}
			}
		}
	}
}

// The reduced form has nothing of a stranger's, and a uid of its own.
func TestReduce(t *testing.T) {
	e := full()
	e.SourceIP = "[::ffff:203.0.113.7]:51008"
	whole := e
	e.Reduce()
	assert.Equal(t, translator.Event{
		RegistryID: whole.RegistryID, ID: whole.ID, UID: whole.UID + "-reduced", Kind: whole.Kind, TokenID: whole.TokenID,
		SourceIP: "203.0.113.7", Timestamp: whole.Timestamp, TlogIndex: whole.TlogIndex, HasTlogIndex: true,
		TlogStatus: whole.TlogStatus, TlogMismatch: whole.TlogMismatch, Observed: whole.Observed,
		Reduced: "file_id,recipient_id,issuer_id,source_ip,user_agent,extra,qualified_timestamp",
	}, e)

	for _, text := range []string{"<script>", "a b", "é", "\x00", strings.Repeat("a", 65), "a.b", "../../x"} {
		e := translator.Event{ID: 1, UID: "u", Kind: text, TokenID: text, SourceIP: text, Observed: time.Unix(1, 0)}
		e.Reduce()
		assert.Equal(t, translator.Event{ID: 1, UID: "u-reduced", Reduced: "token_id,kind,source_ip", Observed: time.Unix(1, 0)}, e)
	}
}

// An address is found in whatever form a web server writes it.
func TestAddress(t *testing.T) {
	for text, want := range map[string]string{
		"203.0.113.7": "203.0.113.7", "203.0.113.7:51008": "203.0.113.7", "::ffff:203.0.113.7": "203.0.113.7",
		"[2001:db8::1]:443": "2001:db8::1", "[2001:db8::1]": "2001:db8::1", "2001:DB8::1": "2001:DB8::1", "fe80::1%eth0": "fe80::1",
		"[::ffff:203.0.113.7]:1": "203.0.113.7",
		"":                       "", "unknown": "", "203.0.113.7, 10.0.0.1": "", "203.0.113.7:x": "", strings.Repeat("1:", 10_000): "",
	} {
		e := translator.Event{SourceIP: text}
		assert.Equal(t, want, e.Address(), text)
		if want == text {
			want = ""
		}
		assert.Equal(t, want, e.OtherAddress(), text)
	}
}

func BenchmarkEncodedSize(b *testing.B) {
	events := sample(b, "registry")
	sum := 0
	for b.Loop() {
		for i := range events {
			sum += events[i].EncodedSize(translator.DefaultMaxValueBytes)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(events)), "ns/event")
}

func BenchmarkTruncate(b *testing.B) {
	events := sample(b, "registry")
	for b.Loop() {
		for i := range events {
			events[i].Truncate(translator.DefaultMaxValueBytes)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(events)), "ns/event")
}
