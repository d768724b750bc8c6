// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/internal/registrygen"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// at returns a statement that adds rows with these timestamps, SQL literals, and
// ids from 1.
func at(timestamps ...any) string {
	statement := "INSERT INTO events(token_id, kind, timestamp) VALUES "
	for i, timestamp := range timestamps {
		statement += fmt.Sprintf("%s('t', 'dns', %v)", map[bool]string{true: ", "}[i > 0], timestamp)
	}
	return statement
}

// withNull is the table without its constraints.
const withNull = "DROP TABLE events; CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, token_id, file_id, recipient_id, issuer_id, kind, source_ip, user_agent, extra, timestamp INTEGER, qualified_timestamp, tlog_index)"

func ordered(t *testing.T, path string, limits registry.Range) *registry.Ordered {
	t.Helper()
	return orderedBy(t, path, 4096, limits)
}

// orderedBy reads with id ranges of that size.
func orderedBy(t *testing.T, path string, size int64, limits registry.Range) *registry.Ordered {
	t.Helper()
	r := open(t, path)
	r.SetIDRangeSize(size)
	o, err := r.Ordered(t.Context(), limits)
	require.NoError(t, err)
	t.Cleanup(o.Close)
	return o
}

// drain reads to the end, n events at a time.
func drain(t *testing.T, o *registry.Ordered, n int) (ids []int64) {
	t.Helper()
	var events []translator.Event
	for {
		var err error
		events, err = o.Next(t.Context(), n, events)
		require.NoError(t, err)
		if len(events) == 0 {
			assert.Zero(t, o.Left())
			return ids
		}
		assert.LessOrEqual(t, len(events), n)
		for _, e := range events {
			ids = append(ids, e.ID)
		}
	}
}

// expected is the order that SQLite gives.
func expected(t *testing.T, path, where string) (ids []int64) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), "SELECT id FROM events WHERE "+where+" ORDER BY timestamp, id")
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var id int64
		require.NoError(t, rows.Scan(&id))
		ids = append(ids, id)
	}
	require.NoError(t, rows.Err())
	return ids
}

