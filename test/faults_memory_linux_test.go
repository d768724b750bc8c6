// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// peakMemory returns the most memory that a process has had resident, in bytes.
func peakMemory(pid int) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kilobytes, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, fmt.Errorf("no VmHWM of process %d", pid)
}

// hugeRows are rows that are large in some way: how many, and their columns and values in
// SQL.
var hugeRows = map[string]struct {
	rows    int
	columns map[string]string
}{
	"5 MB in one column": {60, map[string]string{"user_agent": hexDigits(5_000_000)}},
	// Each of these is short enough to be read whole.
	"1 MB in each of three columns": {60, map[string]string{"token_id": hexDigits(1_000_000), "user_agent": hexDigits(1_000_000), "extra": object(`"`, hexDigits(1_000_000), `"`)}},
	"0.9 MB in each column": {20, map[string]string{
		"token_id": hexDigits(900_000), "file_id": hexDigits(900_000), "recipient_id": hexDigits(900_000), "issuer_id": hexDigits(900_000), "kind": hexDigits(900_000),
		"source_ip": hexDigits(900_000), "user_agent": hexDigits(900_000), "qualified_timestamp": hexDigits(900_000), "extra": object(`"`, hexDigits(900_000), `"`),
	}},
	"200 MB": {1, map[string]string{"user_agent": hexDigits(200_000_000)}},
	// They escape sixfold.
	"control characters":        {20, map[string]string{"user_agent": repeated("\x01", 1_000_000), "extra": object(`"`, repeated(`\u0001`, 160_000), `"`)}},
	"an array of many numbers":  {20, map[string]string{"extra": object("[", repeated("0,", 500_000), "0]")}},
	"an array of many texts":    {20, map[string]string{"extra": object("[", repeated(`"text",`, 120_000), "0]")}},
	"more keys than are parsed": {20, map[string]string{"extra": object("{", repeated(`"a key":"a value",`, 50_000), `"key":1}`)}},
}

// hexDigits is a text of that many digits, in SQL.
func hexDigits(n int) string { return fmt.Sprintf("hex(zeroblob(%d))", n/2) }

// repeated is a text a number of times, in SQL.
func repeated(text string, n int) string {
	return fmt.Sprintf("replace(hex(zeroblob(%d)), '00', '%s')", n, text)
}

// object is a JSON object in SQL, with a value that begins and ends with these texts.
func object(begin, middle, end string) string {
	return fmt.Sprintf(`'{"key":%s' || %s || '%s}'`, begin, middle, end)
}

// insertHugeRows inserts such rows.
func insertHugeRows(t *testing.T, database string, columns map[string]string, rows int) {
	t.Helper()
	values := map[string]string{"kind": "'http_img'", "source_ip": "'203.0.113.7'", "timestamp": "1767225600", "token_id": "'token'", "user_agent": "'agent'", "extra": "'{}'"}
	maps.Copy(values, columns)
	var names, expressions []string
	for name, value := range values {
		names, expressions = append(names, name), append(expressions, value)
	}
	db := openRegistry(t, database)
	_, err := db.ExecContext(t.Context(), fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
		INSERT INTO events (%s) SELECT %s FROM n`, strings.Join(names, ", "), strings.Join(expressions, ", ")), rows)
	require.NoError(t, err)
	require.NoError(t, db.Close())
}

// Three receivers stay below 200 MB, whatever rows hold. FAULT_HUGE_ROWS is the
// number of rows.
func TestFaultMemory(t *testing.T) {
	for name, test := range hugeRows {
		t.Run(name, func(t *testing.T) {
			rows := test.rows
			if n, err := strconv.Atoi(os.Getenv("FAULT_HUGE_ROWS")); err == nil {
				rows = n
			}
			database := writeRegistry(t, nil)
			insertHugeRows(t, database, test.columns, rows)
			s := newFaultSite(t, database)
			collector := s.run(nil, "files.yaml")
			for _, shape := range []string{"splunk", "ecs", "sentinel"} {
				r := requireArrived(t, ndjson{t, filepath.Join(s.dir, "state"), shape}, rows)
				assert.Len(t, r.truncated, rows)
			}
			peak, err := peakMemory(collector.Cmd.Process.Pid)
			require.NoError(t, err)
			t.Logf("%d rows, three receivers: at most %d MB resident", rows, peak/1_000_000)
			assert.Less(t, peak, int64(200_000_000))
			collector.interrupt()
		})
	}
}
