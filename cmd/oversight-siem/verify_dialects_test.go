// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/registrygen/dialect"
)

// verifyArguments are those without a head.
func (f files) verifyArguments() []string {
	return []string{"verify", "--db", f.database, "--tlog", f.leaves, "--registry-id", f.key}
}

// dialectFiles are the files of a registry with so many events: registrations between
// them, rows that were committed in another order than their leaves, and a last line that
// is half written.
func dialectFiles(t *testing.T, d dialect.Dialect, events int) files {
	t.Helper()
	dir := t.TempDir()
	f := files{database: filepath.Join(dir, "registry.sqlite"), leaves: filepath.Join(dir, "leaves.jsonl"), key: registryID}
	g := dialect.New(d, 29)
	var log []byte
	var rows []dialect.Row
	for index := int64(0); len(rows) < events; index++ {
		if index%10 == 0 {
			log = append(log, g.Line(index, g.Register())...)
			continue
		}
		record := g.Next()
		record.Row["tlog_index"] = index
		rows = append(rows, record.Row)
		log = append(log, g.Line(index, record.Leaf)...)
	}
	half := g.Line(int64(events+events/9+1), g.Next().Leaf)
	require.NoError(t, os.WriteFile(f.leaves, append(log, half[:len(half)/2]...), 0o600))
	f.age(t, time.Hour)
	r := rand.New(rand.NewPCG(29, 0))
	for i := range rows {
		j := min(i+r.IntN(4), len(rows)-1)
		rows[i], rows[j] = rows[j], rows[i]
	}
	f.use(t, func(db *sql.DB) {
		tx, err := db.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		_, err = tx.ExecContext(t.Context(), dialect.Schema)
		require.NoError(t, err)
		for _, row := range rows {
			_, err = tx.ExecContext(t.Context(), dialect.Insert, row.Values()...)
			require.NoError(t, err)
		}
		require.NoError(t, tx.Commit())
	})
	return f
}

// What an honest registry writes has no finding, in whatever form. An edit, a deletion and
// an insertion have one.
func TestVerifyDialects(t *testing.T) {
	const events = 600
	for _, d := range dialect.All() {
		t.Run(d.String(), func(t *testing.T) {
			f := dialectFiles(t, d, events)
			v := verifyJSON(t, f.verifyArguments())
			assert.Empty(t, v.strings())
			assert.EqualValues(t, events, v.summary.Verified)

			var deleted int
			f.use(t, func(db *sql.DB) {
				require.NoError(t, db.QueryRowContext(t.Context(), "SELECT tlog_index FROM events WHERE id = 300").Scan(&deleted))
			})
			var want []string
			for i, column := range []string{"kind", "token_id", "file_id", "recipient_id", "source_ip", "qualified_timestamp"} {
				f.sql(t, fmt.Sprintf("UPDATE events SET %[1]s = coalesce(%[1]s, '') || 'x' WHERE id = %[2]d", column, 100+i))
				want = append(want, fmt.Sprintf("row_mismatch row %d %s", 100+i, column))
			}
			f.sql(t, "UPDATE events SET timestamp = 978307200 WHERE id = 110")
			f.sql(t, "DELETE FROM events WHERE id = 300")
			f.sql(t, "INSERT INTO events ("+eventColumns+") SELECT "+eventColumns+" FROM events WHERE id = 200")
			want = append(want, "row_mismatch row 110 timestamp", fmt.Sprintf("leaf_without_row %d", deleted), fmt.Sprintf("row_mismatch row %d duplicate", events+1))
			assert.Subset(t, verifyJSON(t, f.verifyArguments()).strings(), want) // leaves of edited rows may be findings, too
		})
	}
}

// The rows of the public registries agree with their logs; one of them was killed twice
// between leaf and row.
func TestVerifyPublicRegistries(t *testing.T) {
	for name, test := range map[string]struct {
		rows int64
		want []string
	}{
		"registry-public": {600, nil},
		"registry-rust":   {604, []string{"leaf_without_row 138", "leaf_without_row 385"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.CopyFS(dir, os.DirFS(filepath.Join(testdata, name))))
			f := files{filepath.Join(dir, "registry.sqlite"), filepath.Join(dir, "tlog", "leaves.jsonl"), filepath.Join(dir, "signed-head.json"), registryID}
			f.age(t, time.Hour)
			v := verifyJSON(t, f.verifyArguments())
			assert.Equal(t, test.want, v.strings())
			assert.Equal(t, test.rows, v.summary.Verified)
		})
	}
}
