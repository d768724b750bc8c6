// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// An extra that Elasticsearch or Logstash would refuse, or after which an index
// without a template would refuse those that registries write, is a text in the
// extended shape. The shape of the registry's own exporter is left as it is.
func TestExtraThatElasticRefuses(t *testing.T) {
	nested := func(depth int) string { return strings.Repeat(`{"a":`, depth) + "1" + strings.Repeat("}", depth) }
	for extra, fits := range map[string]bool{
		`{"qtype":"A","qname":"x.example"}`: true, `{"qname":"x.example","qtype":null}`: true, `{"a":{"qname":{}},"b.c":[1]}`: true,
		`{"qtype":"A","qname":"x\\\"}"}`: true, nested(20): true,
		`{"qname":{"a":"b"}}`: false, `{"qname":5}`: false, `{"qtype":["A"]}`: false, `{"qtype":"A","qname":true}`: false,
		`{"qname.x":"a"}`: false, `{"qtype":"A","qname":"x","qname.x":"a"}`: false,
		`{"a\u0000":1}`: false, `{"a":[{"b\u0000":1}]}`: false, `{"a[b]":1}`: false, `{"a]":1}`: false, `{"":1}`: false, `{"a..b":1}`: false, `{".a":1}`: false,
		nested(21): false,
	} {
		e := full()
		e.Extra, e.QuestionName = translator.NormalizeExtra(extra)
		require.Equal(t, extra, e.Extra)
		for _, extended := range []bool{false, true} {
			s := shapes(extended)["ecs"]
			line := s.json.AppendJSON(nil, &translator.Document{Event: &e})
			want := `"extra":` + extra
			if extended && !fits {
				want = `"extra":` + asText(map[string]any{"raw": extra})
			}
			assert.Contains(t, string(line), want+"}")
			assert.JSONEq(t, string(line), asJSON(t, s.translate(toRecord(e))))
		}
	}
}

// The name of a DNS question is escaped as ECS asks.
func TestQuestionNameIsEscaped(t *testing.T) {
	for name, want := range map[string]string{
		"x.example": "x.example", "a b~": "a b~", "\x00\x1f\x7f.x": `\000\031\127.x`, "\t\r\n": `\t\r\n`, `a\b"c`: `a\\b\"c`,
		"bü.example": `b\195\188.example`, "": "",
	} {
		e := translator.Event{ID: 1, Kind: "dns"}
		e.Extra, e.QuestionName = translator.NormalizeExtra(asText(map[string]any{"qname": name}))
		document := flatten(t, shapes(true)["ecs"].json.AppendJSON(nil, &translator.Document{Event: &e}))
		got, _ := document["dns.question.name"].(string)
		assert.Equal(t, want, got)
		assert.Equal(t, map[string]any{"qname": name}, document["oversight.extra"])
	}
}

// Attributes that a pipeline adds are all there, whatever their names.
func TestNamesOfExtraAttributes(t *testing.T) {
	resource, record := toRecord(full())
	for _, name := range []string{"", " ", "a.b", "a_b", "a[b", "a\x00b", "oversight_token_id", "file_id", "unnamed"} {
		record.Attributes().PutStr(name, "value of "+name)
	}
	resource.Attributes().PutStr("a]b", "value of a]b")
	line := func(shape string) map[string]any {
		return flatten(t, appendRecord(shapes(true)[shape].json, resource, record))
	}
	ecs := line("ecs")
	for label, want := range map[string]string{
		"unnamed": "value of ", "unnamed_2": "value of  ", "unnamed_3": "value of unnamed",
		"a_b": "value of a.b", "a_b_2": "value of a_b", "a_b_3": "value of a[b", "a_b_4": "value of a\x00b", "a_b_5": "value of a]b",
		"oversight_token_id": "token", "oversight_token_id_2": "value of oversight_token_id", "file_id": "value of file_id",
	} {
		assert.Equal(t, want, ecs["labels."+label], label)
	}
	hec := line("splunk")
	assert.Equal(t, "value of ", hec["fields.unnamed_2"])
	assert.Equal(t, "value of unnamed", hec["fields.unnamed"])
	assert.NotContains(t, hec, "fields.")
}

// The address that is in a source_ip is in the extended shapes, beside what the
// registry wrote.
func TestSourceIPForms(t *testing.T) {
	for text, address := range map[string]string{
		"203.0.113.7": "", "2001:db8::1": "", "unknown": "",
		"203.0.113.7:51008": "203.0.113.7", "::ffff:203.0.113.7": "203.0.113.7", "[2001:db8::1]:443": "2001:db8::1", "[2001:db8::1]": "2001:db8::1",
	} {
		e := translator.Event{ID: 1, Kind: "dns", SourceIP: text}
		get := func(shape, path string, extended bool) any {
			s := shapes(extended)[shape]
			line := s.json.AppendJSON(nil, &translator.Document{Event: &e})
			require.JSONEq(t, string(line), asJSON(t, s.translate(toRecord(e))))
			return flatten(t, line)[path]
		}
		want := any(address)
		if address == "" {
			want = nil
		}
		for _, extended := range []bool{true, false} {
			assert.Equal(t, text, get("splunk", "event.source_ip", extended))
			assert.Equal(t, text, get("sentinel", "SourceIp", extended))
			if !extended {
				want = nil
			}
			assert.Equal(t, want, get("splunk", "event.src_ip", extended))
			assert.Equal(t, want, get("sentinel", "SourceAddress", extended))
		}
		assert.Equal(t, text, get("ecs", "source.address", true))
		switch text {
		case "unknown":
			assert.Nil(t, get("ecs", "source.ip", true))
		case "203.0.113.7", "2001:db8::1", "::ffff:203.0.113.7": // Elasticsearch takes these as they are
			assert.Equal(t, text, get("ecs", "source.ip", true))
			assert.Equal(t, text, get("ecs", "source.ip", false))
			assert.Nil(t, get("ecs", "source.address", false))
		default:
			assert.Equal(t, address, get("ecs", "source.ip", true))
			assert.Equal(t, text, get("ecs", "source.address", false))
			assert.Nil(t, get("ecs", "source.ip", false))
		}
		if related, ok := get("ecs", "related.ip", true).([]any); ok {
			require.Len(t, related, 1)
			if address == "" {
				address = text
			}
			assert.Equal(t, address, related[0])
		} else {
			assert.Equal(t, "unknown", text)
		}
	}
}
