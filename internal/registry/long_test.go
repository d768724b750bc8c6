// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// uidOf is the uid of a row by its definition, from whole values: nil is NULL, an int
// an integer, a string a text and a []byte a blob.
func uidOf(registryID string, values ...any) string {
	h := sha256.New()
	write := func(class byte, data string) {
		h.Write(binary.BigEndian.AppendUint32([]byte{class}, uint32(len(data))))
		h.Write([]byte(data))
	}
	write(3, registryID)
	for _, value := range values {
		switch v := value.(type) {
		case nil:
			write(5, "")
		case int:
			write(1, strconv.Itoa(v))
		case string:
			write(3, v)
		case []byte:
			write(4, string(v))
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// insertRow inserts a row of twelve values, which may be long, and returns its uid.
func insertRow(t *testing.T, db *sql.DB, values ...any) (uid string) {
	t.Helper()
	require.Len(t, values, 12)
	_, err := db.ExecContext(t.Context(), "INSERT INTO events VALUES (?,?,?,?,?,?,?,?,?,?,?,?)", values...)
	require.NoError(t, err)
	return uidOf("deadbeef", values...)
}

// openLive opens a database for writing, whose log is not checkpointed before it is
// closed: rows are read from both files.
func openLive(t *testing.T, path string, statements ...string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=wal_autocheckpoint(1000)")
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	for _, statement := range statements {
		_, err = db.ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}
	return db
}

func TestLongValues(t *testing.T) {
	for name, pragma := range map[string]string{
		"UTF-8": "PRAGMA encoding='UTF-8'", "UTF-16le": "PRAGMA encoding='UTF-16le'", "UTF-16be": "PRAGMA encoding='UTF-16be'",
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "registry.sqlite")
			db := openLive(t, path, pragma, schema)
			defer db.Close()
			limit := 1 << 20
			short := strings.Repeat("s", 1000)
			agent, token := strings.Repeat("é漢🔒a", 150_000), strings.Repeat("t", 1_200_000)
			blob := []byte(strings.Repeat("\x00\xff", 600_000))
			json := `{"qname":"` + strings.Repeat("q", 1_200_000) + `"}`
			exact := strings.Repeat("x", limit)
			if name != "UTF-8" {
				exact = exact[:limit/2] // two bytes each
			}
			var uids []string
			add := func(values ...any) { uids = append(uids, insertRow(t, db, values...)) }
			add(1, "t", nil, "r", nil, "dns", nil, short, "{}", 1735000000, nil, 3)
			add(2, "t", nil, "r", nil, "http_img", nil, agent, `{"a":1}`, 1735000000, "q", 4)
			add(3, token, exact, "r", nil, "dns", blob, short, json, 1735000000, nil, nil)
			add(4, "t", nil, "r", nil, "dns", nil, exact, "{}", 1735000000, nil, -1)
			add(5, "t", nil, "r", nil, "dns", nil, exact+"x", "{}", 1735000000, nil, 5)
			add(6, "t", nil, "r", nil, "dns", nil, short, "{}", 1735000000, nil, 6)

			r := open(t, path)
			batch := read(t, r, registry.Cursor{}, 100)
			require.Len(t, batch.Events, 6)
			assert.False(t, batch.More)
			for i := range batch.Events {
				assert.Equal(t, uids[i], batch.Events[i].UID, "row %d", i+1)
				assert.EqualValues(t, i+1, batch.Events[i].ID)
			}
			long := func(column, text string) translator.LongValue {
				return translator.LongValue{Column: column, Bytes: int64(len(text)), SHA256: sha256.Sum256([]byte(text))}
			}
			assert.Nil(t, batch.Events[0].Long)
			second := batch.Events[1]
			assert.Equal(t, []translator.LongValue{long("user_agent", agent)}, second.Long.Columns)
			assert.Equal(t, "user_agent", second.Truncated)
			assert.Equal(t, fmt.Sprintf("user_agent is too long to be read whole: %d bytes", len(agent)), second.DecodeError)
			assert.True(t, strings.HasPrefix(agent, second.UserAgent))
			assert.True(t, utf8.ValidString(second.UserAgent))
			assert.Greater(t, len(second.UserAgent), 60_000)
			assert.Equal(t, `{"a":1}`, second.Extra, "short values of the row are whole")
			assert.EqualValues(t, 4, second.TlogIndex)

			third := batch.Events[2]
			assert.Equal(t, []translator.LongValue{long("token_id", token), long("source_ip", string(blob)), long("extra", json)}, third.Long.Columns)
			assert.Equal(t, "token_id,source_ip,extra", third.Truncated)
			assert.Equal(t, exact, third.FileID)
			assert.Contains(t, third.DecodeError, "source_ip is a blob, not text")
			assert.Contains(t, third.DecodeError, fmt.Sprintf("extra is too long to be read whole: %d bytes", len(json)))
			assert.Empty(t, third.QuestionName)

			assert.Nil(t, batch.Events[3].Long, "the longest value that is read whole")
			assert.Equal(t, exact, batch.Events[3].UserAgent)
			assert.Equal(t, []translator.LongValue{long("user_agent", exact+"x")}, batch.Events[4].Long.Columns)
			assert.Nil(t, batch.Events[5].Long)

			// One row at a time, by cursor and by id, with the same result.
			for i, cursor := 0, (registry.Cursor{}); i < 6; i++ {
				one := read(t, r, cursor, 1)
				require.Equal(t, batch.Events[i:i+1], one.Events)
				byID, err := r.ByID(t.Context(), []int64{int64(i + 1)}, nil)
				require.NoError(t, err)
				require.Equal(t, one.Events, byID)
				cursor = one.Next
			}
			ordered := orderedBy(t, path, 100, registry.Range{})
			events, err := ordered.Next(t.Context(), 100, nil)
			require.NoError(t, err)
			assert.Equal(t, batch.Events[1].Long, events[1].Long)
		})
	}
}

