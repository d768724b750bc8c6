// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package leaf_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog/leaf"
)

const sampleLog = "../../../testdata/tlog/leaves.jsonl"

// sampleLines are the lines of a real log, without their newlines.
func sampleLines(t testing.TB) [][]byte {
	t.Helper()
	data, err := os.ReadFile(sampleLog)
	require.NoError(t, err)
	return bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
}

func TestSampleLines(t *testing.T) {
	var parsed leaf.Line
	for i, line := range sampleLines(t) {
		require.NoError(t, leaf.ParseLine(line, &parsed))
		assert.Equal(t, int64(i), parsed.Index)
		assert.Equal(t, leaf.Hash(sha256.Sum256(append([]byte{0}, parsed.Data...))), parsed.Hash)
	}
}

// hashOf is a leaf's hash (RFC 6962, 2.1).
func hashOf(data string) leaf.Hash { return sha256.Sum256([]byte("\x00" + data)) }

func hexOf(text string) string { return hex.EncodeToString([]byte(text)) }

func TestLineForms(t *testing.T) {
	const text = `{"a":"é😀"}`
	hash := hashOf(text).String()
	for name, line := range map[string]string{
		"escaped":              `{"index": 7, "leaf_hash": "` + hash + `", "leaf_data": "{\"a\":\"\u00e9\ud83d\ude00\"}", "leaf_data_hex": "` + hexOf(text) + `"}`,
		"escaped otherwise":    `{"index": 7, "leaf_hash": "` + hash + `", "leaf_data": "\u007B\"a\":\"\u00E9\uD83D\uDE00\"}", "leaf_data_hex": "` + hexOf(text) + `"}`,
		"not escaped":          `{"index": 7, "leaf_hash": "` + hash + `", "leaf_data": "{\"a\":\"é😀\"}", "leaf_data_hex": "` + hexOf(text) + `"}`,
		"no white space":       `{"index":7,"leaf_hash":"` + hash + `","leaf_data":"{\"a\":\"é😀\"}","leaf_data_hex":"` + hexOf(text) + `"}`,
		"another order":        `{"leaf_data_hex": "` + hexOf(text) + `", "leaf_data": "{\"a\":\"é😀\"}", "leaf_hash": "` + hash + `", "index": 7}`,
		"more white space":     " {\t\"index\" :7 , \"leaf_hash\": \"" + hash + `", "leaf_data": "{\"a\":\"é😀\"}", "leaf_data_hex": "` + hexOf(text) + "\"}\r",
		"without the hex form": `{"index": 7, "leaf_hash": "` + hash + `", "leaf_data": "{\"a\":\"\u00e9\ud83d\ude00\"}"}`,
		"unknown keys":         `{"v": {"index": 8}, "index": 7, "leaf_hash": "` + hash + `", "": "\ud800", "leaf_data": "{\"a\":\"é😀\"}", "Index": 9, "x": [1e400, null]}`,
		"escaped key":          `{"\u0069ndex": 7, "leaf_hash": "` + hash + `", "leaf_data": "{\"a\":\"é😀\"}"}`,
		"of the Rust registry": `{"index":7,"leaf_hash":"` + hash + `","leaf_data":"{\"a\":\"é😀\"}"}`,
	} {
		t.Run(name, func(t *testing.T) {
			var got leaf.Line
			require.NoError(t, leaf.ParseLine([]byte(line), &got))
			assert.Equal(t, int64(7), got.Index)
			assert.Equal(t, hexOf(text), hex.EncodeToString(got.Data))
			assert.Equal(t, hash, got.Hash.String())
		})
	}
}

// A leaf that is not text has no leaf_data to compare with.
func TestLineOfBytes(t *testing.T) {
	data := "\xff\xfe"
	for _, text := range []string{`\ufffd\ufffd`, `\udcff\udcfe`, "??", ""} {
		line := fmt.Sprintf(`{"index": 0, "leaf_hash": "%s", "leaf_data": "%s", "leaf_data_hex": "%s"}`, hashOf(data), text, hexOf(data))
		var got leaf.Line
		require.NoError(t, leaf.ParseLine([]byte(line), &got), line)
		assert.Equal(t, data, string(got.Data))
	}
}

