// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

// Rows with ids of 0 and below are all found, page by page, in tables of any layout.
func TestUpToZero(t *testing.T) {
	const odd = "UPDATE events SET id = CASE id WHEN 1 THEN -9223372036854775808 WHEN 2 THEN -9223372036854775807 WHEN 3 THEN -7 WHEN 4 THEN 0 ELSE id END"
	for name, more := range map[string][]string{
		"key":    {odd},
		"no key": {odd, "CREATE TABLE loose AS SELECT * FROM events", "DROP TABLE events", "ALTER TABLE loose RENAME TO events"},
	} {
		t.Run(name, func(t *testing.T) {
			r := open(t, newDatabase(t, append([]string{insert("a", 9)}, more...)...))
			var got []int64
			for first := int64(math.MinInt64); ; first = got[len(got)-1] + 1 {
				events, err := r.UpToZero(t.Context(), first, 2, nil)
				require.NoError(t, err)
				if len(events) == 0 {
					break
				}
				for i := range events {
					got = append(got, events[i].ID)
				}
			}
			assert.Equal(t, []int64{math.MinInt64, math.MinInt64 + 1, -7, 0}, got)
			_, ok, err := r.WithoutInteger(t.Context())
			require.NoError(t, err)
			assert.False(t, ok)
		})
	}
}

func TestWithoutInteger(t *testing.T) {
	for _, id := range []string{"'x'", "NULL", "1.5", "x'00'"} {
		r := open(t, newDatabase(t, insert("a", 3), "CREATE TABLE loose AS SELECT * FROM events", "DROP TABLE events", "ALTER TABLE loose RENAME TO events", "UPDATE events SET id = "+id+" WHERE id = 2"))
		notice, ok, err := r.WithoutInteger(t.Context())
		require.NoError(t, err)
		require.True(t, ok, id)
		assert.Equal(t, registry.NoticeIDs, notice.Kind)
		assert.Contains(t, notice.Text, "which is not an integer")
	}
}
