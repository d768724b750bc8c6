// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// untyped is a table whose columns hold what was written, as CREATE TABLE AS and
// imports make it.
const untyped = "CREATE TABLE events (id, token_id, file_id, recipient_id, issuer_id, kind, source_ip, user_agent, extra, timestamp, qualified_timestamp, tlog_index)"

// marked stands for a value that is left out and described in the event.
const marked = "(marked)"

// literals are a value of every type that SQLite has, and of those that look like
// another one. SQLite stores NaN as NULL.
var literals = []string{
	"NULL", "7", "0", "-7", "7.0", "7.5", "1e300", "9e999", "'7'", "' 7 '", "'7.5'", "'x'", "''", `'{"qname":"q"}'`,
	"x'37'", "x'78'", "x''", `CAST('{"qname":"q"}' AS BLOB)`, "x'ff'", "CAST(x'ff' AS TEXT)",
}

// expected returns what the registry's own exporter makes of a value in a column
// (oversight_core/siem.py, from_registry_row, over Python's sqlite3), as the event has
// it: "" for none. It is marked where the exporter fails, and where it passes on what
// is of no use: an index such as 7.5.
func expectedValue(column, literal string) string {
	switch column {
	case "timestamp": // int(value or 0); a record holds times after 1970 only
		switch literal {
		case "7", "7.0", "7.5", "'7'", "' 7 '", "x'37'":
			return "7"
		case "NULL", "0", "''", "x''":
			return ""
		}
		return marked
	case "tlog_index":
		switch literal {
		case "7", "7.0", "'7'", "' 7 '":
			return "7"
		case "0", "-7":
			return literal
		case "NULL", "''":
			return ""
		}
		return marked
	case "extra": // json.loads(value) of texts and blobs, {"raw": value} of others
		switch literal {
		case "NULL", "0", "''", "x''":
			return ""
		case "7", "-7", "7.0", "7.5":
			return `{"raw":` + literal + `}`
		case "'7'", "' 7 '", "x'37'":
			return `{"raw":7}`
		case "1e300":
			return `{"raw":1e+300}`
		case "'7.5'":
			return `{"raw":7.5}`
		case "'x'":
			return `{"raw":"x"}`
		case `'{"qname":"q"}'`, `CAST('{"qname":"q"}' AS BLOB)`:
			return `{"qname":"q"}`
		case "9e999":
			return `{"raw":"Inf"}`
		}
		return marked
	}
	switch literal { // texts
	case "NULL", "''":
		return ""
	case "7", "0", "-7", "7.0", "7.5":
		return literal
	case "1e300":
		return "1.0e+300"
	case "9e999":
		return "Inf"
	}
	if strings.HasPrefix(literal, "'") {
		return strings.Trim(literal, "'")
	}
	return marked
}

// valueOf is the value of a column in an event.
func valueOf(e *translator.Event, column string) string {
	switch column {
	case "token_id":
		return e.TokenID
	case "file_id":
		return e.FileID
	case "recipient_id":
		return e.RecipientID
	case "issuer_id":
		return e.IssuerID
	case "kind":
		return e.Kind
	case "source_ip":
		return e.SourceIP
	case "user_agent":
		return e.UserAgent
	case "qualified_timestamp":
		return e.QualifiedTimestamp
	case "extra":
		return e.Extra
	case "timestamp":
		if !e.Timestamp.IsZero() {
			return strconv.FormatInt(e.Timestamp.Unix(), 10)
		}
	case "tlog_index":
		if e.HasTlogIndex {
			return strconv.FormatInt(e.TlogIndex, 10)
		}
	}
	return ""
}

// Every column holds every type. A value is read as the registry's own exporter reads
// it, or it is marked; the row is always read.
func TestEveryColumnWithEveryType(t *testing.T) {
	for _, column := range translator.Columns()[1:] {
		t.Run(column.Name, func(t *testing.T) {
			var values []string
			for i, literal := range literals {
				values = append(values, fmt.Sprintf("(%d, %s)", i+1, literal))
			}
			path := filepath.Join(t.TempDir(), "registry.sqlite")
			execute(t, path, "CREATE TABLE events (id INTEGER PRIMARY KEY, token_id, file_id, recipient_id, issuer_id, kind, source_ip, user_agent, extra, timestamp, qualified_timestamp, tlog_index)",
				"INSERT INTO events(id, "+column.Name+") VALUES "+strings.Join(values, ","))
			batch := read(t, open(t, path), registry.Cursor{}, 100)
			require.Len(t, batch.Events, len(literals))
			assert.Empty(t, batch.Notices)
			for i := range batch.Events {
				requireValue(t, &batch.Events[i], column.Name, literals[i])
			}
			assert.Len(t, drain(t, orderedBy(t, path, 100, registry.Range{}), 7), len(literals))
		})
	}
}

