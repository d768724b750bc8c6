// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFileIsAppendedTo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.ndjson")
	for range 2 {
		r := run(t, exporting("edge", "sentinel", "--output", path)...)
		assertOK(t, r, 15, "sentinel")
		assert.Empty(t, r.stdout)
	}
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	once := ids(t, vector(t, "edge", "sentinel"))
	assert.Equal(t, append(once, once...), ids(t, lines(t, string(text))))
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode(), "only its owner may read it")
}

// An earlier export was killed while it wrote a line.
func TestIncompleteLineIsEnded(t *testing.T) {
	path := writeFile(t, `{"EventId": "1"}`+"\n"+`{"EventI`)
	assertOK(t, run(t, exporting("edge", "sentinel", "--limit", "1", "--output", path)...), 1, "sentinel")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	all := lines(t, string(text))
	require.Len(t, all, 3)
	assert.Equal(t, []string{"1", "12"}, ids(t, []string{all[0], all[2]}))
}

// The output must not be the registry's database, by any name.
func TestDatabaseIsNotOverwritten(t *testing.T) {
	path := generate(t, 10)
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(path, link))
	for _, output := range []string{path, link} {
		r := run(t, "export", "--db", path, "--registry-id", "x", "--format", "ecs", "--output", output)
		assert.Equal(t, 1, r.code)
		assert.Contains(t, r.stderr, "--output is "+output+": must not be a file of the registry's database")
	}
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, before, after)
}
