// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/doctor"
)

// childVariable makes this test binary the command, for the configuration that it names.
const childVariable = "OVERSIGHT_DOCTOR_TEST_CONFIG"

func TestMain(m *testing.M) {
	if path := os.Getenv(childVariable); path != "" {
		report, err := doctor.Run(context.Background(), doctor.Settings{Config: []string{path}})
		if err == nil {
			err = report.WriteJSON(os.Stdout)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// runChild makes the checks in a process that change has prepared.
func (s *setup) runChild(t *testing.T, change func(c *exec.Cmd)) (report doctor.Report) {
	t.Helper()
	c := exec.Command(copyOfTest(t))
	c.Env = append(os.Environ(), childVariable+"="+s.config(t))
	change(c)
	var stdout, stderr strings.Builder
	c.Stdout, c.Stderr = &stdout, &stderr
	require.NoError(t, c.Run(), stderr.String())
	decoder := json.NewDecoder(strings.NewReader(stdout.String()))
	for decoder.More() {
		var r doctor.Result
		require.NoError(t, decoder.Decode(&r))
		report = append(report, r)
	}
	return report
}

// copyOfTest is this test binary in a directory that every user can search.
func copyOfTest(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "doctor") //nolint:usetesting // other users cannot search t.TempDir
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))
	from, err := os.Open("/proc/self/exe")
	require.NoError(t, err)
	defer from.Close()
	to, err := os.OpenFile(filepath.Join(dir, "doctor.test"), os.O_CREATE|os.O_WRONLY, 0o755)
	require.NoError(t, err)
	_, err = io.Copy(to, from)
	require.NoError(t, err)
	require.NoError(t, to.Close())
	return to.Name()
}

// A named pipe is named, and not read.
func TestFIFO(t *testing.T) {
	s := newSetup(t)
	require.NoError(t, os.Remove(s.database))
	require.NoError(t, syscall.Mkfifo(s.database, 0o644))
	require.NoError(t, os.Remove(s.leaves))
	require.NoError(t, syscall.Mkfifo(s.leaves, 0o644))
	report := s.run(t)
	(&fault{name: "database a FIFO", check: "registry.file", seen: "a named pipe (FIFO)", remedy: "set `receivers::oversight::database`"}).assertNamed(t, report)
	(&fault{name: "log a FIFO", check: "log.file", seen: "a named pipe (FIFO)", remedy: "transparency_log::leaves"}).assertNamed(t, report)
}

// A user who cannot read the files or write the state is told so.
func TestUnreadable(t *testing.T) {
	s := newSetup(t)
	require.NoError(t, os.Chmod(filepath.Dir(s.dir), 0o755))
	require.NoError(t, os.Chmod(s.database, 0))
	require.NoError(t, os.Chmod(s.leaves, 0))
	require.NoError(t, os.Chmod(s.storage, 0o555))
	report := s.runChild(t, func(c *exec.Cmd) {
		if os.Getuid() == 0 {
			c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534, NoSetGroups: true}}
		}
	})
	(&fault{name: "database unreadable", check: "registry.file", seen: "this user cannot read", remedy: "usermod -aG"}).assertNamed(t, report)
	(&fault{name: "log unreadable", check: "log.file", seen: "this user cannot read", remedy: "usermod -aG"}).assertNamed(t, report)
	assert.Equal(t, doctor.StatusOK, results(report, "user")[0].Status)
	(&fault{name: "storage not ours", check: "storage", seen: "cannot write", remedy: "chown"}).assertNamed(t, report)
}

// onDisk runs a process with a file system of its own on the storage's directory.
func (s *setup) onDisk(t *testing.T, options string) doctor.Report {
	t.Helper()
	script := `mount -t tmpfs -o ` + options + ` none "$1" && shift && exec "$@"`
	return s.runChild(t, func(c *exec.Cmd) {
		unshare, err := exec.LookPath("unshare")
		require.NoError(t, err)
		c.Args = []string{"unshare", "-rm", "sh", "-c", script, "sh", s.storage, c.Path}
		c.Path = unshare
	})
}

// A disk that is full, or read-only, is named.
func TestDisk(t *testing.T) {
	if exec.Command("unshare", "-rm", "mount", "-t", "tmpfs", "none", t.TempDir()).Run() != nil {
		t.Log("mounting is not permitted")
		return
	}
	(&fault{name: "full", check: "storage", seen: "is full", remedy: "free some space"}).assertNamed(t, newSetup(t).onDisk(t, "size=64k"))
	(&fault{name: "nearly full", check: "storage", status: doctor.StatusWarning, seen: "MiB left", remedy: "free some space"}).assertNamed(t, newSetup(t).onDisk(t, "size=16m"))
	(&fault{name: "read-only", check: "storage", seen: "read-only file system", remedy: "mount it for writing"}).assertNamed(t, newSetup(t).onDisk(t, "ro"))
}

// The process that has the storage open is named.
func TestStorageHolder(t *testing.T) {
	s := newSetup(t)
	db := openStorage(t, s)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	(&fault{name: "in use", check: "storage", status: doctor.StatusWarning, seen: fmt.Sprintf("process %d (", os.Getpid()), remedy: "second one"}).assertNamed(t, s.run(t))
}