// A row whose values take more than 1 MiB together is not read at once: of values that
// could be, the events hold beginnings, with the uid of all of them.
func TestLargeRows(t *testing.T) {
	path := newDatabase(t)
	db := openLive(t, path)
	large := func(letter string) string { return strings.Repeat(letter, 500_000) }
	edge := strings.Repeat("e", 64<<10)
	extra := `{"qname":"` + large("q") + `"}`
	uids := []string{
		insertRow(t, db, 1, large("t"), edge, nil, nil, "http_img", nil, large("u"), "{}", 1735000000, nil, nil), // just not too much
		insertRow(t, db, 2, large("t"), edge, edge+"f", nil, "http_img", nil, large("u"), extra, 1735000000, nil, 7),
		insertRow(t, db, 3, large("t"), nil, nil, nil, "http_img", large("s"), large("u"), strings.Repeat("x", 2<<20), 1735000000, nil, nil),
		insertRow(t, db, 4, "t", nil, nil, nil, "http_img", nil, "u", "{}", 1735000000, nil, nil),
	}
	require.NoError(t, db.Close())
	r := open(t, path)
	batch := read(t, r, registry.Cursor{}, 10)
	require.Len(t, batch.Events, 4)
	for i := range batch.Events {
		assert.Equal(t, uids[i], batch.Events[i].UID, "row %d", i+1)
	}
	assert.Nil(t, batch.Events[0].Long)
	assert.Empty(t, batch.Events[0].DecodeError)
	second := &batch.Events[1]
	assert.Equal(t, "token_id,recipient_id,user_agent,extra", second.Truncated)
	assert.Equal(t, translator.LongValue{Column: "recipient_id", Bytes: 64<<10 + 1, SHA256: sha256.Sum256([]byte(edge + "f"))}, second.Long.Columns[1])
	assert.Equal(t, edge, second.FileID, "read whole")
	assert.Equal(t, edge, second.RecipientID, "the beginning")
	assert.EqualValues(t, 7, second.TlogIndex)
	assert.Equal(t, "token_id,source_ip,user_agent,extra", batch.Events[2].Truncated)
	assert.Nil(t, batch.Events[3].Long)
	for i, cursor := 0, (registry.Cursor{}); i < 4; i++ {
		one := read(t, open(t, path), cursor, 1) // which checks the row of the cursor
		require.Equal(t, batch.Events[i:i+1], one.Events)
		byID, err := r.ByID(t.Context(), []int64{int64(i + 1)}, nil)
		require.NoError(t, err)
		require.Equal(t, one.Events, byID)
		cursor = one.Next
	}

	// A view has no other way.
	execute(t, path, "ALTER TABLE events RENAME TO stored", "CREATE VIEW events AS SELECT * FROM stored WHERE id IN (1, 2, 4)")
	batch = read(t, open(t, path), registry.Cursor{}, 10)
	assert.Equal(t, []string{uids[0], uids[1], uids[3]}, []string{batch.Events[0].UID, batch.Events[1].UID, batch.Events[2].UID})
	assert.Equal(t, extra, batch.Events[1].Extra)
}

