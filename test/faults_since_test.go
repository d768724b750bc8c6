// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// setTimes sets the timestamps of rows, in Unix seconds.
func setTimes(t testing.TB, database, where string, timestamp int64) {
	t.Helper()
	db := openRegistry(t, database)
	_, err := db.ExecContext(t.Context(), "UPDATE events SET timestamp = ? WHERE "+where, timestamp)
	require.NoError(t, err)
	require.NoError(t, db.Close())
}

// `since` skips older rows, and no other, in each form in which it can be written. A
// number of milliseconds is an error, and not a date far away that skips everything.
func TestFaultSince(t *testing.T) {
	const rows, recent = 40, 31
	for _, since := range []string{"1767225600", "2026-01-01T00:00:00Z", `"2026-01-01T01:00:00+01:00"`} {
		t.Run(since, func(t *testing.T) {
			t.Parallel()
			database := writeRegistry(t, beacons(rows, func(int) string { return "Mozilla/5.0" }))
			setTimes(t, database, fmt.Sprintf("id < %d", recent), 1767225599)
			s := newFaultSite(t, database)
			collector := s.run(nil, "splunk.yaml", "receivers: {oversight/splunk: {since: "+since+"}}")
			r := waitForReport(t, s.hec, rows, func(r report) bool { return len(r.whole) == rows-recent+1 })
			assert.Equal(t, recent, r.whole[0])
			appendRows(t, database, beacon{agent: "later"})
			r = waitForReport(t, s.hec, rows+1, func(r report) bool { return len(r.whole) == rows-recent+2 })
			assert.Zero(t, r.repeated)
			collector.interrupt()
		})
	}
}

// What is added after a first start with `start_at: end` is delivered, though the
// database could not be read then. What was there before is not.
func TestFaultStartAtEndOfAnUnreadableDatabase(t *testing.T) {
	t.Parallel()
	const rows, added = 20, 3
	database := filepath.Join(t.TempDir(), "registry.sqlite")
	require.NoError(t, os.WriteFile(database, []byte(strings.Repeat("no database ", 1000)), 0o600))
	s := newFaultSite(t, database)
	atEnd := "receivers: {oversight/splunk: {start_at: end}}"
	collector := s.run(nil, "splunk.yaml", atEnd)
	collector.requireLogged("Failed to read events; retrying")
	collector.interrupt()

	readable := writeRegistry(t, beacons(rows+added, func(int) string { return "Mozilla/5.0" }))
	setTimes(t, readable, fmt.Sprintf("id > %d", rows), time.Now().Unix()+1)
	require.NoError(t, os.Rename(readable, database))
	collector = s.run(nil, "splunk.yaml", atEnd)
	r := waitForReport(t, s.hec, rows+added, func(r report) bool { return len(r.whole) == added })
	assert.Equal(t, []int{21, 22, 23}, r.whole)
	collector.interrupt()
}
