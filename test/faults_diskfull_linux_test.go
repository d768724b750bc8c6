// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// onSmallDisk returns the command in a mount namespace of its own, in which the
// state directory is a file system of 16 MiB that another file, filler, takes most
// of. The files are in the directory that the function returns, while the process
// runs.
func onSmallDisk(cmd *exec.Cmd, state string) (small *exec.Cmd, files func() string) {
	const script = `mount -t tmpfs -o size=16m none "$1" && head -c 14000000 /dev/zero > "$1/filler" && shift && exec "$@"`
	small = exec.Command("unshare", append([]string{"-rm", "sh", "-c", script, "sh", state}, cmd.Args...)...)
	small.Env = cmd.Env
	return small, func() string { return filepath.Join("/proc", strconv.Itoa(small.Process.Pid), "root", state) }
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
	const rows, batch = 3000, 100
	s := newFaultSite(t, writeRegistry(t, beacons(rows, func(i int) string { return randomText(200, i) })))
	state := filepath.Join(s.dir, "state")
	require.NoError(t, os.Mkdir(state, 0o755))
	cmd := s.command(nil, "files.yaml", quick["files.yaml"], "extensions: {file_storage: {directory: "+filepath.Join(s.dir, "checkpoint")+"}}",
		"receivers: {oversight/splunk: &small {batch_size: 100}, oversight/ecs: *small, oversight/sentinel: *small}")
	cmd, files := onSmallDisk(cmd, state)
	collector := startCollector(t, cmd)
	collector.waitForOutputs("no space left on device", 6)
	require.NoError(t, os.Remove(filepath.Join(files(), "filler")))
	for _, shape := range []string{"splunk", "ecs", "sentinel"} {
		r := waitForReport(t, ndjson{t, files(), shape}, rows, func(r report) bool { return len(r.missing) == 0 && len(r.reduced) == 0 })
		assert.LessOrEqual(t, r.repeated, batch, "only of the batch whose lines were cut")
	}
	collector.interrupt()
}
