// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	_ "modernc.org/sqlite"

	"github.com/oversight-protocol/oversight-otelcol/internal/livedb"
	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const schema = `PRAGMA journal_mode=WAL;
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    token_id TEXT NOT NULL, file_id TEXT, recipient_id TEXT, issuer_id TEXT,
    kind TEXT NOT NULL, source_ip TEXT, user_agent TEXT, extra TEXT,
    timestamp INTEGER NOT NULL, qualified_timestamp TEXT, tlog_index INTEGER);`

// observed is the clock of all readers here.
var observed = time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)

// execute runs statements on a connection of its own, as the registry does.
func execute(t testing.TB, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)")
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	for _, s := range statements {
		_, err := db.ExecContext(t.Context(), s)
		require.NoError(t, err, s)
	}
	require.NoError(t, db.Close())
}

// insert returns a statement that adds n rows whose tokens start with a word.
func insert(word string, n int) string {
	return fmt.Sprintf(`WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x<%d)
		INSERT INTO events(token_id, kind, timestamp) SELECT '%s'||x, 'dns', 1735000000+x FROM c`, n, word)
}

func newDatabase(t testing.TB, statements ...string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "registry.sqlite")
	execute(t, path, append([]string{schema}, statements...)...)
	return path
}

func open(t testing.TB, path string) *registry.Reader {
	t.Helper()
	r := registry.Open(registry.Settings{Path: path, RegistryID: "deadbeef", Now: func() time.Time { return observed }})
	t.Cleanup(func() { assert.NoError(t, r.Close()) })
	return r
}

func read(t *testing.T, r *registry.Reader, after registry.Cursor, limit int) registry.Batch {
	t.Helper()
	batch, err := r.Read(t.Context(), after, limit, nil)
	require.NoError(t, err)
	return batch
}

func tokens(batch registry.Batch) []string {
	all := []string{}
	for _, e := range batch.Events {
		all = append(all, e.TokenID)
	}
	return all
}

