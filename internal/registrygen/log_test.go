// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/registrygen"
)

func TestSampleLinesPassTheCheck(t *testing.T) {
	lines, err := sampleLines()
	require.NoError(t, err)
	for _, line := range lines {
		_, err := checkLine(line)
		require.NoError(t, err)
	}
}

func TestLeaves(t *testing.T) {
	settings := inDirectory(t.TempDir())
	filled(t, settings, 500)
	checkLog(t, settings, 0)
}

// checkLog checks every line of the log, and that each row of the database has
// a beacon leaf of its own, which agrees with it.
func checkLog(t *testing.T, settings registrygen.Settings, rowsWithoutLeaf int) {
	t.Helper()
	beacons := map[int64]map[string]any{}
	for i, line := range leafLines(t, settings.TlogDir) {
		leaf, err := checkLine(line)
		require.NoError(t, err)
		require.Equal(t, int64(i), leaf.index)
		if leaf.values["event"] == "beacon" {
			beacons[leaf.index] = leaf.values
		}
	}
	rows := eventRows(t, settings.Database)
	require.NotEmpty(t, rows)
	for _, row := range rows[rowsWithoutLeaf:] {
		require.Equal(t, row.leaf(t), beacons[row.index], "row %d, leaf %d", row.id, row.index)
		delete(beacons, row.index) // no other row may have it
	}
	require.Empty(t, beacons, "leaves without a row")
}

type eventRow struct {
	id, index               int64
	token, kind, address    string
	agent, extra, qualified string
	file, recipient         sql.NullString
}

func eventRows(t *testing.T, path string) (all []eventRow) {
	t.Helper()
	rows, err := connect(t, path).QueryContext(t.Context(), `
		SELECT id, tlog_index, token_id, kind, source_ip, user_agent, extra, qualified_timestamp, file_id, recipient_id
		FROM events ORDER BY id`)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var r eventRow
		require.NoError(t, rows.Scan(&r.id, &r.index, &r.token, &r.kind, &r.address,
			&r.agent, &r.extra, &r.qualified, &r.file, &r.recipient))
		all = append(all, r)
	}
	require.NoError(t, rows.Err())
	return all
}

// leaf returns the leaf that the log must hold for the row.
func (r eventRow) leaf(t *testing.T) map[string]any {
	t.Helper()
	values := map[string]any{
		"event": "beacon", "kind": r.kind, "token_id": r.token, "source_ip": r.address, "timestamp": r.qualified,
		"file_id": nil, "recipient_id": nil,
	}
	if r.file.Valid {
		values["file_id"], values["recipient_id"] = r.file.String, r.recipient.String
	}
	if r.kind != "dns" {
		assert.Equal(t, "{}", r.extra)
		values["user_agent"] = r.agent
		return values
	}
	assert.Empty(t, r.agent)
	extra, err := parse(r.extra)
	require.NoError(t, err)
	// Python keeps the order in which the registry sets the keys.
	assert.Equal(t, fmt.Sprintf(`{"qtype": %s, "qname": %s}`, pythonDumps(extra["qtype"]), pythonDumps(extra["qname"])), r.extra)
	values["qtype"], values["qname"] = extra["qtype"], extra["qname"]
	return values
}

func TestWithoutLog(t *testing.T) {
	dir := t.TempDir()
	settings := inDirectory(dir)
	settings.TlogDir = ""
	generate(t, settings, 3)
	assert.Equal(t, []string{"registry.sqlite"}, names(t, dir))
	assert.Equal(t, []string{"-1", "-1", "-1"}, query(t, settings.Database, "SELECT tlog_index FROM events"))
}

// Ends of a log before and after it is opened.
func TestOpeningALog(t *testing.T) {
	torn := `{"index": 28, "leaf_hash": "00`
	for name, test := range map[string]struct {
		appended string
		fails    bool
	}{
		"complete":                  {},
		"cut off":                   {appended: torn},
		"cut off at its beginning":  {appended: torn[:3]},
		"something else":            {appended: "hello\n", fails: true},
		"something else, cut off":   {appended: "hello", fails: true},
		"something else, and long":  {appended: strings.Repeat("x", 3<<20), fails: true},
		"JSON of something else":    {appended: `{"name": "x"}` + "\n", fails: true},
		"an index below all others": {appended: `{"index": -5}` + "\n", fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			settings := inDirectory(t.TempDir())
			generate(t, settings, 3)
			path := filepath.Join(settings.TlogDir, registrygen.LeavesFile)
			appendTo(t, path, test.appended)
			before, err := os.ReadFile(path)
			require.NoError(t, err)

			r, err := registrygen.Open(t.Context(), settings)
			if test.fails {
				require.ErrorContains(t, err, path)
				after, err := os.ReadFile(path)
				require.NoError(t, err)
				assert.Equal(t, before, after, "a file that is not ours")
				return
			}
			require.NoError(t, err)
			write(t, r, 2)
			require.NoError(t, r.Close())
			checkLog(t, settings, 0)
		})
	}
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteString(text)
	require.NoError(t, err)
	require.NoError(t, file.Close())
}

func TestTwoWritersOfALog(t *testing.T) {
	settings := inDirectory(t.TempDir())
	first, second := open(t, settings), open(t, settings)
	write(t, first, 1)
	_, err := second.WriteEvent(t.Context())
	require.ErrorContains(t, err, "stop the other process that writes to it")
	assert.Equal(t, []string{"1"}, query(t, settings.Database, "SELECT count(*) FROM events"), "no row without a leaf")
	write(t, first, 1)
	checkLog(t, settings, 0)
}

// A new database with an existing log.
func TestNewDatabaseOldLog(t *testing.T) {
	settings := inDirectory(t.TempDir())
	generate(t, settings, 5)
	old := len(leafLines(t, settings.TlogDir))
	require.NoError(t, os.Remove(settings.Database))
	generate(t, settings, 5)
	assert.Equal(t, []string{"1", "5", fmt.Sprint(old + 25)},
		strings.Split(query(t, settings.Database, "SELECT min(id) || ' ' || max(id) || ' ' || min(tlog_index) FROM events")[0], " "))
	for i, line := range leafLines(t, settings.TlogDir) {
		var leaf struct{ Index int }
		require.NoError(t, json.Unmarshal([]byte(line), &leaf))
		assert.Equal(t, i, leaf.Index)
	}
}
