// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package test

import (
	"fmt"
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

// hugeRows are rows that are large in some way, as columns and their values in SQL.
var hugeRows = map[string]string{
	"5 MB in one column": `user_agent: hex(zeroblob(2500000))`,
	// Each of these is short enough to be read whole.
	"1 MB in each of three columns": `token_id: hex(zeroblob(500000)); user_agent: hex(zeroblob(500000)); extra: '{"key":"' || hex(zeroblob(500000)) || '"}'`,
	"0.9 MB in each column": `token_id: hex(zeroblob(450000)); file_id: hex(zeroblob(450000)); recipient_id: hex(zeroblob(450000)); issuer_id: hex(zeroblob(450000));
		kind: hex(zeroblob(450000)); source_ip: hex(zeroblob(450000)); user_agent: hex(zeroblob(450000)); qualified_timestamp: hex(zeroblob(450000));
		extra: '{"key":"' || hex(zeroblob(450000)) || '"}'`,
	// They escape sixfold.
	"control characters":        `user_agent: replace(hex(zeroblob(250000)), '0', char(1)); extra: '{"key":"' || replace(hex(zeroblob(40000)), '0', '\u0001') || '"}'`,
	"an array of many numbers":  `extra: '{"key":[' || replace(hex(zeroblob(250000)), '00', '0,') || '0]}'`,
	"an array of many texts":    `extra: '{"key":[' || replace(hex(zeroblob(120000)), '00', '"text",') || '0]}'`,
	"more keys than are parsed": `extra: '{' || replace(hex(zeroblob(50000)), '00', '"a key":"a value",') || '"key":1}'`,
}

// insertHugeRows inserts such rows.
func insertHugeRows(t *testing.T, database, columns string, rows int) {
	t.Helper()
	values := map[string]string{"kind": "'http_img'", "source_ip": "'203.0.113.7'", "timestamp": "1767225600", "token_id": "'token'", "user_agent": "'agent'", "extra": "'{}'"}
	for column := range strings.SplitSeq(columns, ";") {
		name, value, _ := strings.Cut(column, ":")
		values[strings.TrimSpace(name)] = value
	}
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
	rows := 60
	if n, err := strconv.Atoi(os.Getenv("FAULT_HUGE_ROWS")); err == nil {
		rows = n
	}
	for name, columns := range hugeRows {
		t.Run(name, func(t *testing.T) {
			database := writeRegistry(t, nil)
			insertHugeRows(t, database, columns, rows)
			s := newFaultSite(t, database)
			collector := s.run(nil, "files.yaml")
			for _, shape := range []string{"splunk", "ecs", "sentinel"} {
				r := requireArrived(t, ndjson{t, filepath.Join(s.dir, "state"), shape}, rows)
				assert.Len(t, r.truncated, rows)
			}
			peak, err := peakMemory(collector.cmd.Process.Pid)
			require.NoError(t, err)
			t.Logf("%d rows, three receivers: at most %d MB resident", rows, peak/1_000_000)
			assert.Less(t, peak, int64(200_000_000))
			collector.interrupt()
		})
	}
}