func TestOrder(t *testing.T) {
	seconds := func(n int64) time.Time { return time.Unix(n, 0) }
	hard := []any{50, 40, "'soon'", 60, "x'3530'", 60, 40, 0, -5, 1e300, 45.5, "NULL", 9300000000, 9300000000000}
	for name, c := range map[string]struct {
		timestamps []any
		limits     registry.Range
		want       []int64
		inOrder    bool
	}{
		"none":               {nil, registry.Range{}, nil, true},
		"in order":           {[]any{10, 20, 20, 30}, registry.Range{}, []int64{1, 2, 3, 4}, true},
		"limit":              {[]any{10, 20, 20, 30}, registry.Range{Limit: 3}, []int64{1, 2, 3}, true},
		"large limit":        {[]any{10, 20, 20, 30}, registry.Range{Limit: 30}, []int64{1, 2, 3, 4}, true},
		"after":              {[]any{10, 20, 20, 30}, registry.Range{AfterID: 2, Limit: 1}, []int64{3}, true},
		"after the end":      {[]any{10, 20}, registry.Range{AfterID: 20}, nil, true},
		"since":              {[]any{10, 20, 20, 30}, registry.Range{Since: seconds(20)}, []int64{2, 3, 4}, true},
		"until":              {[]any{10, 20, 20, 30}, registry.Range{Until: seconds(20)}, []int64{1}, true},
		"since and until":    {[]any{10, 20, 20, 30, 40}, registry.Range{Since: seconds(20), Until: seconds(40)}, []int64{2, 3, 4}, true},
		"nothing between":    {[]any{10, 20, 20, 30}, registry.Range{Since: seconds(21), Until: seconds(22)}, nil, true},
		"a gap between":      {[]any{10, 90, 20, 91, 30}, registry.Range{Until: seconds(50), Limit: 2}, []int64{1, 3}, true},
		"clock set back":     {[]any{10, 20, 15, 20, 30}, registry.Range{}, []int64{1, 3, 2, 4, 5}, false},
		"set back, limit":    {[]any{10, 20, 15, 20, 30}, registry.Range{Limit: 3}, []int64{1, 3, 2}, false},
		"set back, after":    {[]any{10, 20, 15, 20, 30}, registry.Range{AfterID: 1, Limit: 3}, []int64{3, 2, 4}, false},
		"set back before":    {[]any{10, 20, 15, 20, 30}, registry.Range{AfterID: 2}, []int64{3, 4, 5}, true},
		"set back, since":    {[]any{10, 20, 15, 20, 30}, registry.Range{Since: seconds(15), Until: seconds(30)}, []int64{3, 2, 4}, false},
		"backwards":          {[]any{50, 40, 30, 20, 10}, registry.Range{}, []int64{5, 4, 3, 2, 1}, false},
		"unusable times":     {hard, registry.Range{}, []int64{12, 9, 8, 2, 7, 11, 1, 5, 4, 6, 13, 14, 10, 3}, false},
		"unusable and since": {hard, registry.Range{Since: seconds(0)}, []int64{12, 8, 2, 7, 11, 1, 5, 4, 6, 13, 14, 10, 3}, false},
		"unusable and until": {hard, registry.Range{Until: seconds(1e9)}, []int64{12, 9, 2, 7, 11, 1, 5, 4, 6, 3}, false},
	} {
		t.Run(name, func(t *testing.T) {
			path := newDatabase(t, withNull)
			if c.timestamps != nil {
				execute(t, path, at(c.timestamps...))
			}
			for n := 1; n <= 5; n += 2 {
				o := orderedBy(t, path, int64(n), c.limits)
				assert.Equal(t, c.inOrder, o.InOrder())
				assert.Equal(t, int64(len(c.want)), o.Left())
				assert.Equal(t, c.want, drain(t, o, n))
			}
		})
	}
}

// Thousands of rows make many id ranges. The expected order is that of SQLite.
func TestOrderOfManyRows(t *testing.T) {
	for name, timestamp := range map[string]string{
		"in order":       "1735000000+x/3",
		"set back once":  "1735000000+iif(x<6000, x, x-3000)",
		"set back often": "1735000000+x-(x%500)/7*10",
		"backwards":      "1735000000-x",
		"all mixed":      "1735000000+x*7919%20011",
	} {
		t.Run(name, func(t *testing.T) {
			path := newDatabase(t, `WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x<12000)
				INSERT INTO events(token_id, kind, timestamp) SELECT 't', 'dns', `+timestamp+` FROM c`,
				"DELETE FROM events WHERE id BETWEEN 2000 AND 3000 OR id % 17 = 0")
			o := orderedBy(t, path, 300, registry.Range{})
			assert.Equal(t, expected(t, path, "true"), drain(t, o, 700))

			o = orderedBy(t, path, 300, registry.Range{AfterID: 500, Since: time.Unix(1735001000, 0), Until: time.Unix(1735004000, 0)})
			assert.Equal(t, expected(t, path, "id > 500 AND timestamp >= 1735001000 AND timestamp < 1735004000"), drain(t, o, 700))
		})
	}
}

