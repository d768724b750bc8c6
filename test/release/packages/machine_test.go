// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build release && linux

package packages

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/oversight-protocol/oversight-otelcol/test/internal/collectortest"
)

// waitTimeout is how long anything may take on a busy machine.
const waitTimeout = 90 * time.Second

// machine is a Debian of its own. It has no network but its loopback interface.
type machine struct {
	t       *testing.T
	root    string
	process *collectortest.Process
	leader  string // the process id of its first process
}

// newMachine makes a machine and boots it with systemd.
func newMachine(t *testing.T) *machine {
	t.Helper()
	m := boot(t, "--boot")
	m.await(func() bool {
		state, _ := m.command("systemctl", "is-system-running").Output()
		return strings.TrimSpace(string(state)) == "running"
	}, "systemd does not start")
	return m
}

// boot makes a machine, and starts its first process, as arguments of systemd-nspawn
// say.
func boot(t *testing.T, arguments ...string) *machine {
	t.Helper()
	lockMachines(t)
	m := &machine{t: t, root: filepath.Join(t.TempDir(), "debian")}
	run(t, "cp", "--archive", debian(t), m.root)
	m.process = collectortest.Start(t, exec.Command("systemd-nspawn", append([]string{
		"--quiet", "--directory=" + m.root,
		"--register=no", "--keep-unit", "--private-network", "--console=pipe", "--machine=oversight",
	}, arguments...)...))
	t.Cleanup(func() { m.process.Terminate(waitTimeout) })
	m.await(func() bool {
		children, _ := exec.CommandContext(t.Context(), "pgrep", "--parent", strconv.Itoa(m.process.Cmd.Process.Pid)).Output()
		m.leader = strings.TrimSpace(string(children))
		return m.leader != "" && m.command("test", "-d", "/run").Run() == nil
	}, "the machine does not start")
	return m
}

// lockMachines waits until no other test of this host has a machine. Without a service
// manager on the host, all machines would have the same control groups, in which one
// machine's systemd ends the processes of the other.
func lockMachines(t *testing.T) {
	t.Helper()
	lock, err := os.OpenFile(filepath.Join(os.TempDir(), "oversight-test-machine.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, lock.Close()) })
	require.NoError(t, unix.Flock(int(lock.Fd()), unix.LOCK_EX))
}

// await waits for a condition.
func (m *machine) await(condition func() bool, message string) {
	m.t.Helper()
	require.Eventually(m.t, condition, waitTimeout, 100*time.Millisecond, message)
}

// debian is a minimal Debian with two service managers and two package managers, made
// when it is first needed.
func debian(t *testing.T) string {
	t.Helper()
	const packages = "systemd,systemd-sysv,openrc,rpm,acl"
	dir, err := filepath.Abs(filepath.Join(checkout, "bin", "tools", "debian-"+strings.ReplaceAll(packages, ",", "-")))
	require.NoError(t, err)
	installHost(t, "debootstrap", "debootstrap")
	installHost(t, "systemd-nspawn", "systemd-container")
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	partial := dir + ".partial"
	require.NoError(t, os.RemoveAll(partial))
	run(t, "debootstrap", "--variant=minbase", "--include="+packages, "bookworm", partial)
	require.NoError(t, os.Rename(partial, dir))
	return dir
}

// installHost installs a package on this system, unless the program is there.
func installHost(t *testing.T, program, name string) {
	t.Helper()
	if _, err := exec.LookPath(program); err == nil {
		return
	}
	run(t, "apt-get", "update", "--quiet")
	run(t, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "--yes", "--quiet", "--no-install-recommends", name)
}

// command is a command in the machine.
func (m *machine) command(arguments ...string) *exec.Cmd {
	command := exec.CommandContext(m.t.Context(), "nsenter", append([]string{"--target", m.leader, "--all", "--"}, arguments...)...)
	command.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8"}
	return command
}

// run runs a command in the machine, which has to succeed, and returns what it prints.
func (m *machine) run(arguments ...string) string {
	m.t.Helper()
	printed, err := m.command(arguments...).CombinedOutput()
	require.NoError(m.t, err, "%v:\n%s\n%s", arguments, printed, m.journal())
	return strings.TrimSpace(string(printed))
}

// fails runs a command in the machine, which has to fail, and returns what it prints.
func (m *machine) fails(arguments ...string) string {
	m.t.Helper()
	printed, err := m.command(arguments...).CombinedOutput()
	require.Error(m.t, err, "%v:\n%s", arguments, printed)
	return strings.TrimSpace(string(printed))
}

// journal is the end of the service's log.
func (m *machine) journal() string {
	printed, _ := m.command("journalctl", "--no-pager", "--lines=15", "--unit=otelcol-oversight").CombinedOutput()
	return string(printed)
}

// path is a path of the machine as this system sees it.
func (m *machine) path(name string) string { return filepath.Join(m.root, name) }

// install installs a Debian package as docs say, and returns what dpkg prints.
func (m *machine) install(file string) string {
	m.t.Helper()
	run(m.t, "cp", file, m.path("/root/package.deb"))
	return m.run("dpkg", "--force-confold", "--install", "/root/package.deb")
}

// append adds text to a file of the machine.
func (m *machine) append(name, text string) {
	m.t.Helper()
	file, err := os.OpenFile(m.path(name), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(m.t, err)
	_, err = file.WriteString(text)
	require.NoError(m.t, err)
	require.NoError(m.t, file.Close())
}
