// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/registrygen"
)

var (
	alone    = []string{"registry-identity.json", "registry.sqlite", "signed-head.json", "tlog", "well-known.json"}
	withTemp = []string{
		"registry-identity.json", "registry.sqlite", "registry.sqlite-shm", "registry.sqlite-wal",
		"signed-head.json", "tlog", "well-known.json",
	}
)

func TestFilesBesideTheDatabase(t *testing.T) {
	for style, between := range map[registrygen.Style][]string{
		"":                 alone,
		registrygen.Python: alone,
		registrygen.Rust:   withTemp,
	} {
		t.Run(string(style), func(t *testing.T) {
			dir := t.TempDir()
			settings := inDirectory(dir)
			settings.Style = style
			for range 2 { // a new database, and one that is there
				r := open(t, settings)
				assert.Equal(t, between, names(t, dir), "after Open")
				for range 5 {
					write(t, r, 1)
					assert.Equal(t, between, names(t, dir), "after WriteEvent")
				}
				_, err := r.Prune(t.Context(), 3)
				require.NoError(t, err)
				assert.Equal(t, between, names(t, dir), "after Prune")
				require.NoError(t, r.Fill(t.Context(), 5))
				assert.Equal(t, between, names(t, dir), "after Fill")
				require.NoError(t, r.Close())
				assert.Equal(t, alone, names(t, dir), "after Close")
			}
		})
	}
}

func TestPrune(t *testing.T) {
	for name, test := range map[string]struct {
		keep, deleted int64
		rest          []string
	}{
		"some":            {keep: 3, deleted: 7, rest: []string{"8", "9", "10"}},
		"one":             {keep: 1, deleted: 9, rest: []string{"10"}},
		"all but none":    {keep: 0, deleted: 10},
		"as many":         {keep: 10, rest: []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"}},
		"more than there": {keep: 99, rest: []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"}},
	} {
		t.Run(name, func(t *testing.T) {
			settings := inDirectory(t.TempDir())
			generate(t, settings, 10)
			r := open(t, settings)
			leaves := leafLines(t, settings.TlogDir)
			deleted, err := r.Prune(t.Context(), test.keep)
			require.NoError(t, err)
			assert.Equal(t, test.deleted, deleted)
			assert.Equal(t, test.rest, query(t, settings.Database, "SELECT id FROM events ORDER BY id"))
			assert.Equal(t, []string{"10"}, query(t, settings.Database, "SELECT seq FROM sqlite_sequence WHERE name = 'events'"))
			assert.Equal(t, leaves, leafLines(t, settings.TlogDir))
			require.NoError(t, r.Close())

			// Ids are not used again, also after another Open.
			assert.Equal(t, []int64{11}, write(t, open(t, settings), 1))
		})
	}
}

func TestConcurrentWriters(t *testing.T) {
	const writers, events = 12, 15
	for _, style := range styles {
		t.Run(string(style), func(t *testing.T) {
			settings := inDirectory(t.TempDir())
			settings.Style = style
			r := open(t, settings)
			var (
				group sync.WaitGroup
				mu    sync.Mutex
				ids   []int64
				errs  []error
			)
			for range writers {
				group.Go(func() {
					for range events {
						id, err := r.WriteEvent(t.Context())
						mu.Lock()
						ids, errs = append(ids, id), append(errs, err)
						mu.Unlock()
					}
				})
			}
			group.Wait()
			require.NoError(t, errors.Join(errs...))
			slices.Sort(ids)
			for i, id := range ids {
				require.Equal(t, int64(i+1), id)
			}
			want := registrygen.Summary{Events: writers * events, FirstID: 1, LastID: writers * events, Leaves: writers*events + 25}
			assert.Equal(t, want, r.Written())
			checkLog(t, settings, 0)

			// One writer would have written the same events.
			alone := inDirectory(t.TempDir())
			filled(t, alone, writers*events)
			assert.Equal(t, leafLines(t, alone.TlogDir), leafLines(t, settings.TlogDir))
		})
	}
}

// While another process holds the lock, the leaf is written and the row is not. The row
// is written once the lock is free, even if the context is done.
func TestLockedDatabase(t *testing.T) {
	for _, style := range styles {
		t.Run(string(style), func(t *testing.T) {
			settings := inDirectory(t.TempDir())
			settings.Style = style
			r := open(t, settings)
			lock := lockDatabase(t, settings.Database)
			log := filepath.Join(settings.TlogDir, registrygen.LeavesFile)
			before, err := os.Stat(log)
			require.NoError(t, err)

			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			result := make(chan error, 1)
			go func() {
				_, err := r.WriteEvent(ctx)
				result <- err
			}()
			require.Eventually(t, func() bool {
				now, err := os.Stat(log)
				return err == nil && now.Size() > before.Size()
			}, 5*time.Second, time.Millisecond)
			assert.Len(t, leafLines(t, settings.TlogDir), 26)
			assert.Equal(t, []string{"0"}, query(t, settings.Database, "SELECT count(*) FROM events"))
			cancel()
			require.NoError(t, lock.Rollback())
			require.NoError(t, <-result)
			assert.Equal(t, []string{"1"}, query(t, settings.Database, "SELECT count(*) FROM events"))
		})
	}
}

func lockDatabase(t *testing.T, path string) *sql.Tx {
	t.Helper()
	tx, err := connect(t, "file:"+path+"?_txlock=immediate").BeginTx(t.Context(), nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = tx.Rollback() }) // in case the test ended early
	return tx
}
