// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

// The uids are those of the events, whatever the rows hold and however they are paged.
func TestRowUIDs(t *testing.T) {
	path := newDatabase(t, insert("a", 40), "DELETE FROM events WHERE id BETWEEN 4 AND 16",
		"UPDATE events SET user_agent = hex(zeroblob(200000)) WHERE id IN (18, 19, 30)",
		"UPDATE events SET user_agent = hex(zeroblob(2000000)) WHERE id IN (1, 33, 40)",
		"UPDATE events SET tlog_index = 'x', issuer_id = x'00ff' WHERE id = 20")
	r := open(t, path)
	var want []registry.RowUID
	for _, e := range read(t, r, registry.Cursor{}, 100).Events {
		want = append(want, registry.RowUID{ID: e.ID, UID: e.UID})
	}
	for len(want) < 27 { // a batch holds 4 MiB
		for _, e := range read(t, r, registry.Cursor{ID: want[len(want)-1].ID, UID: want[len(want)-1].UID, RegistryID: "deadbeef"}, 100).Events {
			want = append(want, registry.RowUID{ID: e.ID, UID: e.UID})
		}
	}
	for _, n := range []int{1, 2, 7, 100} {
		var got []registry.RowUID
		for after, more := int64(0), true; more; {
			rows, m, err := r.RowUIDs(t.Context(), after, n, nil)
			require.NoError(t, err)
			require.LessOrEqual(t, len(rows), n)
			got = append(got, rows...)
			if more = m; more {
				require.NotEmpty(t, rows)
				after = rows[len(rows)-1].ID
				if after == 40 {
					break
				}
			}
		}
		assert.Equal(t, want, got, n)
	}
}

// A table whose ids have no index is not read again and again.
func TestRowUIDsWithoutKey(t *testing.T) {
	path := newDatabase(t, insert("a", 4), "CREATE TABLE other AS SELECT * FROM events", "DROP TABLE events", "ALTER TABLE other RENAME TO events")
	_, _, err := open(t, path).RowUIDs(t.Context(), 0, 10, nil)
	assert.ErrorIs(t, err, registry.ErrNoKey)
}

// BenchmarkRowUIDs is what one row costs to be looked at again.
func BenchmarkRowUIDs(b *testing.B) {
	for _, n := range []int{64, 512} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r := open(b, newDatabase(b, insert("a", 50_000)))
			var rows []registry.RowUID
			read, after := 0, int64(0)
			for b.Loop() {
				var more bool
				var err error
				if rows, more, err = r.RowUIDs(b.Context(), after, n, rows); err != nil {
					b.Fatal(err)
				}
				read += len(rows)
				after = rows[len(rows)-1].ID
				if !more || after == 50_000 {
					after = 0
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(read), "ns/row")
		})
	}
}