func requireValue(t *testing.T, e *translator.Event, column, literal string) {
	t.Helper()
	switch want := expectedValue(column, literal); {
	case literal == "CAST(x'ff' AS TEXT)" && column != "timestamp" && column != "tlog_index":
		require.Contains(t, valueOf(e, column), "\ufffd", "%s", literal)
		require.Contains(t, e.DecodeError, column+" is text that is not UTF-8")
	case literal == "x'78'" && column == "extra": // the exporter fails
		require.Contains(t, valueOf(e, column), ":\"x\"")
		require.Contains(t, e.DecodeError, "extra is a blob that is not JSON: x'78'")
	case want == marked:
		require.Empty(t, valueOf(e, column), "%s", literal)
		require.Contains(t, e.DecodeError, column+" is ", "%s", literal)
	default:
		require.Equal(t, want, valueOf(e, column), "%s", literal)
		require.Empty(t, e.DecodeError, "%s", literal)
	}
}

// Ids of every type. What is a positive integer is delivered, in its order. Anything
// else is not, which is told; and read it is, in the order of timestamps.
func TestIDsOfEveryType(t *testing.T) {
	ids := map[string]int64{ // 0: is not delivered
		"NULL": 0, "5": 5, "0": 0, "-3": 0, "'7'": 7, "' 8'": 0, "'007'": 0, "9.0": 9, "9.5": 0, "1e300": 0, "9e999": 0, "'x'": 0, "''": 0,
		"x'37'": 0, "x'ff'": 0, "9223372036854775807": 9223372036854775807, "'10'": 10, "'9223372036854775808'": 0, "'1e3'": 0,
	}
	path := filepath.Join(t.TempDir(), "registry.sqlite")
	statements := []string{untyped}
	for id := range ids { // in any order
		statements = append(statements, fmt.Sprintf("INSERT INTO events(id, token_id, kind, timestamp) VALUES (%s, %s, 'dns', 1735000000)", id, "'"+strings.ReplaceAll(id, "'", "''")+"'"))
	}
	execute(t, path, statements...)
	r := open(t, path)
	for _, size := range []int{1, 2, 100} {
		var got []string
		cursor := registry.Cursor{}
		for {
			batch := read(t, r, cursor, size)
			for i := range batch.Events {
				e := &batch.Events[i]
				assert.Equal(t, ids[e.TokenID], e.ID)
				got = append(got, e.TokenID)
			}
			if !batch.More {
				require.Len(t, batch.Notices, 1)
				assert.Equal(t, registry.NoticeIDs, batch.Notices[0].Kind)
				assert.Contains(t, batch.Notices[0].Text, "is not a positive integer")
				assert.Contains(t, batch.Notices[0].Text, path)
				break
			}
			require.Greater(t, batch.Next.ID, cursor.ID, "a batch without progress would be read for ever")
			cursor = batch.Next
		}
		assert.Equal(t, []string{"5", "'7'", "9.0", "'10'", "9223372036854775807"}, got)
	}
	ordered, err := r.Ordered(t.Context(), registry.Range{})
	require.NoError(t, err)
	defer ordered.Close()
	events, err := ordered.Next(t.Context(), 100, nil)
	require.NoError(t, err)
	require.Len(t, events, len(ids))
	for i := range events {
		e := &events[i]
		id := ids[e.TokenID]
		switch e.TokenID {
		case "0", "-3":
			id, err = strconv.ParseInt(e.TokenID, 10, 64)
			require.NoError(t, err)
		case "' 8'", "'007'": // integers for Python, and no text that an integer has
			id, err = strconv.ParseInt(strings.Trim(e.TokenID, "' "), 10, 64)
			require.NoError(t, err)
		}
		assert.Equal(t, id, e.ID, e.TokenID)
		assert.Equal(t, id == 0, strings.HasPrefix(e.DecodeError, "id is not "), "%s: %s", e.TokenID, e.DecodeError)
	}
	_, _, err = ordered.Resume(t.Context(), 7)
	require.ErrorContains(t, err, "not the primary key")
}