func listing(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestReadsInBatches(t *testing.T) {
	path := newDatabase(t, insert("t", 5))
	r := open(t, path)

	first := read(t, r, registry.Cursor{}, 3)
	assert.Equal(t, []string{"t1", "t2", "t3"}, tokens(first))
	assert.True(t, first.More)
	assert.Equal(t, registry.Cursor{ID: 3, UID: first.Events[2].UID, RegistryID: "deadbeef"}, first.Next)

	second := read(t, r, first.Next, 3)
	assert.Equal(t, []string{"t4", "t5"}, tokens(second))
	assert.False(t, second.More)

	none := read(t, r, second.Next, 3)
	assert.Empty(t, none.Events)
	assert.Equal(t, second.Next, none.Next)

	execute(t, path, insert("u", 1))
	assert.Equal(t, []string{"u1"}, tokens(read(t, r, none.Next, 3)), "a committed row is there at the next read")
}

func TestDecode(t *testing.T) {
	const columns = "INSERT INTO events(id, token_id, file_id, recipient_id, issuer_id, kind, source_ip, user_agent, extra, timestamp, qualified_timestamp, tlog_index) VALUES "
	base := translator.Event{RegistryID: "deadbeef", ID: 1, TokenID: "t", Kind: "dns", Timestamp: time.Unix(1735000000, 0).UTC(), Observed: observed}
	for name, c := range map[string]struct {
		row    string
		change func(*translator.Event)
	}{
		"all columns": {
			`(1,'t','f','r','i','dns','::1','u','{"qname": "q"}',1735000000,'2024-12-24T01:06:40Z',7)`,
			func(e *translator.Event) {
				e.FileID, e.RecipientID, e.IssuerID, e.SourceIP, e.UserAgent = "f", "r", "i", "::1", "u"
				e.Extra, e.QuestionName = `{"qname":"q"}`, "q"
				e.QualifiedTimestamp, e.TlogIndex, e.HasTlogIndex = "2024-12-24T01:06:40Z", 7, true
			},
		},
		"NULLs":       {`(1,'t',NULL,NULL,NULL,'dns',NULL,NULL,NULL,1735000000,NULL,NULL)`, func(*translator.Event) {}},
		"empty texts": {`(1,'t','','','','dns','','','',1735000000,'',NULL)`, func(*translator.Event) {}},
		"no leaf":     {`(1,'t','','','','dns','','','{}',1735000000,'',-1)`, func(e *translator.Event) { e.TlogIndex, e.HasTlogIndex = -1, true }},
		"time 0":      {`(1,'t','','','','dns','','','',0,'',NULL)`, func(e *translator.Event) { e.Timestamp = time.Time{}; e.MarkInvalid("timestamp") }},
		"NUL in text": {`(1,'t'||char(0)||'x','','','','dns','','','',1735000000,'',NULL)`, func(e *translator.Event) { e.TokenID = "t\x00x" }},
		"time before 1970": {
			`(1,'t','','','','dns','','','',-5,'',NULL)`,
			func(e *translator.Event) {
				e.MarkInvalid("timestamp")
				e.Timestamp, e.DecodeError = time.Time{}, "timestamp is not a time from 1970 to 2262: -5"
			},
		},
		"time too late": {
			`(1,'t','','','','dns','','','',9223372037,'',NULL)`,
			func(e *translator.Event) {
				e.MarkInvalid("timestamp")
				e.Timestamp, e.DecodeError = time.Time{}, "timestamp is not a time from 1970 to 2262: 9223372037"
			},
		},
		"time is text": {
			`(1,'t','','','','dns','','','','soon','',NULL)`,
			func(e *translator.Event) {
				e.MarkInvalid("timestamp")
				e.Timestamp, e.DecodeError = time.Time{}, "timestamp is not an integer: 'soon'"
			},
		},
		"time is real": {
			`(1,'t','','','','dns','','','',1735000000.25,'',NULL)`,
			func(*translator.Event) {},
		},
		"index is text": {
			`(1,'t','','','','dns','','','',1735000000,'','x')`,
			func(e *translator.Event) { e.DecodeError = "tlog_index is not an integer: 'x'" },
		},
		"blob as token": {
			`(1,x'00ff','','','','dns','','','',1735000000,'',NULL)`,
			func(e *translator.Event) {
				e.MarkInvalid("token_id")
				e.TokenID, e.DecodeError = "", "token_id is a blob, not text: x'00ff'"
			},
		},
		"text that is not UTF-8": {
			`(1,CAST(x'61ff62' AS TEXT),'','','','dns','','','',1735000000,'',NULL)`,
			func(e *translator.Event) {
				e.MarkInvalid("token_id")
				e.TokenID, e.DecodeError = "a\ufffdb", "token_id is text that is not UTF-8: CAST(x'61ff62' AS TEXT)"
			},
		},
		"two faults": {
			`(1,'t',x'01','','','dns','','','',1735000000,'',1.5)`,
			func(e *translator.Event) {
				e.MarkInvalid("file_id")
				e.DecodeError = "file_id is a blob, not text: x'01'; tlog_index is not an integer: 1.5"
			},
		},
		"long fault": {
			`(1,'t',zeroblob(5000),'','','dns','','','',1735000000,'',NULL)`,
			func(e *translator.Event) {
				e.MarkInvalid("file_id")
				e.DecodeError = "file_id is a blob, not text: x'" + strings.Repeat("00", 256) + "… (5000 bytes)'"
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := open(t, newDatabase(t, columns+c.row))
			batch := read(t, r, registry.Cursor{}, 10)
			require.Len(t, batch.Events, 1)
			got := batch.Events[0]
			want := base
			want.UID = got.UID
			c.change(&want)
			assert.Equal(t, want, got)
		})
	}
}

// Columns without a declared type keep numbers as numbers.
func TestNumbersAreReadAsText(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.sqlite")
	execute(t, path, "CREATE TABLE events (id INTEGER PRIMARY KEY, token_id, file_id, recipient_id, issuer_id, kind, source_ip, user_agent, extra, timestamp, qualified_timestamp, tlog_index)",
		"INSERT INTO events(token_id, file_id, kind, timestamp) VALUES (12, 1.5, 'dns', 1735000000)")
	batch := read(t, open(t, path), registry.Cursor{}, 10)
	require.Len(t, batch.Events, 1)
	assert.Equal(t, "12", batch.Events[0].TokenID)
	assert.Equal(t, "1.5", batch.Events[0].FileID)
	assert.Empty(t, batch.Events[0].DecodeError)
}

// Destinations rely on the uid: its definition must not change.
func TestUID(t *testing.T) {
	row := `INSERT INTO events(id, token_id, file_id, recipient_id, issuer_id, kind, source_ip, user_agent, extra, timestamp, qualified_timestamp, tlog_index)
		VALUES (3,'t',NULL,'','i','dns',x'01','u','{}',1735000000,'q',1.5)`
	var b []byte
	field := func(class byte, data string) {
		b = binary.BigEndian.AppendUint32(append(b, class), uint32(len(data)))
		b = append(b, data...)
	}
	field(3, "deadbeef")
	field(1, "3")
	field(3, "t")
	field(5, "")
	field(3, "")
	field(3, "i")
	field(3, "dns")
	field(4, "\x01")
	field(3, "u")
	field(3, "{}")
	field(1, "1735000000")
	field(3, "q")
	field(2, "\x3f\xf8\x00\x00\x00\x00\x00\x00")
	sum := sha256.Sum256(b)

	batch := read(t, open(t, newDatabase(t, row)), registry.Cursor{}, 10)
	assert.Equal(t, hex.EncodeToString(sum[:16]), batch.Events[0].UID)
	assert.Equal(t, "5aacae99739fdb548ede460c6c9fb717", batch.Events[0].UID)
}

func TestEmptyAndNullDiffer(t *testing.T) {
	r := open(t, newDatabase(t, "INSERT INTO events(token_id, kind, timestamp) VALUES ('t','k',1)"))
	s := open(t, newDatabase(t, "INSERT INTO events(token_id, kind, timestamp, file_id) VALUES ('t','k',1,'')"))
	assert.NotEqual(t, read(t, r, registry.Cursor{}, 1).Next.UID, read(t, s, registry.Cursor{}, 1).Next.UID)
}

// restore replaces the database at path by another one.
func restore(t *testing.T, path string, statements ...string) {
	t.Helper()
	other := newDatabase(t, statements...)
	require.NoError(t, os.Rename(other, path))
}

func TestReplacedOrNot(t *testing.T) {
	for name, c := range map[string]struct {
		change   func(t *testing.T, path string)
		replaced string // part of the reason; empty: the same database
		then     []string
	}{
		"unchanged":            {func(*testing.T, string) {}, "", []string{}},
		"more rows":            {func(t *testing.T, path string) { execute(t, path, insert("n", 1)) }, "", []string{"n1"}},
		"pruned below cursor":  {func(t *testing.T, path string) { execute(t, path, "DELETE FROM events WHERE id < 8", insert("n", 1)) }, "", []string{"n1"}},
		"pruned up to cursor":  {func(t *testing.T, path string) { execute(t, path, "DELETE FROM events WHERE id <= 10", insert("n", 1)) }, "", []string{"n1"}},
		"pruned beyond cursor": {func(t *testing.T, path string) { execute(t, path, insert("n", 3), "DELETE FROM events WHERE id <= 12") }, "", []string{"n3"}},
		"all pruned":           {func(t *testing.T, path string) { execute(t, path, "DELETE FROM events") }, "", []string{}},
		"all pruned and more":  {func(t *testing.T, path string) { execute(t, path, "DELETE FROM events", insert("n", 2)) }, "", []string{"n1", "n2"}},
		"vacuumed":             {func(t *testing.T, path string) { execute(t, path, "VACUUM", insert("n", 1)) }, "", []string{"n1"}},
		"pruned and vacuumed":  {func(t *testing.T, path string) { execute(t, path, "DELETE FROM events", "VACUUM", insert("n", 1)) }, "", []string{"n1"}},
		"journal mode changed": {func(t *testing.T, path string) { execute(t, path, "PRAGMA journal_mode=DELETE", insert("n", 1)) }, "", []string{"n1"}},
		"copy with more rows":  {func(t *testing.T, path string) { restore(t, path, insert("t", 10), insert("n", 1)) }, "", []string{"n1"}},
		"column added": {func(t *testing.T, path string) {
			execute(t, path, "ALTER TABLE events ADD COLUMN more TEXT", insert("n", 1))
		}, "", []string{"n1"}},
		"backup, fewer rows":     {func(t *testing.T, path string) { restore(t, path, insert("t", 5)) }, "its highest id ever used is 5", nil},
		"other, more rows":       {func(t *testing.T, path string) { restore(t, path, insert("o", 20)) }, "the row with that id is event", nil},
		"backup, then new rows":  {func(t *testing.T, path string) { restore(t, path, insert("t", 5), insert("o", 9)) }, "the row with that id is event", nil},
		"new and empty":          {func(t *testing.T, path string) { restore(t, path) }, "its highest id ever used is 0", nil},
		"sequence reset":         {func(t *testing.T, path string) { execute(t, path, "DELETE FROM events", "DELETE FROM sqlite_sequence") }, "highest id ever used is 0", nil},
		"a row of the past edit": {func(t *testing.T, path string) { execute(t, path, "UPDATE events SET source_ip='x' WHERE id=10") }, "the row with that id is event", nil},
	} {
		t.Run(name, func(t *testing.T) {
			path := newDatabase(t, insert("t", 10))
			r := open(t, path)
			end := read(t, r, registry.Cursor{}, 100).Next
			require.EqualValues(t, 10, end.ID)

			c.change(t, path)
			for _, reader := range []*registry.Reader{r, open(t, path)} { // and after a restart
				batch, err := reader.Read(t.Context(), end, 100, nil)
				if c.replaced == "" {
					require.NoError(t, err)
					assert.Equal(t, c.then, tokens(batch))
					continue
				}
				replaced := new(registry.ReplacedError)
				require.ErrorAs(t, err, &replaced)
				assert.Contains(t, replaced.Reason, c.replaced)
				assert.ErrorContains(t, err, path)
			}
		})
	}
}

// A cursor whose row had been pruned when it was made is valid as long as the id is
// not used again.
func TestEndOfPrunedTable(t *testing.T) {
	path := newDatabase(t, insert("t", 10), "DELETE FROM events")
	r := open(t, path)
	end, err := r.End(t.Context())
	require.NoError(t, err)
	assert.Equal(t, registry.Cursor{ID: 10, RegistryID: "deadbeef"}, end)
	execute(t, path, insert("n", 1))
	assert.Equal(t, []string{"n1"}, tokens(read(t, r, end, 10)))

	restore(t, path, insert("o", 10))
	_, err = r.Read(t.Context(), end, 10, nil)
	require.ErrorAs(t, err, new(*registry.ReplacedError))
}

func TestEnd(t *testing.T) {
	r := open(t, newDatabase(t, insert("t", 10)))
	end, err := r.End(t.Context())
	require.NoError(t, err)
	assert.Equal(t, read(t, r, registry.Cursor{}, 100).Next, end)
}

func TestRenamedRegistryIsTheSameDatabase(t *testing.T) {
	path := newDatabase(t, insert("t", 3))
	end := read(t, open(t, path), registry.Cursor{}, 2).Next
	renamed := registry.Open(registry.Settings{Path: path, RegistryID: "other"})
	defer renamed.Close()
	batch := read(t, renamed, end, 100)
	assert.Equal(t, []string{"t3"}, tokens(batch))
	assert.Equal(t, "other", batch.Next.RegistryID)
}

func TestErrorsNameFileAndCause(t *testing.T) {
	file := func(content string) func(t *testing.T) string {
		return func(t *testing.T) string {
			path := filepath.Join(t.TempDir(), "registry.sqlite")
			require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
			return path
		}
	}
	database := func(statements ...string) func(t *testing.T) string {
		return func(t *testing.T) string {
			path := filepath.Join(t.TempDir(), "registry.sqlite")
			execute(t, path, statements...)
			return path
		}
	}
	for name, c := range map[string]struct {
		path func(t *testing.T) string
		want string
	}{
		"missing":          {func(t *testing.T) string { return filepath.Join(t.TempDir(), "registry.sqlite") }, "no such file or directory"},
		"missing folder":   {func(t *testing.T) string { return filepath.Join(t.TempDir(), "x", "registry.sqlite") }, "no such file or directory"},
		"folder":           {(*testing.T).TempDir, "is a directory"},
		"dangling link":    {danglingLink, "no such file or directory"},
		"no database":      {file(strings.Repeat("this is no database\n", 500)), "file is not a database"},
		"short file":       {file("short"), "file is not a database"},
		"empty file":       {file(""), "no such table: events"},
		"no table":         {database("CREATE TABLE x (y)"), "no such table: events"},
		"missing column":   {database("CREATE TABLE events (id INTEGER PRIMARY KEY, token_id TEXT)"), "no such column: timestamp"},
		"cut off database": {cutOff, "malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			path := c.path(t)
			r := open(t, path)
			_, err := r.Read(t.Context(), registry.Cursor{}, 10, nil)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, path)
			require.NotErrorIs(t, err, livedb.ErrBusy)
			assert.Equal(t, c.want == "no such file or directory", errors.Is(err, fs.ErrNotExist))
			changed, err := r.Changed()
			assert.True(t, changed || err != nil, "it must be tried again")

			// It succeeds as soon as the database exists.
			if filepath.Base(path) == "registry.sqlite" && name != "missing folder" {
				require.NoError(t, os.RemoveAll(path))
				restore(t, path, insert("t", 1))
				assert.Equal(t, []string{"t1"}, tokens(read(t, r, registry.Cursor{}, 10)))
			}
		})
	}
}

