// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/oversight-protocol/oversight-otelcol/internal/registrygen"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// run runs the command within the test and returns its output.
func run(t *testing.T, arguments ...string) (output string, err error) {
	t.Helper()
	var out bytes.Buffer
	command := newCommand()
	command.SetArgs(append([]string{}, arguments...))
	command.SetOut(&out)
	command.SetErr(&out)
	err = command.ExecuteContext(t.Context())
	return out.String(), err
}

func value(t *testing.T, database, query string) (value string) {
	t.Helper()
	db, err := sql.Open("sqlite", database)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	require.NoError(t, db.QueryRowContext(t.Context(), query).Scan(&value))
	return value
}

func TestFlagErrors(t *testing.T) {
	for name, test := range map[string]struct {
		arguments []string
		want      []string
	}{
		"no database":            {nil, []string{"--db", "registry.sqlite"}},
		"argument":               {[]string{"x.sqlite"}, []string{`"x.sqlite"`, "--help"}},
		"rate":                   {[]string{"--db", "x", "--rate", "5/d"}, []string{`--rate is "5/d"`, "5/s"}},
		"count":                  {[]string{"--db", "x", "--count", "-1"}, []string{"--count is -1", "omit it"}},
		"prune":                  {[]string{"--db", "x", "--prune", "-2"}, []string{"--prune is -2", "omit it"}},
		"style":                  {[]string{"--db", "x", "--style", "go"}, []string{`--style is "go"`, "python or rust"}},
		"start":                  {[]string{"--db", "x", "--start", "now"}, []string{`--start is "now"`, "2026-01-01T00:00:00Z"}},
		"seed":                   {[]string{"--db", "x", "--seed", "x"}, []string{"--seed", `"x"`}},
		"bulk without count":     {[]string{"--db", "x", "--bulk"}, []string{"--bulk", "--count"}},
		"bulk with rate":         {[]string{"--db", "x", "--bulk", "--count", "1", "--rate", "1/s"}, []string{"--bulk", "--rate 1/s"}},
		"serve without a log":    {[]string{"--db", "x", "--serve", ":0", "--tlog", ""}, []string{"--serve :0", "--tlog ''"}},
		"serve nowhere":          {[]string{"--db", "x", "--serve", "8765"}, []string{`--serve is "8765"`, "127.0.0.1:8765"}},
		"damage":                 {[]string{"--db", "x", "--tamper", "fire"}, []string{"--tamper", `"fire"`, "row-edited", "log-truncated", "database-replaced"}},
		"no damage":              {[]string{"--db", "x", "--tamper", ""}, []string{"--tamper", `""`, "row-edited"}},
		"damage nowhere":         {[]string{"--db", "x", "--tamper", "row-edited", "--tamper-at", "-4"}, []string{"--tamper", "row or leaf -4"}},
		"damage of no column":    {[]string{"--db", "x", "--tamper", "row-edited", "--tamper-column", "id"}, []string{"--tamper", `"id"`, "source_ip"}},
		"damage without a log":   {[]string{"--db", "x", "--tamper", "row-edited", "--tlog", ""}, []string{"--tamper row-edited", "--tlog ''"}},
		"damage at a rate":       {[]string{"--db", "x", "--tamper", "row-edited", "--rate", "1/s"}, []string{"--tamper row-edited", "--count"}},
		"damage and prune":       {[]string{"--db", "x", "--tamper", "row-edited", "--prune", "1"}, []string{"--tamper row-edited", "--count"}},
		"a place for no damage":  {[]string{"--db", "x", "--tamper-at", "1"}, []string{"--tamper-at", "--tamper"}},
		"a column of no damage":  {[]string{"--db", "x", "--tamper-column", "kind"}, []string{"--tamper-column", "--tamper"}},
		"damage to nothing":      {[]string{"--db", "x", "--tamper", "row-edited"}, []string{"registry-identity.json", "generated"}},
		"a file in place of dir": {[]string{"--db", "command_test.go/x", "--count", "1"}, []string{"command_test.go", "directory"}},
	} {
		t.Run(name, func(t *testing.T) {
			output, err := run(t, test.arguments...)
			for _, want := range test.want {
				require.ErrorContains(t, err, want)
			}
			assert.Empty(t, output, "main prints the error, once")
			assert.NoFileExists(t, "x")
		})
	}
}

