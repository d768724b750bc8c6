// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package test

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a log's writer may cost.
const (
	// maxExtraWait is how much longer than `wait` an event may wait on a busy machine. On
	// another one it is a tenth of a second.
	maxExtraWait   = 3 * time.Second
	maxStop        = 5 * time.Second
	maxExtraMemory = int64(64 << 20) // beyond what an honest log costs
	costWait       = time.Second
)

// costlyLogs put something behind the leaves of 300 events, or in their place.
var costlyLogs = map[string]struct {
	change func(s *logSite)
	// ends: the collector can read the log to its end, and then reports something.
	ends   bool
	memory int64 // beyond what an honest log costs; default maxExtraMemory
}{
	"12 GB without a newline": {change: func(s *logSite) { s.appendZeros(12e9) }},
	"lines of 64 MiB": {ends: true, change: func(s *logSite) {
		for range 50 {
			s.appendZeros(64 << 20)
			s.appendText("\n")
		}
	}},
	// Lines of 15 MiB, which are read: line, text and leaf are in memory at once.
	"leaves of 5 MiB": {ends: true, memory: 128 << 20, change: func(s *logSite) {
		leaf := `{"event":"beacon","kind":"http_img","user_agent":"` + strings.Repeat("x", 5<<20) + `"}`
		for i := range int64(20) {
			s.appendText(lineOf(s.t, 325+i, leaf))
		}
	}},
	"far indexes": {ends: true, change: (*logSite).appendFarIndexes},
	"pipe": {change: func(s *logSite) {
		require.NoError(s.t, os.Remove(s.leaves))
		require.NoError(s.t, syscall.Mkfifo(s.leaves, 0o600))
	}},
	"device that never ends": {change: func(s *logSite) {
		require.NoError(s.t, os.Remove(s.leaves))
		require.NoError(s.t, os.Symlink("/dev/zero", s.leaves))
	}},
}

// appendFarIndexes appends 106 KB of lines that claim to be 31 million leaves.
func (s *logSite) appendFarIndexes() {
	s.t.Helper()
	var text strings.Builder
	for i := range int64(400) {
		text.WriteString(lineOf(s.t, 325+(i+1)*78_000, `{"event":"none"}`))
	}
	s.appendText(text.String())
}

// appendZeros appends zero bytes to the log, which take no space on the disk.
func (s *logSite) appendZeros(n int64) {
	s.t.Helper()
	info, err := os.Stat(s.leaves)
	require.NoError(s.t, err)
	require.NoError(s.t, os.Truncate(s.leaves, info.Size()+n))
}

// Whatever the log is, an event waits for `wait` at most, the collector stops, and takes
// little more memory than with an honest log. It does so after a restart as well.
func TestFaultCostlyLogs(t *testing.T) {
	honest := newCostSite(t).cost(false)
	t.Logf("honest log: %v", honest)
	for name, test := range costlyLogs {
		t.Run(name, func(t *testing.T) {
			s := newCostSite(t)
			test.change(s)
			for range 2 {
				s.cost(test.ends).require(t, honest, cmp.Or(test.memory, maxExtraMemory))
			}
		})
	}
}

func newCostSite(t *testing.T) *logSite {
	t.Helper()
	s := newLogSite(t, 300, false)
	s.tlog = newCostSettings(s, "")
	return s
}

func newCostSettings(s *logSite, heads string) string {
	return fmt.Sprintf("transparency_log: {leaves: %q, wait: %v, grace: 1s%s}", s.leaves, costWait, heads)
}

// cost is what a run of the collector took.
type cost struct {
	event time.Duration // until rows were delivered that were there, or one whose leaf does not come
	stop  time.Duration
	peak  int64 // of its memory, in bytes
}

func (c cost) String() string {
	return fmt.Sprintf("an event after %.1fs, at most %d MB, SIGTERM took %.1fs", c.event.Seconds(), c.peak/1_000_000, c.stop.Seconds())
}

