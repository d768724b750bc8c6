// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
)

// loose is the path of a copy of a database in testdata/loose.
func loose(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(testdata, "loose", name+".sqlite"))
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), name+".sqlite")
	require.NoError(t, os.WriteFile(path, text, 0o600))
	return path
}

func exportFrom(t *testing.T, path, format string, more ...string) result {
	t.Helper()
	return run(t, append([]string{"export", "--db", path, "--registry-id", "r", "--format", format}, more...)...)
}

// Tables that imports and other writers made are exported as the reference does, or
// events say what could not be read.
func TestExportOfLooselyTypedTables(t *testing.T) {
	for name, want := range map[string]struct {
		stderr string
		events []map[string]any // the columns that count
	}{
		"columns-missing": {
			"no column qualified_timestamp, tlog_index, which is read as NULL\n[ok] exported 1 event(s) as sentinel\n",
			[]map[string]any{{"EventId": "1", "TokenId": "t", "TimeGenerated": "2026-01-01T00:00:00Z"}},
		},
		"id-null": {
			"[ok] exported 3 event(s) as sentinel\n",
			[]map[string]any{
				{"EventId": "1", "TokenId": "t"},
				{"EventId": nil, "DecodeError": "id is not an integer: NULL"},
				{"EventId": nil, "DecodeError": "id is not an integer: NULL"},
			},
		},
		"extra-bracket-key": {"[ok] exported 1 event(s) as sentinel\n", []map[string]any{{"ExtraJson": `{"a[b]":1}`}}},
		"source-ip-forms": {
			"[ok] exported 5 event(s) as sentinel\n",
			[]map[string]any{
				{"SourceIp": "203.0.113.7:51008"},
				{"SourceIp": "203.0.113.7:51009"},
				{"SourceIp": "[2001:db8::1]:4433"},
				{"SourceIp": "::ffff:203.0.113.7"},
				{"SourceIp": "::ffff:198.51.100.9"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := exportFrom(t, loose(t, name), "sentinel")
			assert.Zero(t, r.code)
			assert.True(t, strings.HasSuffix(r.stderr, want.stderr), r.stderr)
			got := lines(t, r.stdout)
			require.Len(t, got, len(want.events))
			for i, columns := range want.events {
				event := object(t, got[i])
				for column, value := range columns {
					assert.Equal(t, value, event[column], column)
				}
			}
		})
	}
}

// No output of a command has a character that a terminal acts on.
func TestNothingDrivesTheTerminal(t *testing.T) {
	path := loose(t, "preview-kind")
	for _, arguments := range [][]string{
		{"preview", "--db", path, "--registry-id", "r"},
		{"preview", "--db", path, "--registry-id", "r", "--extended"},
		{"export", "--db", path, "--registry-id", "r", "--format", "splunk"},
		{"export", "--db", path, "--registry-id", "r", "--format", "ecs", "--extended"},
		{"export", "--db", path, "--registry-id", "r", "--format", "sentinel"},
		{"export", "--db", path + "\x1b[31m\u202e", "--registry-id", "r", "--format", "sentinel"},
		{"export", "--db", path, "--registry-id", "r", "--format", "\x1b[31m"},
		{"verify", "--db", path, "--tlog", maliciousLog(t)},
		{"verify", "--db", path, "--tlog", maliciousLog(t), "--json"},
		{"prove", "--tlog", maliciousLog(t), "--index", "0"},
	} {
		r := run(t, arguments...)
		text := r.stdout + r.stderr
		require.NotEmpty(t, text)
		for _, c := range text {
			require.True(t, c == '\n' || unicode.IsPrint(c), "%q in the output of %q:\n%q", c, arguments, text)
		}
		for line := range strings.Lines(text) {
			require.False(t, strings.HasPrefix(line, "[ok] forged"), "%q:\n%s", arguments, text)
		}
	}
}

// maliciousLog is a log with a leaf whose values drive terminals.
func maliciousLog(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "leaves.jsonl")
	const text = "x\x1b]0;pwned\x07\x1b[31m\u202e\u2028\u0085\u009b\x7f\n[ok] forged"
	value, err := jsontext.AppendQuote(nil, text) // the canonical form
	require.NoError(t, err)
	leaf := fmt.Sprintf(`{"event":"beacon","file_id":null,"kind":%[1]s,"recipient_id":null,"source_ip":null,"timestamp":null,"token_id":%[1]s,"user_agent":%[1]s}`, value)
	require.NoError(t, os.WriteFile(path, lineOfLeaf(0, leaf), 0o600))
	return path
}

