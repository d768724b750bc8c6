// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package leaf

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

const (
	imageLeaf = `{"event":"beacon","file_id":null,"kind":"http_img","recipient_id":"r","source_ip":"::1","timestamp":"t","token_id":"a","user_agent":""}`
	dnsLeaf   = `{"event":"beacon","file_id":"f","kind":"dns","qname":"ü.example","qtype":null,"recipient_id":null,"source_ip":"::1","timestamp":"t","token_id":"a"}`
)

var (
	imageRow = translator.Event{Kind: "http_img", RecipientID: "r", SourceIP: "::1", QualifiedTimestamp: "t", TokenID: "a"}
	dnsRow   = translator.Event{Kind: "dns", FileID: "f", QuestionName: "ü.example", SourceIP: "::1", QualifiedTimestamp: "t", TokenID: "a"}
)

// Usual rows agree without parsing their leaves.
func TestAgrees(t *testing.T) {
	assert.True(t, Agrees(imageLeaf, &imageRow))
	assert.True(t, Agrees(dnsLeaf, &dnsRow))
	assert.False(t, Agrees(imageLeaf, &dnsRow))
	assert.False(t, Agrees(imageLeaf+" ", &imageRow))
	// JSON escapes some characters, but not 0x7f or those beyond ASCII.
	escaped := imageRow
	escaped.UserAgent = "a \"b\" \\ / \x00\x1f\n\x7f é\u2028😀 <&>"
	leaf := `{"event":"beacon","file_id":null,"kind":"http_img","recipient_id":"r","source_ip":"::1","timestamp":"t","token_id":"a","user_agent":"a \"b\" \\ / \u0000\u001f\n` + "\x7f é\u2028😀" + ` <&>"}`
	assert.True(t, Agrees(leaf, &escaped))
	var b Beacon
	isBeacon, err := ParseBeacon(leaf, &b)
	require.NoError(t, err)
	require.True(t, isBeacon)
	assert.Empty(t, b.Mismatch(&escaped))
	for _, form := range []string{`\u000a`, `\u000A`} {
		assert.True(t, Agrees(strings.Replace(leaf, `\n`, form, 1), &escaped), "the same character")
	}
	assert.False(t, Agrees(strings.Replace(leaf, `\n`, "\n", 1), &escaped), "no JSON")
	// The text of a column cannot pass for a key of the leaf.
	forged := imageRow
	forged.TokenID, forged.UserAgent = `a","user_agent":"x","z":"`, ""
	assert.False(t, Agrees(`{"event":"beacon","file_id":null,"kind":"http_img","recipient_id":"r","source_ip":"::1","timestamp":"t","token_id":"a","user_agent":"x","z":"","user_agent":""}`, &forged))
}

// Python writes all but printable ASCII as UTF-16.
func TestAgreesInASCII(t *testing.T) {
	row := imageRow
	row.UserAgent = "é\u2028😀\x7f/\ufffd"
	leafOf := func(agent string) string {
		return strings.Replace(imageLeaf, `"user_agent":""`, `"user_agent":"`+agent+`"`, 1)
	}
	for _, agent := range []string{
		`\u00e9\u2028\ud83d\ude00\u007f/\ufffd`, `\u00E9\u2028\uD83D\uDE00\u007F\/\uFFFD`, "é\u2028😀\x7f/\ufffd", "\\u00e9\u2028😀\x7f/\\ufffd",
	} {
		assert.True(t, Agrees(leafOf(agent), &row), agent)
	}
	for _, agent := range []string{
		`\u00e9\u2028\ud83d\ude00\u007f/`, `\u00e9\u2028\ud83d\ude00\u007f/\ufffdx`, `\u00e9\u2028\ud83d\u007f/\ufffd`, `\u00e9\u2028\ud83d\ude00\u007f/\ud800`,
		`\u00e9\u2028\ud83d\ude00\u007f/\xfffd`, `\u00e9\u2028\ud83d\ude00\u007f/\ufffg`, `\u00e9\u2028\ud83d\ude00\u007f/\uff`, "\xc3\\ufffd",
	} {
		assert.False(t, Agrees(leafOf(agent), &row), agent)
	}
}

// A value of extra that the event does not have does not agree with null.
func TestAgreesComparesNull(t *testing.T) {
	row := dnsRow
	for extra, agrees := range map[string]bool{
		``: true, `{"qtype":null,"qname":"ü.example"}`: true,
		`{"qtype":7,"qname":"ü.example"}`: false, `{"a":{"qtype":null},"qtype":7,"qname":"ü.example"}`: false, `{"raw":"x"}`: false,
	} {
		row.Extra = extra
		assert.Equal(t, agrees, Agrees(dnsLeaf, &row), extra)
	}
}

func TestAgreesNeedsColumnsOfText(t *testing.T) {
	row := imageRow
	row.MarkInvalid("file_id")
	assert.False(t, Agrees(imageLeaf, &row))
}

// FuzzAgrees: where the bytes agree, the parsed leaf does.
func FuzzAgrees(f *testing.F) {
	add := func(leaf string, e translator.Event) {
		f.Add(leaf, e.Kind, e.TokenID, e.FileID, e.RecipientID, e.SourceIP, e.UserAgent, e.QuestionName, e.Extra, e.QualifiedTimestamp)
	}
	add(imageLeaf, imageRow)
	add(dnsLeaf, dnsRow)
	add(strings.Replace(dnsLeaf, "ü", `\u00fc`, 1), dnsRow)
	forged := imageRow
	forged.SourceIP = `::1","timestamp":"t`
	add(imageLeaf, forged)
	f.Fuzz(func(t *testing.T, leaf, kind, token, file, recipient, ip, agent, name, extra, timestamp string) {
		e := translator.Event{
			Kind: kind, TokenID: token, FileID: file, RecipientID: recipient, SourceIP: ip, UserAgent: agent, QuestionName: name, Extra: extra, QualifiedTimestamp: timestamp,
		}
		for _, text := range []string{leaf, kind, token, file, recipient, ip, agent, name, extra, timestamp} {
			if !utf8.ValidString(text) {
				return // events never hold that
			}
		}
		if !Agrees(leaf, &e) {
			return
		}
		var b Beacon
		isBeacon, err := ParseBeacon(leaf, &b)
		require.NoError(t, err)
		require.True(t, isBeacon)
		require.Empty(t, b.Mismatch(&e))
	})
}