func (c cost) require(t *testing.T, honest cost, memory int64) {
	t.Helper()
	t.Log(c)
	assert.Less(t, c.event, costWait+maxExtraWait, "an event")
	assert.Less(t, c.stop, maxStop, "SIGTERM")
	assert.Less(t, c.peak-honest.peak, memory, "memory beyond %d MB", honest.peak/1_000_000)
}

// cost runs the collector until it has delivered new rows, and read the log if that ends.
func (s *logSite) cost(ends bool) (c cost) {
	s.t.Helper()
	s.collector = s.start()
	s.collector.waitForOutput(s.collector.ready)
	started := time.Now()
	s.waitForRows()
	c.event = max(time.Since(started), s.deliverRow())
	if ends {
		eventuallyWithin(s.t, faultTimeout, func() error { return errorIf(len(s.found()) == 0, "nothing is reported") })
	}
	s.end(&c)
	return c
}

// deliverRow inserts rows that name what comes next in the log, and one whose leaf does
// not come, and returns how long it took to deliver them.
func (s *logSite) deliverRow() time.Duration {
	s.t.Helper()
	s.sql(`WITH RECURSIVE n(i) AS (SELECT 325 UNION ALL SELECT i + 1 FROM n WHERE i < 364)
		INSERT INTO events (token_id, kind, timestamp, tlog_index) SELECT 'row', 'http_img', 1767225600, i FROM n UNION ALL SELECT 'late', 'http_img', 1767225600, 1000`)
	started := time.Now()
	s.waitForRows()
	return time.Since(started)
}

// end stops the collector, and measures that and its memory.
func (s *logSite) end(c *cost) {
	s.t.Helper()
	peak, err := peakMemory(s.collector.Cmd.Process.Pid)
	require.NoError(s.t, err)
	c.peak = peak
	c.stop = s.collector.Terminate(waitTimeout)
}

// The same for `oversight-siem verify`, which reads the log to its end.
func TestFaultVerifyCostlyLog(t *testing.T) {
	s := newLogSite(t, 300, false)
	honest := s.verifyMemory()
	s.appendFarIndexes()
	assert.Less(t, s.verifyMemory()-honest, maxExtraMemory)
}

// verifyMemory is the most memory that the command was seen to have.
func (s *logSite) verifyMemory() (peak int64) {
	s.t.Helper()
	siem := filepath.Join(filepath.Dir(collectorBinary), "oversight-siem")
	verify := start(s.t, exec.Command(siem, "verify", "--db", s.database, "--tlog", s.leaves))
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-verify.Ended:
			state := verify.Cmd.ProcessState
			s.t.Logf("%v of CPU, at most %d MB", state.UserTime()+state.SystemTime(), peak/1_000_000)
			return peak
		case <-tick.C:
			if now, err := peakMemory(verify.Cmd.Process.Pid); err == nil {
				peak = max(peak, now)
			}
		}
	}
}

// A pipe in place of one of the database's files stops nothing for longer than it is there.
func TestFaultDatabaseThatIsAPipe(t *testing.T) {
	for _, suffix := range []string{"", "-wal"} {
		t.Run("database"+suffix, func(t *testing.T) {
			t.Parallel()
			s := newCostSite(t)
			pipe := s.database + suffix
			if suffix == "" {
				require.NoError(t, os.Rename(s.database, s.database+".away"))
			}
			require.NoError(t, syscall.Mkfifo(pipe, 0o600))
			for range 2 {
				s.collector = s.start()
				s.collector.waitForOutput(pipe + ": not a regular file")
				assert.Less(t, s.collector.Terminate(waitTimeout), maxStop)
			}
			s.collector = s.start()
			s.collector.waitForOutput(pipe + ": not a regular file")
			require.NoError(t, os.Remove(pipe))
			if suffix == "" {
				require.NoError(t, os.Rename(s.database+".away", s.database))
			}
			s.waitForRow(300)
			assert.Less(t, s.collector.Terminate(waitTimeout), maxStop)
		})
	}
}
