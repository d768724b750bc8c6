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

// Three receivers stay below 200 MB, whatever rows hold. FAULT_HUGE_ROWS is the
// number of rows.
func TestFaultMemory(t *testing.T) {
	rows := 60
	if n, err := strconv.Atoi(os.Getenv("FAULT_HUGE_ROWS")); err == nil {
		rows = n
	}
	for name, columns := range map[string]string{
		"5 MB in one column": "'token', hex(zeroblob(2500000)), '{}'",
		// Each is short enough to be read whole.
		"1 MB in each of three columns": `hex(zeroblob(500000)), hex(zeroblob(500000)), '{"key":"' || hex(zeroblob(500000)) || '"}'`,
	} {
		t.Run(name, func(t *testing.T) {
			database := writeRegistry(t, nil)
			db := openRegistry(t, database)
			_, err := db.ExecContext(t.Context(), `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
				INSERT INTO events (kind, source_ip, timestamp, token_id, user_agent, extra) SELECT 'http_img', '203.0.113.7', 1767225600, `+columns+" FROM n", rows)
			require.NoError(t, err)
			require.NoError(t, db.Close())
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
