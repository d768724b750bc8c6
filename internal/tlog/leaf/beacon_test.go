// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package leaf_test

import (
	"crypto/sha256"
	"strings"
	"testing"
	"time"

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

// The bytes of a leaf are fixed by its hash, so that its form does not matter.
func TestFormsOfLeaves(t *testing.T) {
	row := dnsEvent()
	row.RecipientID = "a/é😀\x7f"
	for name, text := range map[string]string{
		"RFC 8785":           `"recipient_id":"a/é😀` + "\x7f" + `","source_ip":"192.0.2.1"`,
		"Python":             `"recipient_id":"a/\u00e9\ud83d\ude00\u007f","source_ip":"192.0.2.1"`,
		"upper case":         `"recipient_id":"a/\u00E9\uD83D\uDE00\u007F","source_ip":"192.0.2.1"`,
		"escaped slash":      `"recipient_id":"a\/\u00e9\ud83d\ude00\u007f","source_ip":"192.0.2.1"`,
		"escaped letter":     `"recipient_id":"\u0061/\u00e9\ud83d\ude00\u007f","source_ip":"192.0.2.1"`,
		"escaped key":        `"recipi\u0065nt_id":"a/\u00e9\ud83d\ude00\u007f","source_ip":"192.0.2.1"`,
		"another order":      `"source_ip":"192.0.2.1","recipient_id":"a/é😀` + "\x7f" + `"`,
		"white space":        "\r\n\t\"recipient_id\"\n:\t\"a/é😀\x7f\" , \"source_ip\"  :\"192.0.2.1\" ",
		"unknown keys":       `"recipient_id":"a/é😀` + "\x7f" + `","source_ip":"192.0.2.1","x":[1.0,1e400,-0,{"kind":"x"}],"y":null,"":9007199254740993`,
		"half a pair":        `"recipient_id":"a/é😀` + "\x7f" + `","source_ip":"192.0.2.1","x":"\ud800"`,
		"keys by code point": `"recipient_id":"a/é😀` + "\x7f" + `","source_ip":"192.0.2.1",` + "\"\ufb33\":1,\"😀\":1",
	} {
		text = `{"event":"beacon","file_id":"f","kind":"dns","qname":"q.example","qtype":"AAAA",` + text + `,"timestamp":"2026-01-02T03:04:05Z","token_id":"t"}`
		for _, form := range []string{text, text + "\n", strings.Replace(text, `"event":"beacon"`, `"\u0065vent" : "beac\u006Fn"`, 1)} {
			assert.True(t, leaf.MayBeBeacon([]byte(form)), name)
			beacon := parse(t, form)
			assert.Empty(t, beacon.Mismatch(&row), name)
		}
	}
}

func TestLeavesThatAreNoObject(t *testing.T) {
	for name, text := range map[string]string{
		"repeated":                    `{"event":"beacon","event":"beacon"}`,
		"repeated in another form":    `{"event":"beacon","\u0065vent":"beacon"}`,
		"repeated unknown key":        `{"event":"beacon","x":1,"x":1}`,
		"repeated in an unknown key":  `{"event":"beacon","x":[{"y":1,"y":1}]}`,
		"raw control character":       "{\"event\":\"\x1f\"}",
		"not UTF-8":                   "{\"event\":\"\xff\"}",
		"surrogate in UTF-8":          "{\"event\":\"\xed\xa0\x80\"}",
		"unknown key is not UTF-8":    "{\"event\":\"beacon\",\"x\":\"\xff\"}",
		"escape":                      `{"event":"\x61"}`,
		"leading zero":                `{"event":01}`,
		"NaN":                         `{"event":NaN}`,
		"single quotes":               `{'event':'beacon'}`,
		"array":                       `[]`,
		"string":                      `"beacon"`,
		"nothing":                     "",
		"byte order mark":             "\ufeff{}",
		"cut off":                     `{"event":"beacon"`,
		"cut off in a key":            `{"event`,
		"cut off in a string":         `{"event":"bea`,
		"cut off in an escape":        `{"event":"bea\u00`,
		"comma":                       `{"event":"beacon",}`,
		"something after it":          `{"event":"beacon"}{}`,
		"something after white space": "{\"event\":\"beacon\"}\n,",
	} {
		beacon := leaf.Beacon{Kind: "left over"}
		isBeacon, err := leaf.ParseBeacon(text, &beacon)
		require.Error(t, err, name)
		assert.False(t, isBeacon, name)
		assert.Equal(t, leaf.Beacon{}, beacon)
	}
}

// Python writes half a surrogate pair as an escape, in the leaf and in extra.
func TestHalfASurrogatePair(t *testing.T) {
	for _, name := range []string{`\ud800`, `x\udfffx`, `\ude00\ud83d`} {
		beacon := parse(t, strings.Replace(dnsLeaf, "q.example", name, 1))
		row := dnsEvent()
		row.Extra, row.QuestionName = translator.NormalizeExtra(`{"qtype": "AAAA", "qname": "` + name + `"}`)
		assert.Empty(t, beacon.Mismatch(&row), name)
		row.Extra, row.QuestionName = translator.NormalizeExtra(`{"qtype": "AAAA", "qname": "` + name + `x"}`)
		assert.Equal(t, "extra.qname", beacon.Mismatch(&row), name)
	}
}

// A manifest's ids may be numbers and booleans, which SQLite stores as text.
func TestIDsThatAreNotStrings(t *testing.T) {
	for value, column := range map[string]string{
		`7`: "7", `-7`: "-7", `0`: "0", `9223372036854775807`: "9223372036854775807", `true`: "1", `false`: "0", `7.5`: "7.5", `7.0`: "7.0",
		`1e16`: "1.0e+16", `1E+16`: "1.0e+16", `1e15`: "1.0e+15", `100000000000000.0`: "100000000000000.0", `0.3333333333333333`: "0.333333333333333",
		`1e-05`: "1.0e-05", `"7"`: "7", `"true"`: "true",
	} {
		beacon := parse(t, strings.Replace(dnsLeaf, `"recipient_id":"r"`, `"recipient_id":`+value, 1))
		row := dnsEvent()
		row.RecipientID = column
		assert.Empty(t, beacon.Mismatch(&row), value)
		for _, other := range []string{"", "r", column + "0", " " + column, "0" + column, "+" + column} {
			row.RecipientID = other
			assert.Equal(t, "recipient_id", beacon.Mismatch(&row), "%s and %q", value, other)
		}
	}
	for _, value := range []string{`[7]`, `{}`, `9223372036854775808`, `1e400`} {
		beacon, row := parse(t, strings.Replace(dnsLeaf, `"recipient_id":"r"`, `"recipient_id":`+value, 1)), dnsEvent()
		for _, text := range []string{"", value, "7"} {
			row.RecipientID = text
			assert.Equal(t, "recipient_id", beacon.Mismatch(&row), "%s and %q", value, text)
		}
	}
	beacon, row := parse(t, strings.Replace(dnsLeaf, `"token_id":"t"`, `"token_id":7`, 1)), dnsEvent()
	row.TokenID = "7"
	assert.Equal(t, "token_id", beacon.Mismatch(&row), "no registry has that from a manifest")
}

// What is of another type than text agrees with no leaf, not even with null.
func TestColumnsOfAnotherType(t *testing.T) {
	for column, name := range map[string]string{
		"kind": "kind", "token_id": "token_id", "file_id": "file_id", "recipient_id": "recipient_id", "source_ip": "source_ip",
		"extra": "extra.qname,extra.qtype", "qualified_timestamp": "qualified_timestamp", "user_agent": "", "issuer_id": "",
	} {
		beacon, row := parse(t, dnsLeaf), dnsEvent()
		row.MarkInvalid(column)
		assert.Equal(t, name, beacon.Mismatch(&row), column)
	}
	beacon, row := parse(t, webLeaf), webEvent()
	row.MarkInvalid("file_id")
	row.MarkInvalid("user_agent")
	row.MarkInvalid("extra")
	assert.Equal(t, "file_id,user_agent", beacon.Mismatch(&row))
	beacon, row = parse(t, strings.Replace(webLeaf, `"recipient_id":null`, `"recipient_id":7`, 1)), webEvent()
	row.RecipientID = "7"
	row.MarkInvalid("recipient_id")
	assert.Empty(t, beacon.Mismatch(&row), "both are the number")
}

func TestExtraThatIsNoText(t *testing.T) {
	beacon := parse(t, strings.NewReplacer(`"q.example"`, `null`, `"AAAA"`, `null`).Replace(dnsLeaf))
	for extra, want := range map[string]string{
		`{"qtype": null, "qname": null}`: "", `{}`: "", `{"other": 7}`: "", `{"raw": 1, "qname": null}`: "",
		`{"qtype": null, "qname": 7}`: "extra.qname", `{"qtype": ["A"], "qname": null}`: "extra.qtype", `{"a": {"qname": null}, "qname": false}`: "extra.qname",
		`garbage`: "extra.qname,extra.qtype", `[]`: "extra.qname,extra.qtype", `"q.example"`: "extra.qname,extra.qtype",
	} {
		row := dnsEvent()
		row.Extra, row.QuestionName = translator.NormalizeExtra(extra)
		assert.Equal(t, want, beacon.Mismatch(&row), extra)
	}
}

// The row's timestamp and the leaf's time are of the same clock.
func TestTimestampIsComparedWithTheLeafsTime(t *testing.T) {
	const logged = 1767323045 // 2026-01-02T03:04:05Z
	for _, test := range []struct {
		time     string
		seconds  int64
		mismatch string
	}{
		{"2026-01-02T03:04:05Z", logged, ""},
		{"2026-01-02T03:04:05Z", logged + 60, ""},
		{"2026-01-02T03:04:05Z", logged - 60, ""},
		{"2026-01-02T03:04:05Z", logged + 61, "timestamp"},
		{"2026-01-02T03:04:05Z", logged - 61, "timestamp"},
		{"2026-01-02T03:04:05Z", 978307200, "timestamp"},
		{"2026-01-02T03:04:05.999999Z", logged + 60, ""},
		{"2026-01-02T04:04:05+01:00", logged, ""},
		{"2026-01-02T03:04:05+01:00", logged, "timestamp"},
		{"2028-02-29T23:59:59Z", 1835481599, ""},
		{"2026-12-31T23:59:59Z", 1798761599 + 61, "timestamp"},
		{"2026-02-31T03:04:05Z", logged, ""}, // no time, and so in all below
		{"2026-01-02T03:04:05", logged, ""},
		{"2026-01-02T03:04:0xZ", logged, ""},
		{"2026-13-02T03:04:05Z", logged, ""},
		{"noon", logged, ""},
		{"", logged, ""},
		{"1960-01-02T03:04:05Z", logged, ""},
		{"2263-01-02T03:04:05Z", logged, ""},
	} {
		row := dnsEvent()
		row.Timestamp, row.QualifiedTimestamp = time.Unix(test.seconds, 0).UTC(), test.time
		text := strings.Replace(dnsLeaf, "2026-01-02T03:04:05Z", test.time, 1)
		beacon := parse(t, text)
		assert.Equal(t, test.mismatch, beacon.Mismatch(&row), "%s and %d", test.time, test.seconds)
		assert.Equal(t, test.mismatch == "", leaf.Agrees(text, &row), "%s and %d", test.time, test.seconds)
	}
	beacon, row := parse(t, dnsLeaf), dnsEvent()
	row.MarkInvalid("timestamp")
	assert.Equal(t, "timestamp", beacon.Mismatch(&row), "no time agrees with 1970 only")
	beacon = parse(t, strings.Replace(dnsLeaf, "2026-01-02T03:04:05Z", "1970-01-01T00:00:00Z", 1))
	row.QualifiedTimestamp = "1970-01-01T00:00:00Z"
	assert.Empty(t, beacon.Mismatch(&row), "a clock that was never set")
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

// What qname and qtype are in an extra that is too long to be read is not known, but no
// form of JSON makes so much of a leaf's that are short.
func TestLongExtra(t *testing.T) {
	row := dnsEvent()
	row.Extra, row.QuestionName = `{"raw":"{\"qname\":"}`, ""
	row = longRow(row, map[string]string{"extra": strings.Repeat("x", 2_000_000)})
	beacon := parse(t, dnsLeaf)
	assert.Equal(t, "extra.qname,extra.qtype", beacon.Mismatch(&row))
	leafWithName := strings.Replace(dnsLeaf, "q.example", strings.Repeat("\x7f", 400_000), 1)
	beacon = parse(t, leafWithName)
	assert.Empty(t, beacon.Mismatch(&row))
	row.Kind = "x"
	assert.Equal(t, "kind", beacon.Mismatch(&row))
	nonString := parse(t, strings.Replace(leafWithName, `"qtype":"AAAA"`, `"qtype":7`, 1))
	row.Kind = "dns"
	assert.Equal(t, "extra.qtype", nonString.Mismatch(&row))
	web := longRow(webEvent(), map[string]string{"extra": strings.Repeat("x", 2_000_000)})
	beacon = parse(t, webLeaf)
	assert.Empty(t, beacon.Mismatch(&web), "leaves of web beacons say nothing of it")
}