// A reading that ended early and the one that resumes it return all events together,
// wherever the first one ended.
func TestResume(t *testing.T) {
	for name, c := range map[string]struct {
		timestamps []any
		exact      bool
	}{
		"in order": {[]any{10, 20, 20, 30, 40}, true},
		"set back": {[]any{10, 50, 15, 20, 12, 60, 60, 1}, false},
	} {
		t.Run(name, func(t *testing.T) {
			path := newDatabase(t, at(c.timestamps...))
			all := drain(t, ordered(t, path, registry.Range{}), 10)
			for taken := range len(all) + 1 {
				o := ordered(t, path, registry.Range{})
				var last int64
				for range taken {
					events, err := o.Next(t.Context(), 1, nil)
					require.NoError(t, err)
					last = events[0].ID
				}
				after, exact, err := o.Resume(t.Context(), last)
				require.NoError(t, err)
				assert.Equal(t, c.exact || taken == 0, exact)
				rest := drain(t, ordered(t, path, registry.Range{AfterID: after}), 10)
				if exact {
					assert.Equal(t, all[taken:], append([]int64{}, rest...))
				} else {
					assert.Subset(t, rest, all[taken:])
				}
				if taken < len(all) {
					assert.Contains(t, rest, after+1, "no more is repeated than has to be")
				}
			}
		})
	}
}

func TestResumeAfterAPrunedRow(t *testing.T) {
	path := newDatabase(t, at(10, 50, 15, 20))
	o := ordered(t, path, registry.Range{AfterID: 1})
	events, err := o.Next(t.Context(), 1, nil)
	require.NoError(t, err)
	execute(t, path, fmt.Sprintf("DELETE FROM events WHERE id = %d", events[0].ID))
	after, exact, err := o.Resume(t.Context(), events[0].ID)
	require.NoError(t, err)
	assert.Equal(t, int64(1), after, "the whole range once more")
	assert.False(t, exact)
}

// Rows that are inserted or deleted during a reading.
func TestOrderedIsOfOneMoment(t *testing.T) {
	for name, timestamps := range map[string][]any{
		"in order": {10, 20, 30, 40, 50, 60},
		"set back": {30, 10, 60, 40, 20, 50}, // row 4 is not among the first that are read ahead
	} {
		t.Run(name, func(t *testing.T) {
			path := newDatabase(t, at(timestamps...))
			o := ordered(t, path, registry.Range{})
			first, err := o.Next(t.Context(), 1, nil)
			require.NoError(t, err)
			execute(t, path, at(1, 100), "DELETE FROM events WHERE id = 4")
			rest := drain(t, o, 2)
			assert.Len(t, rest, 4)
			assert.NotContains(t, append(rest, first[0].ID), int64(4))
			assert.LessOrEqual(t, slices.Max(rest), int64(6))
		})
	}
}

func TestAllRowsPrunedDuringAReading(t *testing.T) {
	for _, timestamps := range [][]any{{10, 20, 30}, {30, 10, 20}} {
		path := newDatabase(t, at(timestamps...))
		o := ordered(t, path, registry.Range{})
		execute(t, path, "DELETE FROM events")
		assert.Empty(t, drain(t, o, 2))
	}
}

func TestDatabaseReplacedDuringAReading(t *testing.T) {
	path := newDatabase(t, insert("t", 20))
	o := ordered(t, path, registry.Range{})
	events, err := o.Next(t.Context(), 2, nil)
	require.NoError(t, err)
	restore(t, path, insert("other", 20))
	for err == nil && len(events) > 0 { // some may have been read before
		for _, e := range events {
			require.Regexp(t, "^t[0-9]+$", e.TokenID)
		}
		events, err = o.Next(t.Context(), 2, events)
	}
	var replaced *registry.ReplacedError
	require.ErrorAs(t, err, &replaced)
	assert.ErrorContains(t, err, path)
}

// A registry writes all the time, each event on a connection of its own, so
// that every one of them rewrites the database file; its clock jumps.
func TestOrderedBesideAWriter(t *testing.T) {
	for name, jump := range map[string]int64{"steady clock": 0, "jumping clock": 1000} {
		t.Run(name, func(t *testing.T) {
			path := newDatabase(t, insert("t", 6000))
			if jump > 0 {
				execute(t, path, "UPDATE events SET timestamp = timestamp - 1500 WHERE id > 4000")
			}
			stop := keepWriting(t, path, 1735020001, jump)
			o := orderedBy(t, path, 300, registry.Range{})
			ids := drain(t, o, 500)
			assert.Positive(t, stop())
			assert.Equal(t, jump == 0, o.InOrder())
			assert.Equal(t, expected(t, path, fmt.Sprintf("id <= %d", slices.Max(ids))), ids)
			assert.GreaterOrEqual(t, len(ids), 6000)
		})
	}
}

