// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/registrygen"
)

// The database that a real registry wrote is appended to, with events of the
// documents that are registered there.
func TestAppendToARegistrysDatabase(t *testing.T) {
	path := sample(t)
	settings := inDirectory(t.TempDir())
	settings.Database = path
	const before = "SELECT * FROM events WHERE id <= 600 ORDER BY id"
	rows := query(t, path, before)
	require.Len(t, rows, 600)

	r := open(t, settings)
	assert.Equal(t, []int64{601, 602, 603}, write(t, r, 3))
	require.NoError(t, r.Fill(t.Context(), 97))
	assert.Equal(t, registrygen.Summary{Events: 100, FirstID: 601, LastID: 700, Leaves: 100}, r.Written())
	require.NoError(t, r.Close())

	assert.Equal(t, rows, query(t, path, before), "what was there is as it was")
	assert.Equal(t, []string{"25"}, query(t, path, "SELECT count(*) FROM manifests"))
	assert.Equal(t, []string{"0"}, query(t, path, `
		SELECT count(*) FROM events LEFT JOIN beacons USING (token_id)
		WHERE id > 600 AND events.file_id IS NOT beacons.file_id`))
	checkLog(t, settings, 600)
}

func TestOpenErrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, []byte("This is no database, and long enough to show it."), 0o600))
	for name, test := range map[string]struct {
		change func(*registrygen.Settings)
		want   []string
	}{
		"no database": {
			func(s *registrygen.Settings) { s.Database = "" },
			[]string{"the database is required"},
		},
		"unknown style": {
			func(s *registrygen.Settings) { s.Style = "go" },
			[]string{`"go"`, `"python"`, `"rust"`},
		},
		"negative number of documents": {
			func(s *registrygen.Settings) { s.Documents = -1 },
			[]string{"documents is -1"},
		},
		"another file": {
			func(s *registrygen.Settings) { s.Database = file },
			[]string{file, "not a database", "choose another file"},
		},
		"a directory": {
			func(s *registrygen.Settings) { s.Database = filepath.Dir(file) },
			[]string{filepath.Dir(file), "pass the path of a file"},
		},
		"a file in place of a directory": {
			func(s *registrygen.Settings) { s.Database = filepath.Join(file, "registry.sqlite") },
			[]string{file, "directory"},
		},
		"a file in place of the log's directory": {
			func(s *registrygen.Settings) { s.TlogDir = file },
			[]string{file, "directory"},
		},
	} {
		for _, style := range styles {
			t.Run(name+", "+string(style), func(t *testing.T) {
				settings := inDirectory(t.TempDir())
				settings.Style = style
				test.change(&settings)
				_, err := registrygen.Open(t.Context(), settings)
				for _, part := range test.want {
					require.ErrorContains(t, err, part)
				}
			})
		}
	}
}

func TestDirectoriesAreCreated(t *testing.T) {
	// A name that must be escaped in a URI.
	settings := inDirectory(filepath.Join(t.TempDir(), "a ?mode=ro&b#c%20d", "data"))
	generate(t, settings, 1)
	assert.Equal(t, alone, names(t, filepath.Dir(settings.Database)))
}

func TestOpenIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := registrygen.Open(ctx, inDirectory(t.TempDir()))
	require.ErrorIs(t, err, context.Canceled)
}

func TestDoneContextWritesNothing(t *testing.T) {
	settings := inDirectory(t.TempDir())
	r := open(t, settings)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := r.WriteEvent(ctx)
	require.ErrorIs(t, err, context.Canceled)
	assert.Len(t, leafLines(t, settings.TlogDir), 25)
	assert.Equal(t, []int64{1}, write(t, r, 1), "and does not keep others from writing")
}

func TestClosed(t *testing.T) {
	for _, style := range styles {
		t.Run(string(style), func(t *testing.T) {
			settings := inDirectory(t.TempDir())
			settings.Style = style
			r := open(t, settings)
			require.NoError(t, r.Close())
			require.NoError(t, r.Close())
			_, err := r.WriteEvent(t.Context())
			require.ErrorContains(t, err, "closed")
			require.ErrorContains(t, r.Fill(t.Context(), 1), "closed")
		})
	}
}

func TestPruneRefusesNegativeNumbers(t *testing.T) {
	_, err := open(t, inDirectory(t.TempDir())).Prune(t.Context(), -1)
	require.ErrorContains(t, err, "-1")
}

func TestSummary(t *testing.T) {
	for want, summary := range map[string]registrygen.Summary{
		"wrote no events and 0 leaves":                   {},
		"wrote no events and 25 leaves":                  {Leaves: 25},
		"wrote 1 event (id 7) and 1 leaf":                {Events: 1, FirstID: 7, LastID: 7, Leaves: 1},
		"wrote 123 events (ids 1 to 123) and 148 leaves": {Events: 123, FirstID: 1, LastID: 123, Leaves: 148},
	} {
		assert.Equal(t, want, summary.String())
	}
}