// In a registry's own table, ids are integers; one that is not positive is told.
func TestIDsBelowOne(t *testing.T) {
	path := newDatabase(t, insert("t", 3), "UPDATE events SET id = -5 WHERE id = 1", "UPDATE events SET id = 0 WHERE id = 2")
	batch := read(t, open(t, path), registry.Cursor{}, 10)
	assert.Equal(t, []string{"t3"}, tokens(batch))
	require.Len(t, batch.Notices, 1)
	assert.Contains(t, batch.Notices[0].Text, "has the id 0, which is not a positive integer")
	assert.Equal(t, []int64{-5, 0, 3}, drain(t, orderedBy(t, path, 100, registry.Range{}), 10))
	assert.Equal(t, []int64{3}, drain(t, orderedBy(t, path, 100, registry.Range{AfterID: 2}), 10))
}

// Of rows with the same id, the first one is delivered, wherever a batch ends.
func TestRepeatedIDs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.sqlite")
	execute(t, path, untyped, "INSERT INTO events(id, token_id, kind, timestamp) VALUES (1,'a','dns',1), (2,'b','dns',2), ('2','c','dns',3), (2.0,'d','dns',4), (3,'e','dns',5)")
	r := open(t, path)
	for size := 1; size <= 6; size++ {
		var got []string
		told := false
		for cursor, more := (registry.Cursor{}), true; more; {
			batch := read(t, r, cursor, size)
			for _, notice := range batch.Notices {
				told = told || notice.Kind == registry.NoticeRepeatedIDs && strings.Contains(notice.Text, "several rows have the id 2")
			}
			got = append(got, tokens(batch)...)
			cursor, more = batch.Next, batch.More
		}
		assert.Equal(t, []string{"a", "b", "e"}, got)
		assert.True(t, told, "batches of %d", size)
	}
	assert.Len(t, drain(t, orderedBy(t, path, 100, registry.Range{}), 10), 5)
}

// A cursor keeps its place in a table with ids of type text: the database does not
// count as replaced.
func TestCursorInATableOfTexts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.sqlite")
	execute(t, path, "CREATE TABLE events (id TEXT, token_id TEXT, file_id TEXT, recipient_id TEXT, issuer_id TEXT, kind TEXT, source_ip TEXT, user_agent TEXT, extra TEXT, timestamp TEXT, qualified_timestamp TEXT, tlog_index TEXT)",
		"WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x<25) INSERT INTO events SELECT x, 't'||x, '', '', '', 'dns', '', '', '{}', 1735000000+x, '', '' FROM c")
	r := open(t, path)
	all := read(t, r, registry.Cursor{}, 100)
	require.Len(t, all.Events, 25)
	assert.Empty(t, all.Notices)
	assert.EqualValues(t, 25, all.Events[24].ID)
	assert.Equal(t, time.Unix(1735000025, 0).UTC(), all.Events[24].Timestamp)
	assert.Empty(t, all.Events[24].DecodeError)
	end, err := r.End(t.Context())
	require.NoError(t, err)
	assert.Equal(t, all.Next, end)
	newest, ok, err := r.Newest(t.Context())
	require.NoError(t, err)
	assert.True(t, ok)
	assert.Equal(t, all.Events[24], newest)
	lag, err := r.Lag(t.Context(), 20)
	require.NoError(t, err)
	assert.Equal(t, registry.Lag{Rows: 5, Oldest: time.Unix(1735000021, 0).UTC()}, lag)
	execute(t, path, "INSERT INTO events(id, token_id, timestamp) VALUES ('26', 'n', '1735000026')")
	for _, reader := range []*registry.Reader{r, open(t, path)} {
		assert.Equal(t, []string{"n"}, tokens(read(t, reader, end, 100)))
	}
	since := orderedBy(t, path, 100, registry.Range{Since: time.Unix(1735000024, 0), AfterID: 24})
	assert.Equal(t, []int64{25, 26}, drain(t, since, 10))
}