// keepWriting writes rows until stop is called, which returns how many.
func keepWriting(t *testing.T, path string, from, jump int64) (stop func() int) {
	done, written := make(chan struct{}), make(chan int)
	write := func(timestamp int64) error {
		db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)")
		if err != nil {
			return err
		}
		_, err = db.ExecContext(t.Context(), at(timestamp))
		return errors.Join(err, db.Close())
	}
	go func() {
		random := rand.New(rand.NewPCG(1, 2))
		for n := 0; ; n++ {
			select {
			case <-done:
				written <- n
				return
			default:
				assert.NoError(t, write(from+int64(n)-random.Int64N(jump+1)))
			}
		}
	}()
	return func() int {
		close(done)
		return <-written
	}
}

func TestOrderedErrors(t *testing.T) {
	path := t.TempDir() + "/none.sqlite"
	_, err := open(t, path).Ordered(t.Context(), registry.Range{})
	assert.ErrorContains(t, err, path)
}

// BenchmarkOrdered reads a whole table whose timestamps are in the order of
// ids, where a clock was set back once, and where they are in no order.
func BenchmarkOrdered(b *testing.B) {
	for name, change := range map[string]string{
		"in order": "SELECT 1",
		"set back": "UPDATE events SET timestamp = timestamp - 3600 WHERE id > 500000",
		"no order": "UPDATE events SET timestamp = 1735000000 + id * 7919 % 1000003",
	} {
		b.Run(name, func(b *testing.B) {
			path := generate(b, benchmarkRows)
			db, err := sql.Open("sqlite", path)
			require.NoError(b, err)
			_, err = db.ExecContext(b.Context(), change)
			require.NoError(b, err)
			require.NoError(b, db.Close())
			r := registry.Open(registry.Settings{Path: path, RegistryID: "deadbeef"})
			defer r.Close()
			b.ReportAllocs()
			for b.Loop() {
				o, err := r.Ordered(b.Context(), registry.Range{})
				require.NoError(b, err)
				rows, events := 0, []translator.Event(nil)
				for events, err = o.Next(b.Context(), 1000, events); len(events) > 0; events, err = o.Next(b.Context(), 1000, events) {
					rows += len(events)
				}
				require.NoError(b, err)
				require.Equal(b, benchmarkRows, rows)
				o.Close()
			}
			reportPerRow(b)
		})
	}
}

// generate fills a new database.
func generate(b *testing.B, rows int64) (path string) {
	b.Helper()
	path = b.TempDir() + "/registry.sqlite"
	generated, err := registrygen.Open(b.Context(), registrygen.Settings{Database: path, Seed: 1, Start: registrygen.DefaultStart})
	require.NoError(b, err)
	require.NoError(b, generated.Fill(b.Context(), rows))
	require.NoError(b, generated.Close())
	return path
}

// WithoutUID changes nothing else in events, and nothing in the cursors of Read.
func TestOrderedWithoutUID(t *testing.T) {
	path := newDatabase(t, insert("t", 3))
	r := open(t, path)
	with, err := ordered(t, path, registry.Range{}).Next(t.Context(), 10, nil)
	require.NoError(t, err)
	o, err := r.Ordered(t.Context(), registry.Range{WithoutUID: true})
	require.NoError(t, err)
	defer o.Close()
	without, err := o.Next(t.Context(), 10, nil)
	require.NoError(t, err)
	require.Len(t, without, 3)
	for i := range with {
		assert.Len(t, with[i].UID, 32)
		with[i].UID = ""
	}
	assert.Equal(t, with, without)
	assert.Len(t, read(t, r, registry.Cursor{}, 10).Next.UID, 32)
}
