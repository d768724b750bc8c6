// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

// Rows can be read again from anywhere, also after a gap, and between two calls of Read.
func TestAfter(t *testing.T) {
	path := newDatabase(t, insert("a", 10), "DELETE FROM events WHERE id BETWEEN 4 AND 6")
	r := open(t, path)
	batch := read(t, r, registry.Cursor{}, 7)
	ids := func(after int64, n int) (ids []int64, more bool) {
		events, more, err := r.After(t.Context(), after, n, nil)
		require.NoError(t, err)
		for i := range events {
			ids = append(ids, events[i].ID)
		}
		return ids, more
	}
	got, more := ids(2, 3)
	assert.Equal(t, []int64{3, 7, 8}, got)
	assert.True(t, more)
	got, more = ids(8, 100)
	assert.Equal(t, []int64{9, 10}, got)
	assert.False(t, more)
	got, _ = ids(10, 1)
	assert.Empty(t, got)
	execute(t, path, insert("b", 1))
	assert.Len(t, read(t, r, batch.Next, 7).Events, 1)
}
