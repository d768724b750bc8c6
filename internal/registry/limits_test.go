// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// insertLong returns a statement that adds n rows with user agents of that size.
func insertLong(word string, n, size int) string {
	return fmt.Sprintf(`WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x<%d)
		INSERT INTO events(token_id, kind, timestamp, user_agent)
		SELECT '%s'||x, 'http_img', 1735000000+x, replace(hex(zeroblob(%d)), '0', 'a') FROM c`, n, word, size/2)
}

func TestBatchIsBoundedByTheMemoryOfItsValues(t *testing.T) {
	path := newDatabase(t, insertLong("t", 20, 1000_000))
	r := open(t, path)
	var all []string
	for cursor, more := (registry.Cursor{}), true; more; {
		batch := read(t, r, cursor, 1000)
		size := 0
		for i := range batch.Events {
			size += len(batch.Events[i].UserAgent)
		}
		assert.LessOrEqual(t, size, 4<<20)
		require.NotEmpty(t, batch.Events)
		assert.Equal(t, batch.Events[len(batch.Events)-1].ID, batch.Next.ID)
		all = append(all, tokens(batch)...)
		cursor, more = batch.Next, batch.More
	}
	var want []string
	for i := range 20 {
		want = append(want, fmt.Sprint("t", i+1))
	}
	assert.Equal(t, want, all)
}

func TestOrderedIsBoundedByTheMemoryOfItsValues(t *testing.T) {
	for name, statement := range map[string]string{
		"in order":     "",
		"out of order": "UPDATE events SET timestamp = 1735000000 - id",
	} {
		t.Run(name, func(t *testing.T) {
			path := newDatabase(t, insertLong("t", 20, 1000_000), statement)
			ordered, err := open(t, path).Ordered(t.Context(), registry.Range{})
			require.NoError(t, err)
			defer ordered.Close()
			count := 0
			for {
				events, err := ordered.Next(t.Context(), 1000, nil)
				require.NoError(t, err)
				if len(events) == 0 {
					break
				}
				assert.LessOrEqual(t, len(events), 4)
				count += len(events)
			}
			assert.Equal(t, 20, count)
		})
	}
}

func TestByID(t *testing.T) {
	path := newDatabase(t, insert("t", 9), "DELETE FROM events WHERE id = 4")
	r := open(t, path)
	events, err := r.ByID(t.Context(), []int64{7, 4, 2, 99, 2}, nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"t7", "t2", "t2"}, tokens(registry.Batch{Events: events}))
	assert.Equal(t, read(t, r, registry.Cursor{}, 2).Events[1], events[1])

	events, err = r.ByID(t.Context(), nil, events)
	require.NoError(t, err)
	assert.Empty(t, events)
}

func TestNewest(t *testing.T) {
	path := newDatabase(t)
	r := open(t, path)
	_, ok, err := r.Newest(t.Context())
	require.NoError(t, err)
	assert.False(t, ok)

	execute(t, path, insert("t", 3))
	newest, ok, err := r.Newest(t.Context())
	require.NoError(t, err)
	assert.True(t, ok)
	assert.Equal(t, "t3", newest.TokenID)
}

func TestEndBefore(t *testing.T) {
	at := func(seconds int64) time.Time { return time.Unix(seconds, 0) }
	path := newDatabase(t)
	r := open(t, path)
	endBefore := func(at time.Time) registry.Cursor {
		t.Helper()
		end, err := r.EndBefore(t.Context(), at)
		require.NoError(t, err)
		return end
	}
	assert.Equal(t, registry.Cursor{RegistryID: "deadbeef"}, endBefore(at(1735000000)))

	execute(t, path, insert("t", 9)) // at 1735000001 to 9
	events := read(t, r, registry.Cursor{}, 9).Events
	after := func(e *translator.Event) registry.Cursor {
		return registry.Cursor{ID: e.ID, UID: strings.Clone(e.UID), RegistryID: "deadbeef"}
	}
	assert.Equal(t, registry.Cursor{RegistryID: "deadbeef"}, endBefore(at(1735000001)), "no row is older")
	assert.Equal(t, after(&events[0]), endBefore(at(1735000002)))
	assert.Equal(t, after(&events[4]), endBefore(at(1735000006)))
	assert.Equal(t, after(&events[8]), endBefore(at(1735000010)))

	execute(t, path, "UPDATE events SET timestamp = 1735000003 WHERE id = 7") // the clock was set back
	assert.Equal(t, int64(7), endBefore(at(1735000006)).ID, "the rows at the end only")

	execute(t, path, "UPDATE events SET timestamp = 'yesterday' WHERE id = 9")
	assert.Equal(t, int64(8), endBefore(at(1735000009)).ID, "a row without a time counts as later")

	execute(t, path, "UPDATE events SET timestamp = 1735000009 WHERE id = 8; DELETE FROM events WHERE id = 9")
	assert.Equal(t, registry.Cursor{ID: 9, RegistryID: "deadbeef"}, endBefore(at(1735000100)), "like End, the highest id ever used")
}