func TestWrites(t *testing.T) {
	database := filepath.Join(t.TempDir(), "new", "registry.sqlite")
	output, err := run(t, "--db", database, "--count", "3")
	require.NoError(t, err)
	assert.Equal(t, "wrote 3 events (ids 1 to 3) and 28 leaves\n", output)
	assert.FileExists(t, filepath.Join(filepath.Dir(database), "tlog", registrygen.LeavesFile))

	output, err = run(t, "--db", database, "--count", "1", "--rate", "1000/s", "--style", "rust")
	require.NoError(t, err)
	assert.Equal(t, "wrote 1 event (id 4) and 1 leaf\n", output)
	assert.Equal(t, "4", value(t, database, "SELECT count(*) FROM events"))
}

func TestLogElsewhereOrNowhere(t *testing.T) {
	for name, test := range map[string]struct {
		tlog  string
		files []string
	}{
		"elsewhere": {"log", []string{"log", "registry-identity.json", "registry.sqlite", "signed-head.json", "well-known.json"}},
		"nowhere":   {"", []string{"registry.sqlite"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			_, err := run(t, "--db", "registry.sqlite", "--tlog", test.tlog, "--count", "1")
			require.NoError(t, err)
			entries, err := os.ReadDir(".")
			require.NoError(t, err)
			var files []string
			for _, entry := range entries {
				files = append(files, entry.Name())
			}
			assert.Equal(t, test.files, files)
		})
	}
}

func TestTamper(t *testing.T) {
	database := filepath.Join(t.TempDir(), "registry.sqlite")
	count := func() string { return value(t, database, "SELECT count(*) FROM events") }

	output, err := run(t, "--db", database, "--seed", "1", "--count", "50", "--tamper", "row-edited", "--tamper-at", "7")
	require.NoError(t, err)
	lines := strings.Split(output, "\n")
	require.Len(t, lines, 3)
	assert.Equal(t, "wrote 50 events (ids 1 to 50) and 75 leaves", lines[0])
	assert.Regexp(t, `^row-edited: changed source_ip of row 7, whose leaf is 31, from ".+" to ".+"; `+
		`expect row_mismatch and leaf_without_row with oversight\.tlog\.status mismatch \(source_ip\), or no finding for a reader that had read all of it before$`, lines[1])

	for _, none := range [][]string{{}, {"--count", "0"}} {
		before := count()
		output, err = run(t, append(none, "--db", database, "--tamper", "row-deleted")...)
		require.NoError(t, err)
		assert.Regexp(t, `^row-deleted: deleted row \d+, whose leaf is \d+; expect leaf_without_row, .*\n$`, output)
		assert.NotEqual(t, before, count())
	}
	assert.Equal(t, "48", count(), "and no events were added")

	for _, kind := range registrygen.Kinds() {
		output, err := run(t, "--help")
		require.NoError(t, err)
		assert.Contains(t, output, "\n  "+string(kind)+" ", "help names it")
	}
}

func TestTamperRefusesARealRegistry(t *testing.T) {
	database := filepath.Join(t.TempDir(), "registry.sqlite")
	_, err := run(t, "--db", database, "--count", "1")
	require.NoError(t, err)
	identity := filepath.Join(filepath.Dir(database), registrygen.IdentityFile)
	require.NoError(t, os.WriteFile(identity, []byte(`{"ed25519_priv": "00", "ed25519_pub": "00", "created_at": 1}`), 0o600))
	for _, arguments := range [][]string{{}, {"--count", "1"}} {
		_, err = run(t, append(arguments, "--db", database, "--tamper", "row-deleted")...)
		require.ErrorContains(t, err, "real registry")
		assert.Equal(t, "1", value(t, database, "SELECT count(*) FROM events"))
	}
}

