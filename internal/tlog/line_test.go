// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog_test

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

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
)

const sampleLog = "../../testdata/tlog/leaves.jsonl"

// sampleLines are the lines of a real log, without their newlines.
func sampleLines(t testing.TB) [][]byte {
	t.Helper()
	data, err := os.ReadFile(sampleLog)
	require.NoError(t, err)
	return bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
}

func TestSampleLines(t *testing.T) {
	var leaf tlog.Leaf
	for i, line := range sampleLines(t) {
		require.NoError(t, tlog.ParseLine(line, &leaf))
		assert.Equal(t, int64(i), leaf.Index)
		assert.Equal(t, tlog.Hash(sha256.Sum256(append([]byte{0}, leaf.Data...))), leaf.Hash)
	}
}

// hashOf is a leaf's hash (RFC 6962, 2.1).
func hashOf(leaf string) tlog.Hash { return sha256.Sum256([]byte("\x00" + leaf)) }

func hexOf(text string) string { return hex.EncodeToString([]byte(text)) }

func TestLineForms(t *testing.T) {
	const text = `{"a":"é😀"}`
	hash := hashOf(text).String()
	for name, line := range map[string]string{
		"escaped":              `{"index": 7, "leaf_hash": "` + hash + `", "leaf_data": "{\"a\":\"\u00e9\ud83d\ude00\"}", "leaf_data_hex": "` + hexOf(text) + `"}`,
		"escaped otherwise":    `{"index": 7, "leaf_hash": "` + hash + `", "leaf_data": "\u007B\"a\":\"\u00E9\uD83D\uDE00\"}", "leaf_data_hex": "` + hexOf(text) + `"}`,
		"not escaped":          `{"index": 7, "leaf_hash": "` + hash + `", "leaf_data": "{\"a\":\"é😀\"}", "leaf_data_hex": "` + hexOf(text) + `"}`,
		"no space":             `{"index":7,"leaf_hash":"` + hash + `","leaf_data":"{\"a\":\"é😀\"}","leaf_data_hex":"` + hexOf(text) + `"}`,
		"another order":        `{"leaf_data_hex": "` + hexOf(text) + `", "leaf_data": "{\"a\":\"é😀\"}", "leaf_hash": "` + hash + `", "index": 7}`,
		"much space":           " {\t\"index\" :7 , \"leaf_hash\": \"" + hash + `", "leaf_data": "{\"a\":\"é😀\"}", "leaf_data_hex": "` + hexOf(text) + "\"}\r",
		"without the hex form": `{"index": 7, "leaf_hash": "` + hash + `", "leaf_data": "{\"a\":\"\u00e9\ud83d\ude00\"}"}`,
	} {
		t.Run(name, func(t *testing.T) {
			var got tlog.Leaf
			require.NoError(t, tlog.ParseLine([]byte(line), &got))
			assert.Equal(t, int64(7), got.Index)
			assert.Equal(t, hexOf(text), hex.EncodeToString(got.Data))
			assert.Equal(t, hash, got.Hash.String())
		})
	}
}

// A leaf that is no text has no text to be compared with.
func TestLineOfBytes(t *testing.T) {
	leaf := "\xff\xfe"
	for _, text := range []string{`\ufffd\ufffd`, `\udcff\udcfe`, "??", ""} {
		line := fmt.Sprintf(`{"index": 0, "leaf_hash": "%s", "leaf_data": "%s", "leaf_data_hex": "%s"}`, hashOf(leaf), text, hexOf(leaf))
		var got tlog.Leaf
		require.NoError(t, tlog.ParseLine([]byte(line), &got), line)
		assert.Equal(t, leaf, string(got.Data))
	}
}

func TestWrongLines(t *testing.T) {
	const leaf = "{}"
	good := `{"index": 7, "leaf_hash": "` + hashOf(leaf).String() + `", "leaf_data": "{}", "leaf_data_hex": "7b7d"}`
	var got tlog.Leaf
	require.NoError(t, tlog.ParseLine([]byte(good), &got))
	for name, test := range map[string]struct{ old, new, want string }{
		"another text":           {`"{}"`, `"{ }"`, "not the same"},
		"other bytes":            {"7b7d", "7b20", "not the same"},
		"half a pair":            {`"{}"`, `"\udc7b"`, "not the same"},
		"upper case":             {"7b7d", "7B7d", "hex digits"},
		"odd digits":             {"7b7d", "7b7", "hex digits"},
		"no digits":              {"7b7d", "7bxx", "hex digits"},
		"short hash":             {hashOf(leaf).String(), hashOf(leaf).String()[1:], "leaf_hash"},
		"hash in upper case":     {hashOf(leaf).String(), strings.ToUpper(hashOf(leaf).String()), "leaf_hash"},
		"negative index":         {"7,", "-7,", "index"},
		"index with a fraction":  {"7,", "7.0,", "index"},
		"index with an exponent": {"7,", "7e0,", "index"},
		"index with a zero":      {"7,", "07,", ""},
		"index too large":        {"7,", "9223372036854775808,", "index"},
		"index in quotes":        {"7,", `"7",`, "index"},
		"null":                   {`"7b7d"`, "null", "leaf_data_hex"},
		"unknown key":            {"}", `, "x": 1}`, "none of a leaf's"},
		"repeated key":           {"{", `{"index": 7, `, ""},
		"missing key":            {`"index": 7, `, "", "lacks index"},
		"missing text":           {`"leaf_data": "{}", `, "", "lacks leaf_data"},
		"something behind":       {"\"}", "\"}x", ""},
		"another line behind":    {"\"}", "\"} {}", "follows"},
		"cut off":                {"\"}", "", ""},
		"an array":               {good, "[]", "no JSON object"},
		"empty":                  {good, "", "no JSON object"},
	} {
		t.Run(name, func(t *testing.T) {
			line := strings.Replace(good, test.old, test.new, 1)
			if test.old == "}" || test.old == "\"}" {
				line = strings.TrimSuffix(good, test.old) + test.new
			}
			require.NotEqual(t, good, line)
			assert.ErrorContains(t, tlog.ParseLine([]byte(line), &got), test.want)
		})
	}
}

func TestWrongHash(t *testing.T) {
	line := `{"index": 7, "leaf_hash": "` + hashOf("other").String() + `", "leaf_data": "{}", "leaf_data_hex": "7b7d"}`
	var got tlog.Leaf
	var wrong *tlog.HashError
	require.ErrorAs(t, tlog.ParseLine([]byte(line), &got), &wrong)
	assert.Equal(t, hashOf("other"), wrong.Declared)
	assert.Equal(t, hashOf("{}"), wrong.Computed)
	assert.Equal(t, int64(7), got.Index)
	assert.Equal(t, "{}", string(got.Data))
	assert.Equal(t, hashOf("other"), got.Hash)
}

func BenchmarkParseLine(b *testing.B) {
	line := sampleLines(b)[100]
	var leaf tlog.Leaf
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		if err := tlog.ParseLine(line, &leaf); err != nil {
			b.Fatal(err)
		}
	}
}