// A cursor after a row with a long value is compared with all of it once, and then with
// its short values, sizes and beginnings.
func TestCursorAfterALongValue(t *testing.T) {
	path := newDatabase(t)
	db := openLive(t, path)
	insertRow(t, db, 1, "t", nil, nil, nil, "dns", nil, strings.Repeat("a", 5_000_000), "{}", 1735000000, nil, nil)
	r := open(t, path)
	end := read(t, r, registry.Cursor{}, 10).Next
	insertRow(t, db, 2, "u", nil, nil, nil, "dns", nil, nil, "{}", 1735000000, nil, nil)
	assert.Equal(t, []string{"u"}, tokens(read(t, r, end, 10)))
	assert.Equal(t, []string{"u"}, tokens(read(t, open(t, path), end, 10)))
	last, err := r.End(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, 2, last.ID)

	for name, change := range map[string]string{
		"size":      "UPDATE events SET user_agent = user_agent || 'a' WHERE id = 1",
		"beginning": "UPDATE events SET user_agent = 'b' || substr(user_agent, 2) WHERE id = 1",
		"short":     "UPDATE events SET token_id = 'x' WHERE id = 1",
	} {
		_, err := db.ExecContext(t.Context(), change)
		require.NoError(t, err)
		_, err = r.Read(t.Context(), end, 10, nil)
		require.ErrorAs(t, err, new(*registry.ReplacedError), name)
	}
	_, err = db.ExecContext(t.Context(), "UPDATE events SET user_agent = substr(user_agent, 1, 4000000) || 'b' || substr(user_agent, 4000002), token_id = 't' WHERE id = 1")
	require.NoError(t, err)
	_, err = open(t, path).Read(t.Context(), end, 10, nil)
	require.ErrorAs(t, err, new(*registry.ReplacedError), "all of it after a start")
	require.NoError(t, db.Close())
}

// Values that are too long stand wherever a table lets them.
func TestLongValuesInOtherPlaces(t *testing.T) {
	const long = "printf('%.*c', 3000000, 'x')"
	path := newDatabase(t, "INSERT INTO events(token_id, kind, timestamp) VALUES ('t1', 'dns', 1735000001), ('t2', 'dns', "+long+"), ('t3', 'dns', 1735000003)")
	r := open(t, path)
	batch := read(t, r, registry.Cursor{}, 10)
	assert.Equal(t, []string{"t1", "t2", "t3"}, tokens(batch))
	assert.Zero(t, batch.Events[1].Timestamp)
	assert.Contains(t, batch.Events[1].DecodeError, "timestamp is not an integer")
	lag, err := r.Lag(t.Context(), 1)
	require.NoError(t, err)
	assert.EqualValues(t, 2, lag.Rows)
	end, err := r.EndBefore(t.Context(), time.Unix(1735000002, 0))
	require.NoError(t, err)
	assert.EqualValues(t, 1, end.ID)
	ordered := orderedBy(t, path, 100, registry.Range{Since: time.Unix(1735000002, 0)})
	assert.Equal(t, []int64{3, 2}, drain(t, ordered, 10), "a time that is not known is within all limits")

	loose := filepath.Join(t.TempDir(), "registry.sqlite")
	execute(t, loose, "CREATE TABLE events (id, token_id, file_id, recipient_id, issuer_id, kind, source_ip, user_agent, extra, timestamp, qualified_timestamp, tlog_index)",
		"INSERT INTO events(id, token_id, kind, user_agent, timestamp) VALUES (1, 't1', 'dns', "+long+", 1735000001), ("+long+", 't2', 'dns', 'u', 1735000002), ('3', 't3', 'dns', "+long+", 1735000003)")
	batch = read(t, open(t, loose), registry.Cursor{}, 10)
	assert.Equal(t, []string{"t1", "t3"}, tokens(batch))
	assert.EqualValues(t, 3_000_000, batch.Events[1].Long.Columns[0].Bytes)
	require.Len(t, batch.Notices, 1)
	assert.Equal(t, registry.NoticeIDs, batch.Notices[0].Kind)
	ordered = orderedBy(t, loose, 100, registry.Range{})
	assert.Equal(t, []int64{1, 0, 3}, drain(t, ordered, 10))
}

// While nothing is written, the row of a cursor is not read again. Any change is seen.
func TestCursorIsCheckedAfterAChange(t *testing.T) {
	path := newDatabase(t)
	db := openLive(t, path)
	insertRow(t, db, 1, "t", nil, nil, nil, "dns", nil, strings.Repeat("a", 5_000_000), "{}", 1735000000, nil, nil)
	require.NoError(t, db.Close())
	r := open(t, path)
	end := read(t, r, registry.Cursor{}, 10).Next
	require.Eventually(t, func() bool { // the clock of files ticks too slowly to tell at once
		assert.Empty(t, read(t, r, end, 10).Events)
		changed, err := r.Changed()
		return err == nil && !changed
	}, 20*time.Second, 100*time.Millisecond)
	assert.Empty(t, read(t, r, end, 10).Events)

	other := newDatabase(t, insert("o", 5))
	require.NoError(t, os.Rename(other, path))
	for range 2 {
		_, err := r.Read(t.Context(), end, 10, nil)
		require.ErrorAs(t, err, new(*registry.ReplacedError))
	}
}