// Tables that look like a registry's.
func TestOtherTables(t *testing.T) {
	const columns = "token_id, file_id, recipient_id, issuer_id, kind, source_ip, user_agent, extra, timestamp, qualified_timestamp, tlog_index"
	rows := fmt.Sprintf("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x<9) INSERT INTO %%s(id, token_id, kind, timestamp) SELECT x, 't'||x, 'dns', 1735000000+x FROM c")
	for name, statements := range map[string][]string{
		"INT key":          {"CREATE TABLE events (id INT PRIMARY KEY, " + columns + ")", fmt.Sprintf(rows, "events")},
		"INTEGER key DESC": {"CREATE TABLE events (id INTEGER PRIMARY KEY DESC, " + columns + ")", fmt.Sprintf(rows, "events")},
		"WITHOUT ROWID":    {"CREATE TABLE events (id INTEGER PRIMARY KEY, " + columns + ") WITHOUT ROWID", fmt.Sprintf(rows, "events")},
		"compound key":     {"CREATE TABLE events (id INTEGER, " + columns + ", PRIMARY KEY (id, token_id))", fmt.Sprintf(rows, "events")},
		"column rowid":     {"CREATE TABLE events (rowid, id, " + columns + ")", fmt.Sprintf(rows, "events")},
		"view":             {"CREATE TABLE e (id INTEGER PRIMARY KEY, " + columns + ")", fmt.Sprintf(rows, "e"), "CREATE VIEW events AS SELECT * FROM e"},
		"CREATE TABLE AS":  {"CREATE TABLE e (id INTEGER PRIMARY KEY, " + columns + ")", fmt.Sprintf(rows, "e"), "CREATE TABLE events AS SELECT * FROM e ORDER BY id DESC"},
		"upper case":       {"CREATE TABLE EVENTS (ID INTEGER PRIMARY KEY, " + strings.ToUpper(columns) + ")", fmt.Sprintf(rows, "events")},
		"strict":           {"CREATE TABLE events (id INTEGER PRIMARY KEY, " + strings.ReplaceAll(columns, ",", " ANY,") + " ANY) STRICT", fmt.Sprintf(rows, "events")},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "registry.sqlite")
			execute(t, path, statements...)
			r := open(t, path)
			var got []string
			for cursor, more := (registry.Cursor{}), true; more; {
				batch := read(t, r, cursor, 4)
				assert.Empty(t, batch.Notices)
				got = append(got, tokens(batch)...)
				cursor, more = batch.Next, batch.More
			}
			assert.Equal(t, []string{"t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8", "t9"}, got)
			assert.Equal(t, []int64{1, 2, 3, 4, 5, 6, 7, 8, 9}, drain(t, orderedBy(t, path, 100, registry.Range{}), 4))
			assert.Equal(t, []int64{6, 7, 8, 9}, drain(t, orderedBy(t, path, 100, registry.Range{AfterID: 5}), 4))
		})
	}
}

func TestMissingColumns(t *testing.T) {
	r := open(t, filepath.Join("..", "..", "testdata", "loose", "columns-missing.sqlite"))
	batch := read(t, r, registry.Cursor{}, 10)
	require.Len(t, batch.Events, 1)
	assert.Equal(t, uidOf("deadbeef", 1, "t", nil, nil, nil, "dns", nil, nil, nil, 1767225600, nil, nil), batch.Events[0].UID, "as with NULL")
	assert.False(t, batch.Events[0].HasTlogIndex)
	require.Len(t, batch.Notices, 1)
	assert.Contains(t, batch.Notices[0].Text, "no column qualified_timestamp, tlog_index")

	path := newDatabase(t, insert("t", 1))
	r = open(t, path)
	end := read(t, r, registry.Cursor{}, 10).Next
	execute(t, path, "ALTER TABLE events DROP COLUMN tlog_index", insert("n", 1))
	assert.Equal(t, []string{"n1"}, tokens(read(t, r, end, 10)), "the schema changed while it is followed")
	assert.Equal(t, []string{"n1"}, tokens(read(t, open(t, path), end, 10)))
}

func TestTimestampsInTheFuture(t *testing.T) {
	path := newDatabase(t, "INSERT INTO events(token_id, kind, timestamp) VALUES ('a', 'dns', 1735000000), ('b', 'dns', 9000000000)")
	batch := read(t, open(t, path), registry.Cursor{}, 10)
	assert.Equal(t, time.Unix(9000000000, 0).UTC(), batch.Events[1].Timestamp)
	require.Len(t, batch.Notices, 1)
	assert.Equal(t, registry.NoticeFuture, batch.Notices[0].Kind)
	assert.Contains(t, batch.Notices[0].Text, "the row with the id 2 has a timestamp in the future")
}

func TestParseTime(t *testing.T) {
	for text, want := range map[string]int64{"1767225600": 1767225600, "0": 0, "-5": -5, "2026-01-01T00:00:00Z": 1767225600, "4133980799": 4133980799, "2300-01-01T00:00:00Z": 10413792000} {
		got, err := registry.ParseTime("`since`", text)
		require.NoError(t, err)
		assert.Equal(t, want, got.Unix())
	}
	for text, want := range map[string]string{
		"1767225600000": "`since` is \"1767225600000\": must be Unix seconds, not milliseconds",
		"4133980800":    "must be Unix seconds, not milliseconds",
		"yesterday":     "`since` is \"yesterday\": must be an RFC 3339 time",
	} {
		_, err := registry.ParseTime("`since`", text)
		require.ErrorContains(t, err, want)
	}
}
