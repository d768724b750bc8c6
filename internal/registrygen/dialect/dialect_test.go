// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The forms are those of real registries: writing the leaves and lines of their logs
// again gives the same bytes.
func TestFormsAreThoseOfRealRegistries(t *testing.T) {
	for d, log := range map[Dialect]string{
		PublicPython: "../../../testdata/registry-public/tlog/leaves.jsonl",
		PublicRust:   "../../../testdata/registry-rust/tlog/leaves.jsonl",
		Newer:        "../../../testdata/tlog/leaves.jsonl",
	} {
		t.Run(d.String(), func(t *testing.T) {
			data, err := os.ReadFile(log)
			require.NoError(t, err)
			g := New(d, 1)
			for i, line := range bytes.SplitAfter(bytes.TrimSuffix(data, []byte("\n")), []byte("\n")) {
				line = append(bytes.TrimSuffix(line, []byte("\n")), '\n')
				var fields struct {
					Text string `json:"leaf_data"`
				}
				require.NoError(t, json.Unmarshal(line, &fields))
				require.Equal(t, string(line), string(g.Line(int64(i), []byte(fields.Text))))
				var values map[string]any
				require.NoError(t, json.Unmarshal([]byte(fields.Text), &values))
				var members []member
				for key, value := range values {
					if n, ok := value.(float64); ok {
						value = int64(n)
					}
					members = append(members, member{key, value})
				}
				require.Equal(t, fields.Text, string(g.leaf(members)))
			}
		})
	}
}

// What is generated is JSON, says the same as its row, and differs in its form.
func TestRecords(t *testing.T) {
	for _, d := range All() {
		t.Run(d.String(), func(t *testing.T) {
			g, again := New(d, 7), New(d, 7)
			var leaves, lines strings.Builder
			for i := range int64(2000) {
				record := g.Next()
				line := g.Line(i, record.Leaf)
				require.Equal(t, record, again.Next())
				require.Equal(t, line, again.Line(i, record.Leaf))
				require.Equal(t, 1, bytes.Count(line, []byte("\n")))
				require.True(t, utf8.Valid(line))
				var fields, leaf map[string]any
				unmarshal(t, line, &fields)
				require.Equal(t, string(record.Leaf), fields["leaf_data"])
				unmarshal(t, record.Leaf, &leaf)
				require.Equal(t, "beacon", leaf["event"])
				for _, column := range []string{"kind", "token_id", "source_ip"} {
					require.Equal(t, record.Row[column], leaf[column])
				}
				require.Equal(t, record.Row["qualified_timestamp"], leaf["timestamp"])
				leaves.Write(record.Leaf)
				lines.Write(line)
			}
			require.True(t, json.Valid(g.Register()))
			for form, dialects := range map[string][]Dialect{
				`\u00fc`: {PublicPython, Free}, `\ud83d\ude00`: {PublicPython, Free}, `\u007f`: {PublicPython, Free}, "\x7f": {PublicRust, Newer, Free},
				"müller": {PublicRust, Newer, Free}, `\/\/`: {Free}, `\uD`: {Free}, `"recipient_id":7`: {Free}, `"event": "beacon"`: {Free},
				`\u0065`: {Free}, `x\ud8`: {PublicPython, Free}, `x\udd`: {PublicPython, Free},
			} {
				assert.Equal(t, slices.Contains(dialects, d), strings.Contains(leaves.String(), form), form)
			}
			assert.Equal(t, d == Newer || d == Free, strings.Contains(lines.String(), `"leaf_data_hex"`))
		})
	}
}

// unmarshal keeps numbers as they are.
func unmarshal(t *testing.T, text []byte, into *map[string]any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(into), "%s", text)
}

func TestRowValues(t *testing.T) {
	record := New(PublicPython, 1).Next()
	values := record.Row.Values()
	assert.Len(t, values, strings.Count(Insert, "?"))
	e := record.Row.Event()
	assert.Equal(t, []any{e.TokenID, e.Kind, e.SourceIP, e.Timestamp.Unix(), e.QualifiedTimestamp}, []any{values[0], values[4], values[5], values[8], values[9]})
}
