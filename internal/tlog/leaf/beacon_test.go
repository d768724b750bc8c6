// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package leaf_test

import (
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog/leaf"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

const (
	dnsLeaf = `{"event":"beacon","file_id":"f","kind":"dns","qname":"q.example","qtype":"AAAA",` +
		`"recipient_id":"r","source_ip":"192.0.2.1","timestamp":"2026-01-02T03:04:05Z","token_id":"t"}`
	webLeaf = `{"event":"beacon","file_id":null,"kind":"ocsp","recipient_id":null,` +
		`"source_ip":"192.0.2.1","timestamp":"2026-01-02T03:04:05Z","token_id":"t","user_agent":"a \"b\" \u001f"}`
)

func dnsEvent() translator.Event {
	extra, name := translator.NormalizeExtra(`{"qtype": "AAAA", "qname": "q.example"}`)
	return translator.Event{
		Kind: "dns", TokenID: "t", FileID: "f", RecipientID: "r", SourceIP: "192.0.2.1",
		Extra: extra, QuestionName: name, QualifiedTimestamp: "2026-01-02T03:04:05Z",
	}
}

func webEvent() translator.Event {
	return translator.Event{
		Kind: "ocsp", TokenID: "t", SourceIP: "192.0.2.1", UserAgent: "a \"b\" \x1f", QualifiedTimestamp: "2026-01-02T03:04:05Z",
	}
}

func parse(t *testing.T, text string) leaf.Beacon {
	t.Helper()
	var beacon leaf.Beacon
	isBeacon, err := leaf.ParseBeacon(text, &beacon)
	require.NoError(t, err)
	require.True(t, isBeacon)
	return beacon
}

func TestAgreeingRows(t *testing.T) {
	dns, web := parse(t, dnsLeaf), parse(t, webLeaf)
	dnsRow, webRow := dnsEvent(), webEvent()
	assert.Empty(t, dns.Mismatch(&dnsRow))
	assert.Empty(t, web.Mismatch(&webRow))
	dnsRow.UserAgent = "leaves of dns beacons have none"
	assert.Empty(t, dns.Mismatch(&dnsRow))
}

func TestEveryFieldIsCompared(t *testing.T) {
	for name, change := range map[string]func(*translator.Event){
		"kind":                func(e *translator.Event) { e.Kind = "x" },
		"token_id":            func(e *translator.Event) { e.TokenID = "" },
		"file_id":             func(e *translator.Event) { e.FileID = "x" },
		"recipient_id":        func(e *translator.Event) { e.RecipientID = "x" },
		"source_ip":           func(e *translator.Event) { e.SourceIP = "192.0.2.2" },
		"extra.qname":         func(e *translator.Event) { e.QuestionName = "" },
		"extra.qtype":         func(e *translator.Event) { e.Extra = "" },
		"qualified_timestamp": func(e *translator.Event) { e.QualifiedTimestamp += "x" },
	} {
		beacon, row := parse(t, dnsLeaf), dnsEvent()
		change(&row)
		assert.Equal(t, name, beacon.Mismatch(&row))
	}
	beacon, row := parse(t, webLeaf), webEvent()
	row.UserAgent = ""
	assert.Equal(t, "user_agent", beacon.Mismatch(&row))
	beacon = parse(t, dnsLeaf)
	assert.Equal(t, "kind,token_id,file_id,recipient_id,source_ip,extra.qname,extra.qtype,qualified_timestamp",
		beacon.Mismatch(&translator.Event{}))
}

func TestNullAbsentAndEmptyAreTheSame(t *testing.T) {
	row := dnsEvent()
	row.FileID, row.RecipientID, row.SourceIP, row.QuestionName, row.Extra = "", "", "", "", ""
	for _, value := range []string{`null`, `""`} {
		text := `{"event":"beacon","file_id":V,"kind":"dns","qname":V,"qtype":V,"recipient_id":V,"source_ip":V,"timestamp":"2026-01-02T03:04:05Z","token_id":"t"}`
		beacon := parse(t, strings.ReplaceAll(text, "V", value))
		assert.Empty(t, beacon.Mismatch(&row))
	}
	beacon := parse(t, `{"event":"beacon","kind":"dns","timestamp":"2026-01-02T03:04:05Z","token_id":"t"}`)
	assert.Empty(t, beacon.Mismatch(&row))
	row = dnsEvent()
	assert.Equal(t, "file_id,recipient_id,source_ip", beacon.Mismatch(&row), "optional keys that the leaf lacks are not compared")
	beacon = parse(t, `{"event":"beacon"}`)
	assert.Equal(t, "kind,token_id,file_id,recipient_id,source_ip,qualified_timestamp", beacon.Mismatch(&row))
}

func TestValuesThatAreNotStrings(t *testing.T) {
	row := translator.Event{}
	for _, value := range []string{"1", "-1.5", "true", "false", "[]", "{}", `{"a":[null]}`} {
		beacon := parse(t, `{"event":"beacon","kind":`+value+`}`)
		assert.Equal(t, "kind", beacon.Mismatch(&row), value)
	}
}

func TestUnknownKeysAreIgnored(t *testing.T) {
	text := strings.Replace(webLeaf, `,"file_id"`, `,"f":{"kind":"x"},"fi":[1],"file_id"`, 1)
	text = strings.TrimSuffix(text, "}") + `,"é":1,"😀":-0.5,"ﬀ":1e+30}`
	beacon, row := parse(t, text), webEvent()
	assert.Empty(t, beacon.Mismatch(&row))
}

func TestOtherLeaves(t *testing.T) {
	for _, text := range []string{`{}`, `{"event":"register","kind":"x","n":4}`, `{"event":null}`, `{"event":["beacon"]}`, `{"kind":"dns"}`} {
		beacon := leaf.Beacon{Kind: "left over"}
		isBeacon, err := leaf.ParseBeacon(text, &beacon)
		require.NoError(t, err, text)
		assert.False(t, isBeacon, text)
		assert.Equal(t, leaf.Beacon{}, beacon)
	}
}

func TestNonCanonicalLeaves(t *testing.T) {
	for name, text := range map[string]string{
		"white space":             `{"event": "beacon"}`,
		"newline":                 "{\"event\":\"beacon\"}\n",
		"order":                   `{"kind":"dns","event":"beacon"}`,
		"repeated":                `{"event":"beacon","event":"beacon"}`,
		"escaped letter":          `{"event":"\u0062eacon"}`,
		"escaped slash":           `{"event":"a\/"}`,
		"long escape":             `{"event":"\u000a"}`,
		"upper case in an escape": `{"event":"\u001F"}`,
		"raw control character":   "{\"event\":\"\x1f\"}",
		"not UTF-8":               "{\"event\":\"\xff\"}",
		"half a pair":             `{"event":"\ud800"}`,
		"number":                  `{"event":1.0}`,
		"leading zero":            `{"event":01}`,
		"minus zero":              `{"event":-0}`,
		"long integer":            `{"event":9007199254740993}`,
		"array":                   `[]`,
		"string":                  `"beacon"`,
		"nothing":                 "",
		"cut off":                 `{"event":"beacon"`,
		"cut off in a key":        `{"event`,
		"cut off in a string":     `{"event":"bea`,
		"cut off in an escape":    `{"event":"bea\u00`,
		"comma":                   `{"event":"beacon",}`,
		"something after it":      `{"event":"beacon"}{}`,
		"order by UTF-16":         "{\"event\":1,\"\ufb33\":1,\"😀\":1}",
	} {
		var beacon leaf.Beacon
		isBeacon, err := leaf.ParseBeacon(text, &beacon)
		require.Error(t, err, name)
		assert.False(t, isBeacon, name)
	}
}

func BenchmarkParseBeacon(b *testing.B) {
	var parsed leaf.Line
	require.NoError(b, leaf.ParseLine(sampleLines(b)[100], &parsed))
	var beacon leaf.Beacon
	text := string(parsed.Data)
	b.SetBytes(int64(len(parsed.Data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := leaf.ParseBeacon(text, &beacon); err != nil {
			b.Fatal(err)
		}
	}
}

// longRow is a row whose values in these columns are of that size, cut off after 16
// bytes.
func longRow(row translator.Event, values map[string]string) translator.Event {
	row.Long = &translator.LongValues{}
	for column, text := range values {
		row.Long.Columns = append(row.Long.Columns, translator.LongValue{Column: column, Bytes: int64(len(text)), SHA256: sha256.Sum256([]byte(text))})
	}
	return row
}

func TestLongValuesAreComparedByHash(t *testing.T) {
	agent := strings.Repeat("long ", 400_000)
	leafOf := func(agent string) leaf.Beacon {
		beacon := parse(t, webLeaf)
		beacon.UserAgent = agent
		return beacon
	}
	row := webEvent()
	row.UserAgent = agent[:16]
	row = longRow(row, map[string]string{"user_agent": agent})
	same, other, short := leafOf(agent), leafOf(agent[:len(agent)-1]+"x"), leafOf(row.UserAgent)
	assert.Empty(t, same.Mismatch(&row))
	assert.Equal(t, "user_agent", other.Mismatch(&row))
	assert.Equal(t, "user_agent", short.Mismatch(&row), "the beginning is not the value")
	row.TokenID = "x"
	assert.Equal(t, "token_id", same.Mismatch(&row), "other columns are compared as ever")

	dns := dnsEvent()
	dns.UserAgent = agent[:16]
	dns = longRow(dns, map[string]string{"user_agent": agent})
	beacon := parse(t, dnsLeaf)
	assert.Empty(t, beacon.Mismatch(&dns), "leaves of dns beacons have no user agent")

	nonString := parse(t, strings.Replace(webLeaf, `"token_id":"t"`, `"token_id":7`, 1))
	row = longRow(webEvent(), map[string]string{"token_id": ""})
	assert.Equal(t, "token_id", nonString.Mismatch(&row))
}

// What qname and qtype are in an extra that is too long to be parsed is not known.
func TestLongExtraIsNotCompared(t *testing.T) {
	row := dnsEvent()
	row.Extra, row.QuestionName = `{"raw":"{\"qname\":"}`, ""
	row = longRow(row, map[string]string{"extra": strings.Repeat("x", 2_000_000)})
	beacon := parse(t, dnsLeaf)
	assert.Empty(t, beacon.Mismatch(&row))
	row.Kind = "x"
	assert.Equal(t, "kind", beacon.Mismatch(&row))
	nonString := parse(t, strings.Replace(dnsLeaf, `"qname":"q.example"`, `"qname":7`, 1))
	row.Kind = "dns"
	assert.Equal(t, "extra.qname", nonString.Mismatch(&row))
}
