// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"database/sql"
	"math"
	"path/filepath"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// FuzzRow reads a row whose columns hold values of any type: seed chooses them among
// those that are made of the other arguments.
func FuzzRow(f *testing.F) {
	f.Add(uint64(0), "t", []byte(`{"qname":"q"}`), int64(1735000000), 1.5)
	f.Add(uint64(0x1234567), "7", []byte("7"), int64(-1), 7.0)
	f.Add(uint64(0xffffffff), "\xff\x00\u202e", []byte("\xff"), int64(math.MaxInt64), math.Inf(1))
	f.Add(uint64(0x32103210), ` 1_0 `, []byte(`{"a":NaN}`), int64(math.MinInt64), 1e300)
	f.Add(uint64(0x23232323), `{"\ud800":1,"\udbff":2}`, []byte("\xef\xbb\xbf{}"), int64(253402300800), -0.5)
	path := filepath.Join(f.TempDir(), "registry.sqlite")
	db, err := sql.Open("sqlite", path)
	require.NoError(f, err)
	f.Cleanup(func() { require.NoError(f, db.Close()) })
	db.SetMaxOpenConns(1)
	_, err = db.ExecContext(f.Context(), untyped)
	require.NoError(f, err)

	f.Fuzz(func(t *testing.T, seed uint64, text string, blob []byte, integer int64, real float64) {
		values := make([]any, 12)
		for i := range values {
			values[i] = []any{nil, text, blob, integer, real}[seed%5]
			seed /= 5
		}
		_, err := db.ExecContext(t.Context(), "DELETE FROM events")
		require.NoError(t, err)
		_, err = db.ExecContext(t.Context(), "INSERT INTO events VALUES (?,?,?,?,?,?,?,?,?,?,?,?)", values...)
		require.NoError(t, err)
		r := open(t, path)
		ordered, err := r.Ordered(t.Context(), registry.Range{})
		require.NoError(t, err)
		defer ordered.Close()
		events, err := ordered.Next(t.Context(), 10, nil)
		require.NoError(t, err)
		require.Len(t, events, 1, "every row is read")
		requireValid(t, &events[0])

		batch := read(t, r, registry.Cursor{}, 10)
		told := slices.ContainsFunc(batch.Notices, func(n registry.Notice) bool { return n.Kind == registry.NoticeIDs })
		require.Equal(t, len(batch.Events) == 0, told, "it is delivered, or it is told")
		if len(batch.Events) == 1 {
			require.Equal(t, events[0], batch.Events[0])
			require.Positive(t, batch.Next.ID)
			require.Empty(t, read(t, r, batch.Next, 10).Events)
		}
	})
}

// requireValid makes sure that an event is what [translator.Event] promises.
func requireValid(t *testing.T, e *translator.Event) {
	t.Helper()
	for _, text := range []string{
		e.Kind, e.TokenID, e.FileID, e.RecipientID, e.IssuerID, e.SourceIP, e.UserAgent, e.QuestionName, e.Extra, e.QualifiedTimestamp, e.DecodeError,
	} {
		require.True(t, utf8.ValidString(text), "%q", text)
	}
	if !e.Timestamp.IsZero() {
		require.GreaterOrEqual(t, e.Timestamp.Unix(), int64(translator.MinTimestamp))
		require.LessOrEqual(t, e.Timestamp.Unix(), translator.MaxTimestamp)
	}
	require.Len(t, e.UID, 32)
	extra, name := translator.NormalizeExtra(e.Extra)
	require.Equal(t, e.Extra, extra)
	require.Equal(t, e.QuestionName, name)
}
