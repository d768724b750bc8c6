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
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/doctor"
)

// childVariable makes this test binary the command, for the configuration that it names.
const childVariable = "OVERSIGHT_DOCTOR_TEST_CONFIG"

func TestMain(m *testing.M) {
	if path := os.Getenv(childVariable); path != "" {
		report, err := doctor.Run(context.Background(), doctor.Settings{Config: strings.Split(path, "\n")})
		if err == nil {
			err = report.WriteJSON(os.Stdout)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if path := os.Getenv(holdVariable); path != "" {
		hold(path)
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
	permit := "usermod -aG"
	if os.Getgid() == 0 { // the files are root's
		permit = "setfacl -m u:otelcol-oversight:r "
	}
	(&fault{name: "database unreadable", check: "registry.file", seen: "this user cannot read", remedy: permit}).assertNamed(t, report)
	(&fault{name: "log unreadable", check: "log.file", seen: "this user cannot read", remedy: permit}).assertNamed(t, report)
	assert.Equal(t, doctor.StatusOK, results(report, "user")[0].Status)
	(&fault{name: "storage not ours", check: "storage", seen: "cannot write", remedy: "chown"}).assertNamed(t, report)
}

// A directory that the extension makes itself is named, and not that above it, which may
// be the system's.
func TestStorageBelowAnothersDirectory(t *testing.T) {
	s := newSetup(t)
	require.NoError(t, os.Chmod(filepath.Dir(s.dir), 0o755))
	require.NoError(t, os.Chmod(s.dir, 0o555))
	s.storage = filepath.Join(s.dir, "none", "state")
	s.moreConfig = []string{"yaml:extensions::file_storage::create_directory: true"}
	config := s.config(t)
	report := s.runChild(t, func(c *exec.Cmd) {
		c.Env = append(os.Environ(), childVariable+"="+config+"\n"+s.moreConfig[0])
		if os.Getuid() == 0 {
			c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534, NoSetGroups: true}}
		}
	})
	(&fault{name: "storage of another user", check: "storage", seen: "cannot write to " + s.dir, remedy: "mkdir -p " + s.storage + ", and chown it"}).assertNamed(t, report)
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
	(&fault{name: "in use", check: "storage", seen: fmt.Sprintf("process %d (doctor.test), which is no collector", os.Getpid()), remedy: "stop that process"}).assertNamed(t, s.run(t))
}

// The storage is the collector's own while it runs with this configuration, however that
// is written, and in use where one runs with another.
func TestStorageOfTheCollector(t *testing.T) {
	for name, c := range map[string]struct {
		arguments func(config string) []string
		status    doctor.Status
		seen      string
	}{
		"the same":       {func(config string) []string { return []string{"--config", config} }, doctor.StatusOK, "the collector of this configuration"},
		"with =":         {func(config string) []string { return []string{"--config=file:" + config} }, doctor.StatusOK, "the collector of this configuration"},
		"relative":       {func(config string) []string { return []string{"-config", filepath.Base(config)} }, doctor.StatusOK, "the collector of this configuration"},
		"one of several": {func(config string) []string { return []string{"--config", "yaml:a: b", "--config", config} }, doctor.StatusOK, "the collector of this configuration"},
		"another":        {func(string) []string { return []string{"--config", "/etc/other.yaml"} }, doctor.StatusFailed, "another configuration: /etc/other.yaml"},
		"as text":        {func(string) []string { return []string{"--config=yaml:token: hidden"} }, doctor.StatusFailed, "another configuration: yaml:…"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSetup(t)
			config := s.config(t)
			path := filepath.Join(s.storage, "receiver_oversight_")
			collector := exec.Command("/proc/self/exe", c.arguments(config)...)
			collector.Dir, collector.Env = s.dir, append(os.Environ(), holdVariable+"="+path)
			output, err := collector.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, collector.Start())
			t.Cleanup(func() { _ = collector.Process.Kill(); _ = collector.Wait() })
			_, err = output.Read(make([]byte, 1)) // it has the file
			require.NoError(t, err)
			found := results(s.run(t), "storage")
			require.Len(t, found, 1)
			assert.Equal(t, c.status, found[0].Status, found[0])
			assert.Contains(t, found[0].Seen, fmt.Sprintf("process %d (", collector.Process.Pid))
			assert.Contains(t, found[0].Seen, c.seen)
			assert.NotContains(t, found[0].Seen, "hidden")
		})
	}
}

// holdVariable makes this test binary hold the file of a storage, as the collector does.
const holdVariable = "OVERSIGHT_DOCTOR_TEST_HOLD"

func hold(path string) {
	if _, err := bbolt.Open(path, 0o600, nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("holds it")
	killed := make(chan os.Signal, 1)
	signal.Notify(killed, os.Interrupt)
	<-killed
}
