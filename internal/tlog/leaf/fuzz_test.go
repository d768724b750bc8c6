// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package leaf_test

import (
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog/leaf"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// FuzzLine compares the two parsers with each other and with encoding/json.
func FuzzLine(f *testing.F) {
	for _, line := range sampleLines(f)[20:60:60] {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		var fast, slow, got leaf.Line
		taken := leaf.ParseLineFast(line, &fast)
		slowErr := leaf.ParseLineSlow(line, &slow)
		err := leaf.ParseLine(line, &got)
		require.Equal(t, slowErr, err)
		if taken {
			require.NoError(t, slowErr)
			require.Equal(t, slow.Data, fast.Data)
			require.Equal(t, [2]any{slow.Index, slow.Hash}, [2]any{fast.Index, fast.Hash})
		}
		if err != nil {
			return
		}
		require.Equal(t, hashOf(string(got.Data)), got.Hash)
		var fields map[string]any
		require.NoError(t, json.Unmarshal(line, &fields))
		require.Equal(t, got.Hash.String(), fields["leaf_hash"])
		if digits, ok := fields["leaf_data_hex"]; ok {
			require.Equal(t, hex.EncodeToString(got.Data), digits)
		} else {
			require.Equal(t, string(got.Data), fields["leaf_data"])
		}
	})
}

// FuzzBeacon compares a leaf with the row that encoding/json makes of it.
func FuzzBeacon(f *testing.F) {
	var parsed leaf.Line
	for _, line := range sampleLines(f)[20:60:60] {
		require.NoError(f, leaf.ParseLine(line, &parsed))
		f.Add([]byte(string(parsed.Data)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var got leaf.Beacon
		isBeacon, err := leaf.ParseBeacon(string(data), &got)
		if !isBeacon {
			require.Equal(t, leaf.Beacon{}, got)
			return
		}
		require.NoError(t, err)
		requireOwnRow(t, data, &got)
	})
}

// requireOwnRow makes sure that a leaf agrees with the row that has its values.
func requireOwnRow(t *testing.T, data []byte, b *leaf.Beacon) {
	var fields map[string]any
	require.NoError(t, json.Unmarshal(data, &fields))
	for _, id := range []string{"file_id", "recipient_id"} {
		switch fields[id].(type) {
		case bool, float64:
			return // see TestIDsThatAreNotStrings
		}
	}
	text := func(key string) string {
		value, _ := fields[key].(string)
		return value
	}
	extra, err := json.Marshal(map[string]string{"qtype": text("qtype")})
	require.NoError(t, err)
	normal, _ := translator.NormalizeExtra(string(extra))
	row := translator.Event{
		Kind: text("kind"), TokenID: text("token_id"), FileID: text("file_id"), RecipientID: text("recipient_id"),
		SourceIP: text("source_ip"), UserAgent: text("user_agent"), QuestionName: text("qname"), Extra: normal,
		QualifiedTimestamp: text("timestamp"),
	}
	want := 0
	for _, key := range []string{"kind", "token_id", "file_id", "recipient_id", "source_ip", "user_agent", "qname", "qtype", "timestamp"} {
		if _, isText := fields[key].(string); !isText && fields[key] != nil {
			want++
		}
	}
	require.Equal(t, want == 0, b.Mismatch(&row) == "", "%s", data)
}
