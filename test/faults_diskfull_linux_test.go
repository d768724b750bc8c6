// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// onSmallDisk runs the command in a mount namespace of its own, in which the state
// directory is a file system of the size. Its files are in the directory returned
// while the process runs.
func onSmallDisk(cmd *exec.Cmd, state, size string) (small *exec.Cmd, files func() string) {
	script := `mount -t tmpfs -o size="$1" none "$2" && shift 2 && exec "$@"`
	arguments := append([]string{"-rm", "sh", "-c", script, "sh", size, state}, cmd.Args...)
	small = exec.Command("unshare", arguments...)
	small.Env = cmd.Env
	return small, func() string { return filepath.Join("/proc", fmt.Sprint(small.Process.Pid), "root", state) }
}

// canMount reports whether this user may mount file systems in a namespace of its
// own. Some containers do not allow that: there, TestFaultCutLineAfterACrash has to
// do.
func canMount(t testing.TB) bool {
	t.Helper()
	return exec.Command("unshare", "-rm", "mount", "-t", "tmpfs", "none", t.TempDir()).Run() == nil
}

// An output disk that is full, and has room again later, costs no event: the line
// that was cut takes no other with it.
func TestFaultOutputDiskFull(t *testing.T) {
	if !canMount(t) {
		t.Log("mounting is not permitted")
		return
	}
	for _, shape := range []string{"splunk", "ecs", "sentinel"} {
		t.Run(shape, func(t *testing.T) {
			t.Parallel()
			s := newFaultSite(t, writeRegistry(t, beacons(3000, func(i int) string { return randomText(200, i) })))
			state := filepath.Join(s.dir, "state")
			require.NoError(t, os.Mkdir(state, 0o755))
			cmd := s.command(nil, "files.yaml", quick["files.yaml"], "receivers: {oversight/"+shape+": {batch_size: 100}}",
				"extensions: {file_storage: {directory: "+filepath.Join(s.dir, "checkpoint")+"}}",
				"service: {pipelines: {logs/splunk: {receivers: [oversight/"+shape+"], exporters: [file/"+shape+"]}, logs/ecs: {receivers: [nop], exporters: [nop]}, logs/sentinel: {receivers: [nop], exporters: [nop]}}}",
				"receivers: {nop: }\nexporters: {nop: }")
			small, files := onSmallDisk(cmd, state, "8m")
			// Something else takes most of the disk, and gives it back.
			filler := filepath.Join(s.dir, "state", "filler")
			small.Args = append(small.Args[:4], append([]string{strings.Replace(small.Args[4], "shift 2", `head -c 7900000 /dev/zero > "$2/filler" && shift 2`, 1)}, small.Args[5:]...)...)
			collector := startCollector(t, small)
			collector.waitForOutput("no space left on device")
			collector.waitForOutputs("oversightreceiver/", 2)
			require.NoError(t, os.Remove(filepath.Join(files(), filepath.Base(filler))))
			requireArrivedSomehow(t, ndjson{t, files(), shape}, 3000, 100)
			collector.interrupt()
		})
	}
}

// requireArrivedSomehow allows repeats.
func requireArrivedSomehow(t testing.TB, d recorder, n, repeats int) {
	t.Helper()
	r := waitForReport(t, d, n, func(r report) bool { return len(r.missing) == 0 && len(r.reduced) == 0 })
	require.LessOrEqual(t, r.repeated, repeats)
}