func danglingLink(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "registry.sqlite")
	require.NoError(t, os.Symlink("nowhere", path))
	return path
}

// cutOff is a database without its second half.
func cutOff(t *testing.T) string {
	path := newDatabase(t, insert("t", 5000))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.NoError(t, os.Truncate(path, info.Size()/8192*4096))
	return path
}

func TestLag(t *testing.T) {
	path := newDatabase(t, insert("t", 10))
	r := open(t, path)
	lag, err := r.Lag(t.Context(), 4)
	require.NoError(t, err)
	assert.Equal(t, registry.Lag{Rows: 6, Oldest: time.Unix(1735000005, 0).UTC()}, lag)
	lag, err = r.Lag(t.Context(), 10)
	require.NoError(t, err)
	assert.Zero(t, lag)
}

// Measuring the lag must not affect Changed.
func TestLagLeavesRowsUnread(t *testing.T) {
	path := newDatabase(t, insert("t", 1))
	r := open(t, path)
	end := read(t, r, registry.Cursor{}, 10).Next
	execute(t, path, insert("n", 1))
	_, err := r.Lag(t.Context(), end.ID)
	require.NoError(t, err)
	changed, err := r.Changed()
	require.NoError(t, err)
	assert.True(t, changed)
}

// The registry must be able to checkpoint and to remove its files whatever the
// reader did before, and find nothing that it did not put there.
func TestLeavesNoTrace(t *testing.T) {
	path := newDatabase(t, insert("t", 10))
	dir := filepath.Dir(path)
	r := open(t, path)
	read(t, r, registry.Cursor{}, 100)
	assert.Equal(t, []string{"registry.sqlite"}, listing(t, dir), "without connections")

	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	_, err = db.ExecContext(t.Context(), insert("n", 10))
	require.NoError(t, err)
	assert.Len(t, read(t, r, registry.Cursor{}, 100).Events, 20, "rows that are only in the log")
	assert.Equal(t, []string{"registry.sqlite", "registry.sqlite-shm", "registry.sqlite-wal"}, listing(t, dir))
	var busy, pages, done int
	require.NoError(t, db.QueryRowContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &done))
	assert.Zero(t, busy)
	require.NoError(t, db.Close())
	assert.Equal(t, []string{"registry.sqlite"}, listing(t, dir), "after the registry closed")
	assert.Len(t, read(t, r, registry.Cursor{}, 100).Events, 20)
	assert.Equal(t, []string{"registry.sqlite"}, listing(t, dir))
}
