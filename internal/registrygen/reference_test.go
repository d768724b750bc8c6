// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/go-json-experiment/json/jsontext"
)

// A slow reader of the formats that shares no code with the package, and is itself
// tested with files of a real registry.

// pythonDumps is Python's json.dumps(value, sort_keys=True).
func pythonDumps(value any) string {
	var parts []string
	switch v := value.(type) {
	case nil:
		return "null"
	case string:
		return pythonString(v)
	case json.Number:
		return v.String()
	case []any:
		for _, element := range v {
			parts = append(parts, pythonDumps(element))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, pythonString(key)+": "+pythonDumps(v[key]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	default:
		panic(fmt.Sprintf("no such value in these tests: %#v", value))
	}
}

func pythonString(s string) string {
	short := map[uint16]string{'"': `\"`, '\\': `\\`, '\n': `\n`, '\r': `\r`, '\t': `\t`, '\f': `\f`, '\b': `\b`}
	var text strings.Builder
	for _, unit := range utf16.Encode([]rune(s)) {
		escape, ok := short[unit]
		switch {
		case ok:
			text.WriteString(escape)
		case unit < ' ' || unit > '~':
			fmt.Fprintf(&text, `\u%04x`, unit)
		default:
			text.WriteByte(byte(unit))
		}
	}
	return `"` + text.String() + `"`
}

func parse(text string) (value map[string]any, err error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	err = decoder.Decode(&value)
	return value, err
}

// leaf is a line of the log, once it has been checked.
type leaf struct {
	index  int64
	values map[string]any
}

// checkLine parses a line strictly.
func checkLine(line string) (leaf, error) {
	var parsed struct {
		Index   int64  `json:"index"`
		Hash    string `json:"leaf_hash"`
		Data    string `json:"leaf_data"`
		DataHex string `json:"leaf_data_hex"`
	}
	if err := json.Unmarshal([]byte(line), &parsed); err != nil {
		return leaf{}, err
	}
	data, err := hex.DecodeString(parsed.DataHex)
	if err != nil {
		return leaf{}, err
	}
	hash := sha256.Sum256(append([]byte{0}, data...))
	want := fmt.Sprintf(`{"index": %d, "leaf_hash": "%x", "leaf_data": %s, "leaf_data_hex": "%x"}`,
		parsed.Index, hash, pythonString(string(data)), data)
	if line != want {
		return leaf{}, fmt.Errorf("the line is not as the registry writes it:\n%s\n%s", line, want)
	}
	canonical := jsontext.Value(slices.Clone(data))
	if err := canonical.Canonicalize(); err != nil {
		return leaf{}, err
	}
	if string(canonical) != string(data) {
		return leaf{}, fmt.Errorf("the leaf is not canonical:\n%s\n%s", data, canonical)
	}
	values, err := parse(string(data))
	return leaf{parsed.Index, values}, err
}

// sampleLines are lines of the real registry's log.
func sampleLines() ([]string, error) {
	text, err := os.ReadFile("testdata/leaves.jsonl")
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n"), err
}
