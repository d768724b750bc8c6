// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package leaf_test

import (
	"encoding/json"
	"maps"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/registrygen/dialect"
	"github.com/oversight-protocol/oversight-otelcol/internal/tlog/leaf"
)

// variableDialectEvents is the environment variable that says how many events
// TestDialects generates, 20,000 by default. A million take some minutes:
//
//	OVERSIGHT_DIALECT_EVENTS=1000000 go test ./internal/tlog/leaf -run TestDialects
const variableDialectEvents = "OVERSIGHT_DIALECT_EVENTS"

// Whatever form an honest registry writes, its rows agree with their leaves. Of some, each
// column is edited, which is found and named.
func TestDialects(t *testing.T) {
	events := 20_000
	if text := os.Getenv(variableDialectEvents); text != "" {
		var err error
		events, err = strconv.Atoi(text)
		require.NoError(t, err, variableDialectEvents)
	}
	for _, d := range dialect.All() {
		t.Run(d.String(), func(t *testing.T) {
			t.Parallel()
			g := dialect.New(d, 13)
			fast, edited := 0, 0
			for i := range int64(events / len(dialect.All())) {
				record := g.Next()
				if requireAgrees(t, g.Line(i, record.Leaf), i, record) {
					fast++
				}
				if i%16 == 0 {
					edited += requireEditsFound(t, record)
				}
				if i%50 == 0 {
					requireRegister(t, g.Register())
				}
			}
			require.Positive(t, edited)
			if d == dialect.PublicRust || d == dialect.Newer { // but for names with a brace, beside a null
				require.Greater(t, float64(fast), 0.99*float64(events/len(dialect.All())), "leaves that need no parsing")
			}
			t.Logf("%d events, %d without parsing the leaf; %d edits", events/len(dialect.All()), fast, edited)
		})
	}
}

// requireAgrees reports whether the leaf needed no parsing.
func requireAgrees(t *testing.T, line []byte, index int64, record dialect.Record) (fast bool) {
	var parsed leaf.Line
	require.NoError(t, leaf.ParseLine(line[:len(line)-1], &parsed), "%s", line)
	require.Equal(t, index, parsed.Index)
	require.Equal(t, string(record.Leaf), string(parsed.Data))
	text, row := string(parsed.Data), record.Row.Event()
	require.True(t, leaf.MayBeBeacon([]byte(text)), text)
	beacon := parse(t, text)
	require.Empty(t, beacon.Mismatch(&row), "%s and %v", text, record.Row)
	return leaf.Agrees(text, &row)
}

func requireRegister(t *testing.T, text []byte) {
	var beacon leaf.Beacon
	isBeacon, err := leaf.ParseBeacon(string(text), &beacon)
	require.NoError(t, err)
	require.False(t, isBeacon)
}

// requireEditsFound edits each column that the leaf has.
func requireEditsFound(t *testing.T, record dialect.Record) (edits int) {
	text := string(record.Leaf)
	beacon := parse(t, text)
	found := func(column, name string, value any) {
		row := maps.Clone(record.Row)
		row[column] = value
		e := row.Event()
		require.Equal(t, name, beacon.Mismatch(&e), "%s, %s = %q", text, column, value)
		require.False(t, leaf.Agrees(text, &e), "%s, %s = %q", text, column, value)
		edits++
	}
	columns := []string{"kind", "token_id", "file_id", "recipient_id", "source_ip", "qualified_timestamp"}
	if record.Row["kind"] != "dns" {
		columns = append(columns, "user_agent")
	}
	for _, column := range columns {
		if column == "qualified_timestamp" {
			found(column, column, "2001-01-01T00:00:00Z")
		}
		original, _ := record.Row[column].(string)
		for _, value := range []any{nil, "", "x" + original, original + " ", original + "\x00", strings.ToUpper(original), strings.ToValidUTF8(original[:len(original)/2], "")} {
			if changed, _ := value.(string); changed != original {
				found(column, column, value)
			}
		}
	}
	logged, err := time.Parse(time.RFC3339, record.Row["qualified_timestamp"].(string))
	require.NoError(t, err)
	for _, seconds := range []int64{logged.Unix() + 61, logged.Unix() - 61, 978307200} {
		found("timestamp", "timestamp", seconds)
	}
	for column, changes := range questionEdits(t, record.Row) {
		for _, extra := range changes {
			found("extra", "extra."+column, extra)
		}
	}
	return edits
}

// questionEdits are the texts of extra with another qname, or another qtype.
func questionEdits(t *testing.T, row dialect.Row) map[string][]string {
	if row["kind"] != "dns" {
		return nil
	}
	edits := map[string][]string{}
	for _, key := range []string{"qname", "qtype"} {
		for _, value := range []string{`"evil.example"`, `7`, `{"x":null}`, `null`} {
			var members map[string]json.RawMessage
			require.NoError(t, json.Unmarshal([]byte(row["extra"].(string)), &members))
			if string(members[key]) == value {
				continue
			}
			members[key] = json.RawMessage(value)
			text, err := json.Marshal(members)
			require.NoError(t, err)
			edits[key] = append(edits[key], string(text))
		}
	}
	return edits
}

// What a type is in SQLite is compared, too: the same bytes as a BLOB, or the digits as a
// number, are edits.
func TestTypesOfColumnsAreCompared(t *testing.T) {
	for _, d := range dialect.All() {
		t.Run(d.String(), func(t *testing.T) {
			g := dialect.New(d, 4)
			var records []dialect.Record
			for len(records) < 200 {
				record := g.Next()
				record.Row["tlog_index"] = int64(len(records))
				records = append(records, record)
			}
			path := newDatabase(t, records)
			mismatches := func() (names []string) {
				rows := readRows(t, path)
				require.Len(t, rows, len(records))
				for i := range rows {
					beacon := parse(t, string(records[i].Leaf))
					names = append(names, beacon.Mismatch(&rows[i]))
				}
				return names
			}
			require.Equal(t, make([]string, len(records)), mismatches())
			for column, name := range map[string]string{
				"kind": "kind", "token_id": "token_id", "file_id": "file_id", "recipient_id": "recipient_id", "source_ip": "source_ip",
				"qualified_timestamp": "qualified_timestamp", "user_agent": "user_agent", "extra": "extra.qname,extra.qtype",
			} {
				for _, value := range []string{"CAST(" + column + " AS BLOB)", "x''", "7", "7.5"} {
					execute(t, path, "CREATE TABLE original AS SELECT id, "+column+" FROM events", "UPDATE events SET "+column+" = "+value)
					want := make([]string, len(records))
					for i := range records {
						isDNS := records[i].Row["kind"] == "dns"
						if column == "user_agent" && isDNS || column == "extra" && !isDNS || strings.HasPrefix(value, "CAST") && records[i].Row[column] == nil {
							continue // the leaf has no such key, or NULL remains
						}
						want[i] = name
					}
					got := mismatches()
					for i := range got {
						if want[i] != got[i] && value == "7" && column == "recipient_id" && records[i].Row[column] == "7" {
							got[i] = want[i] // the leaf has the number, too
						}
					}
					require.Equal(t, want, got, "%s = %s", column, value)
					execute(t, path, "UPDATE events SET "+column+" = (SELECT "+column+" FROM original WHERE original.id = events.id)", "DROP TABLE original")
				}
			}
		})
	}
}