func TestWrongLines(t *testing.T) {
	const data = "{}"
	good := `{"index": 7, "leaf_hash": "` + hashOf(data).String() + `", "leaf_data": "{}", "leaf_data_hex": "7b7d"}`
	var got leaf.Line
	require.NoError(t, leaf.ParseLine([]byte(good), &got))
	for name, test := range map[string]struct{ old, new, want string }{
		"another text":            {`"{}"`, `"{ }"`, "differ"},
		"other bytes":             {"7b7d", "7b20", "differ"},
		"half a pair":             {`"{}"`, `"\udc7b"`, "differ"},
		"upper case":              {"7b7d", "7B7d", "hex digits"},
		"odd digits":              {"7b7d", "7b7", "hex digits"},
		"no digits":               {"7b7d", "7bxx", "hex digits"},
		"short hash":              {hashOf(data).String(), hashOf(data).String()[1:], "leaf_hash"},
		"hash in upper case":      {hashOf(data).String(), strings.ToUpper(hashOf(data).String()), "leaf_hash"},
		"negative index":          {"7,", "-7,", "index"},
		"index with a fraction":   {"7,", "7.0,", "index"},
		"index with an exponent":  {"7,", "7e0,", "index"},
		"index with a zero":       {"7,", "07,", ""},
		"index too large":         {"7,", "9223372036854775808,", "index"},
		"index in quotes":         {"7,", `"7",`, "index"},
		"null":                    {`"7b7d"`, "null", "leaf_data_hex"},
		"repeated unknown key":    {"{", `{"x": 1, "x": 2, `, ""},
		"repeated in a value":     {"{", `{"x": {"y": 1, "y": 1}, `, ""},
		"repeated escaped key":    {"{", `{"\u0069ndex": 7, `, ""},
		"half a pair in the hash": {`"leaf_hash": "`, `"leaf_hash": "\ud800`, "leaf_hash"},
		"repeated key":            {"{", `{"index": 7, `, ""},
		"missing key":             {`"index": 7, `, "", "lacks index"},
		"missing text":            {`"leaf_data": "{}", `, "", "lacks leaf_data"},
		"something after it":      {"\"}", "\"}x", ""},
		"another object after it": {"\"}", "\"} {}", "follows"},
		"cut off":                 {"\"}", "", ""},
		"an array":                {good, "[]", "not a JSON object"},
		"empty":                   {good, "", "not a JSON object"},
	} {
		t.Run(name, func(t *testing.T) {
			line := strings.Replace(good, test.old, test.new, 1)
			if test.old == "}" || test.old == "\"}" {
				line = strings.TrimSuffix(good, test.old) + test.new
			}
			require.NotEqual(t, good, line)
			assert.ErrorContains(t, leaf.ParseLine([]byte(line), &got), test.want)
		})
	}
}

func TestWrongHash(t *testing.T) {
	line := `{"index": 7, "leaf_hash": "` + hashOf("other").String() + `", "leaf_data": "{}", "leaf_data_hex": "7b7d"}`
	var got leaf.Line
	var wrong *leaf.HashError
	require.ErrorAs(t, leaf.ParseLine([]byte(line), &got), &wrong)
	assert.Equal(t, hashOf("other"), wrong.Declared)
	assert.Equal(t, hashOf("{}"), wrong.Computed)
	assert.Equal(t, int64(7), got.Index)
	assert.Equal(t, "{}", string(got.Data))
	assert.Equal(t, hashOf("other"), got.Hash)
}

func BenchmarkParseLine(b *testing.B) {
	line := sampleLines(b)[100]
	var parsed leaf.Line
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		if err := leaf.ParseLine(line, &parsed); err != nil {
			b.Fatal(err)
		}
	}
}
