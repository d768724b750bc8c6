// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Under the memory limit of a small container a backlog is caught up with, and the
// collector ends in time. A test cannot make a cgroup without rights that it may not
// have: GOMEMLIMIT, to which the collector sets 80% of the container's limit, stands in
// for one of 96 MB. That the limit is read is not shown here.
func TestFaultMemoryLimit(t *testing.T) {
	const rows = 100_000
	database := writeRegistry(t, nil)
	db := openRegistry(t, database)
	_, err := db.ExecContext(t.Context(), `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
		INSERT INTO events (kind, source_ip, timestamp, token_id, user_agent, extra)
		SELECT 'http_img', '203.0.113.7', 1767225600, printf('%032x', i), 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)', '{}' FROM n`, rows)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	took := map[string]time.Duration{}
	for _, limit := range []string{"off", "77MiB"} {
		s := newFaultSite(t, database)
		begin := time.Now()
		collector := s.run([]string{"GOMEMLIMIT=" + limit}, "splunk.yaml")
		eventuallyWithin(t, faultTimeout, func() error {
			s.hec.mu.Lock()
			defer s.hec.mu.Unlock()
			return errorIf(len(s.hec.events) < rows, fmt.Sprintf("%d of %d events", len(s.hec.events), rows))
		})
		took[limit] = time.Since(begin)
		collector.requireHealth(http.StatusOK)
		peak, err := peakMemory(collector.Cmd.Process.Pid)
		require.NoError(t, err)
		t.Logf("GOMEMLIMIT=%s: %d events in %v, at most %d MB resident", limit, rows, took[limit].Round(time.Millisecond), peak/1_000_000)
		assert.Less(t, collector.Terminate(shutdownLimit), 5*time.Second)
	}
	assert.Less(t, took["77MiB"], 3*took["off"], "no thrashing")
}