func TestExportOfIDs(t *testing.T) {
	all := vector(t, "registry", "splunk")
	byID := map[string]string{}
	for i, id := range ids(t, vector(t, "registry", "sentinel")) {
		byID[id] = all[i]
	}
	for list, want := range map[string][]string{
		"5":            {"5"},
		"9-12,7,5":     {"5", "7", "9", "10", "11", "12"},
		"3,3,2-4, 600": {"2", "3", "4", "600"},
		"1-600":        nil, // all
	} {
		r := run(t, exporting("registry", "splunk", "--ids", list)...)
		if want == nil {
			for i := range registryEvents {
				want = append(want, fmt.Sprint(i+1))
			}
		}
		assertOK(t, r, len(want), "splunk")
		got := lines(t, r.stdout)
		require.Len(t, got, len(want))
		for i, id := range want {
			assert.Equal(t, object(t, byID[id]), object(t, got[i]), "id %s", id)
		}
	}

	missing := run(t, exporting("registry", "ecs", "--ids", "599-602,9999,1")...)
	assert.Equal(t, cli.StatusFailed, missing.code)
	assert.Len(t, lines(t, missing.stdout), 3, "those that are there")
	assert.Contains(t, missing.stderr, "no row has the id 601-602,9999; 3 event(s) were exported")

	none := run(t, exporting("registry", "ecs", "--ids", "700-900")...)
	assert.Equal(t, cli.StatusFailed, none.code)
	assert.Contains(t, none.stderr, "no row has the id 700-900; 0 event(s) were exported")

	for list, want := range map[string]string{
		"":                        `--ids has "": must be ids and ranges of ids`,
		"x":                       `--ids has "x"`,
		"5,":                      `--ids has ""`,
		"0":                       `--ids has "0"`,
		"7-5":                     `--ids has "7-5"`,
		"-5":                      `--ids has "-5"`,
		"1-9223372036854775807":   "--ids has more than 1000000 ids",
		"1-600000,700000-1300000": "--ids has more than 1000000 ids",
	} {
		r := run(t, exporting("registry", "ecs", "--ids="+list)...)
		assert.NotZero(t, r.code)
		assert.Contains(t, r.stderr, want)
	}
	for _, flag := range []string{"--since=1", "--until=1", "--after-id=1", "--limit=1"} {
		r := run(t, exporting("registry", "ecs", "--ids=1", flag)...)
		assert.NotZero(t, r.code)
		assert.Contains(t, r.stderr, "--ids selects events alone: remove "+flag[:len(flag)-2])
	}
}

// Rows with ids that no registry hands out are verified like others, and are findings.
func TestVerifyRowsWithIDsUpToZero(t *testing.T) {
	f := sample(t)
	f.sql(t, "INSERT INTO events(id, token_id, kind, timestamp) VALUES (0, 't', 'dns', 1767225600), (-9223372036854775808, 't', 'dns', 1767225600)")
	f.sql(t, "INSERT INTO events SELECT -1, token_id, file_id, recipient_id, issuer_id, kind, source_ip, user_agent, extra, timestamp, qualified_timestamp, tlog_index FROM events WHERE id = 7")
	f.sql(t, "UPDATE events SET id = -5 WHERE id = 8")
	v := verifyJSON(t, f.arguments())
	var got []string
	for _, found := range v.findings {
		got = append(got, found.Kind+" "+found.EventID+" "+found.Status)
	}
	assert.ElementsMatch(t, []string{
		"row_inserted -9223372036854775808 missing", "row_inserted -5 verified", "row_inserted -1 duplicate", "row_inserted 0 missing",
		"row_mismatch -9223372036854775808 missing", "row_mismatch -1 duplicate", "row_mismatch 0 missing",
	}, got)
	assert.EqualValues(t, 4, v.summary.IDsUpToZero)
	assert.EqualValues(t, 603, v.summary.Rows)
	assert.EqualValues(t, 600, v.summary.Verified)
	r := run(t, f.arguments()...)
	assert.Contains(t, r.stdout, "  with ids of 0 or below   4\n")
	assert.Contains(t, r.stdout, "row_inserted            row 0 ")
}

// More of them than are read at once.
func TestVerifyManyRowsWithIDsUpToZero(t *testing.T) {
	f := sample(t)
	f.sql(t, "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 2499) INSERT INTO events(id, token_id, kind, timestamp) SELECT -i, 't', 'dns', 1767225600 FROM n")
	v := verifyJSON(t, f.arguments())
	assert.EqualValues(t, 2500, v.summary.IDsUpToZero)
	assert.EqualValues(t, 2500, v.summary.ByKind["row_inserted"])
	assert.EqualValues(t, 3100, v.summary.Rows)
}

// Rows whose ids are no integers are not verified, and the exit status says so.
func TestVerifyTellsOfUnreadRows(t *testing.T) {
	f := sample(t)
	f.sql(t, "CREATE TABLE loose AS SELECT * FROM events")
	f.sql(t, "DROP TABLE events")
	f.sql(t, "ALTER TABLE loose RENAME TO events")
	f.sql(t, "INSERT INTO events(id, token_id, kind, timestamp) VALUES ('x', 't', 'dns', 1767225600)")
	r := run(t, f.arguments()...)
	assert.Equal(t, cli.StatusNotChecked, r.code)
	assert.Contains(t, r.stderr, "there are rows that were not verified")
	assert.Contains(t, r.stderr, "has the id 'x', which is not an integer")
}

func TestMillisecondsAreRefused(t *testing.T) {
	r := run(t, exporting("registry", "ecs", "--since", "1767225600000")...)
	assert.Equal(t, cli.StatusFailed, r.code)
	assert.Contains(t, r.stderr, `--since is "1767225600000": must be Unix seconds, not milliseconds`)
}

// A database with several names may have its log beside another one.
func TestHardLinkIsTold(t *testing.T) {
	path := loose(t, "source-ip-forms")
	require.NoError(t, os.Link(path, path+".link"))
	r := exportFrom(t, path+".link", "ecs")
	assert.Zero(t, r.code)
	assert.Contains(t, r.stderr, "the file has 2 names (hard links)")
}