func TestServeNeedsAnIdentity(t *testing.T) {
	database := filepath.Join(t.TempDir(), "registry.sqlite")
	_, err := run(t, "--db", database, "--tlog", "", "--count", "1")
	require.NoError(t, err)
	output, err := run(t, "--db", database, "--count", "1", "--serve", "127.0.0.1:0")
	require.ErrorContains(t, err, "--serve 127.0.0.1:0: ")
	require.ErrorContains(t, err, "created by another program")
	assert.Empty(t, output)
	assert.Equal(t, "1", value(t, database, "SELECT count(*) FROM events"))
}

func TestDamagedLogIsReported(t *testing.T) {
	database := filepath.Join(t.TempDir(), "registry.sqlite")
	_, err := run(t, "--db", database, "--count", "1")
	require.NoError(t, err)
	log := filepath.Join(filepath.Dir(database), "tlog", registrygen.LeavesFile)
	text, err := os.ReadFile(log)
	require.NoError(t, err)
	text[0] = 'x'
	require.NoError(t, os.WriteFile(log, text, 0o600))
	output, err := run(t, "--db", database, "--count", "1")
	require.NoError(t, err)
	lines := strings.Split(output, "\n")
	assert.Contains(t, lines[0], "refusing to sign a tree head")
	assert.Contains(t, lines[0], log)
	assert.Equal(t, []string{"wrote 1 event (id 2) and 1 leaf", ""}, lines[1:])
}

func TestSeedAndStart(t *testing.T) {
	written := func(arguments ...string) string {
		database := filepath.Join(t.TempDir(), "registry.sqlite")
		_, err := run(t, append(arguments, "--db", database, "--count", "4")...)
		require.NoError(t, err)
		return value(t, database, "SELECT group_concat(token_id || ' ' || qualified_timestamp, ', ' ORDER BY id) FROM events")
	}
	seeded := written("--seed", "9")
	assert.Contains(t, seeded, "2026-01-01T00:00:0")
	assert.Equal(t, seeded, written("--seed", "9"))
	assert.Equal(t, seeded, written("--seed", "9", "--style", "rust"))
	assert.Equal(t, seeded, written("--seed", "9", "--bulk"))
	assert.Equal(t, seeded, written("--seed", "9", "--start", "2026-01-01T01:00:00+01:00"))
	assert.NotEqual(t, seeded, written("--seed", "10"))
	assert.Contains(t, written("--seed", "9", "--start", "2020-02-29T12:00:00Z"), "2020-02-29T12:00:0")
	assert.Contains(t, written("--start", "2020-02-29T12:00:00Z"), "2020-02-29T12:00:0")
	random := written()
	assert.NotContains(t, random, "2026-01-01T00:00:0")
	assert.NotEqual(t, random, written())
}

func TestPruneFlag(t *testing.T) {
	for name, arguments := range map[string][]string{
		"one by one": {"--style", "rust"},
		"bulk":       {"--bulk"},
	} {
		t.Run(name, func(t *testing.T) {
			database := filepath.Join(t.TempDir(), "registry.sqlite")
			output, err := run(t, append(arguments, "--db", database, "--count", "250", "--prune", "10")...)
			require.NoError(t, err)
			assert.Equal(t, "wrote 250 events (ids 1 to 250) and 275 leaves\n", output)
			assert.Equal(t, "10 241 250", value(t, database, "SELECT count(*) || ' ' || min(id) || ' ' || max(id) FROM events"))
			assert.Equal(t, "250", value(t, database, "SELECT seq FROM sqlite_sequence"))
		})
	}
}
