// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build release && linux

package packages

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	database = "/var/lib/oversight/registry.sqlite"
	output   = "/var/log/otelcol-oversight/events.jsonl"
	unit     = "otelcol-oversight.service"
)

// A service is installed, delivers from a registry that another user owns, is upgraded and
// installed again without losing or repeating an event, and leaves nothing behind once
// it is purged.
func TestDebian(t *testing.T) {
	m := newMachine(t)

	printed := m.install(released(t, ".deb"))
	assert.Contains(t, printed, "systemctl enable --now otelcol-oversight")
	assert.Equal(t, "inactive", m.fails("systemctl", "is-active", unit), "nobody has said yet where the registry is")
	assert.Equal(t, "disabled", m.fails("systemctl", "is-enabled", unit))
	assert.Empty(t, m.run("systemd-analyze", "verify", "--man=no", "/usr/lib/systemd/system/"+unit))
	m.run("runuser", "-u", "otelcol-oversight", "--", "otelcol-oversight", "validate", "--config", "/etc/otelcol-oversight/config.yaml")

	m.addRegistry(40)
	before := m.run("find", filepath.Dir(database), "-printf", `%P %y %m %u %g %s %T@\n`)
	m.run("systemctl", "enable", "--now", unit)
	m.awaitEvents(40)
	m.checkLockedDown()
	assert.Equal(t, before, m.run("find", filepath.Dir(database), "-printf", `%P %y %m %u %g %s %T@\n`), "a trace in the registry's directory")

	m.run("systemctl", "kill", "--signal=KILL", unit)
	m.addEvents(2)
	m.awaitEvents(42)

	edited := "# edited\n"
	m.append("/etc/otelcol-oversight/config.yaml", edited)
	process := m.run("systemctl", "show", "--property=MainPID", unit)
	m.install(m.newer())
	assert.Equal(t, "active", m.run("systemctl", "is-active", unit))
	assert.NotEqual(t, process, m.run("systemctl", "show", "--property=MainPID", unit), "the old version still runs")
	assert.Contains(t, m.run("cat", "/etc/otelcol-oversight/config.yaml"), edited[:len(edited)-1])
	m.addEvents(3)
	m.awaitEvents(45)

	m.run("dpkg", "--remove", "otelcol-oversight")
	assert.Equal(t, "inactive", m.fails("systemctl", "is-active", unit))
	m.run("test", "-f", "/etc/otelcol-oversight/config.yaml")
	m.run("test", "-d", "/var/lib/otelcol-oversight/checkpoint")
	m.addEvents(5)
	m.install(released(t, ".deb"))
	m.run("systemctl", "enable", "--now", unit)
	m.awaitEvents(50)

	m.run("dpkg", "--purge", "otelcol-oversight")
	assert.Empty(t, m.run("find", "/etc", "/var/lib", "/var/log", "/usr", "-xdev", "-name", "*otelcol*", "-not", "-path", "/var/lib/dpkg/*"))
	m.fails("getent", "passwd", "otelcol-oversight")
	m.fails("getent", "group", "otelcol-oversight")
	m.run("test", "-f", database)
}

// addRegistry writes a registry, and lets the service read it as docs say: by its group.
func (m *machine) addRegistry(events int) {
	m.t.Helper()
	m.run("useradd", "--system", "--user-group", "registry")
	m.run("usermod", "--append", "--groups", "registry", "otelcol-oversight")
	require.NoError(m.t, os.MkdirAll(m.path(filepath.Dir(database)), 0o750))
	m.addEvents(events)
}

// addEvents adds events to the registry.
func (m *machine) addEvents(events int) {
	m.t.Helper()
	generator, err := filepath.Abs(filepath.Join(checkout, "bin", "oversightgen"))
	require.NoError(m.t, err)
	run(m.t, generator, "--db", m.path(database), "--count", fmt.Sprint(events))
	m.run("chown", "--recursive", "registry:registry", filepath.Dir(database))
	m.run("chmod", "--recursive", "u=rwX,g=rX,o=", filepath.Dir(database))
}

// awaitEvents waits for a number of events in the output, each of which may be there once.
func (m *machine) awaitEvents(want int) {
	m.t.Helper()
	var uids []string
	arrived := assert.Eventually(m.t, func() bool {
		uids = m.delivered()
		return len(uids) >= want
	}, waitTimeout, 100*time.Millisecond)
	require.True(m.t, arrived, "%d of %d events arrived:\n%s", len(uids), want, m.journal())
	seen := map[string]bool{}
	for _, uid := range uids {
		assert.False(m.t, seen[uid], "event %s is there twice", uid)
		seen[uid] = true
	}
	assert.Len(m.t, uids, want)
}

// delivered returns the uids of the events in the output.
func (m *machine) delivered() []string {
	content, _ := os.ReadFile(m.path(output)) // it is not there at first
	var uids []string
	for line := range strings.Lines(string(content)) {
		var logs struct {
			ResourceLogs []struct {
				ScopeLogs []struct {
					LogRecords []struct {
						EventName  string
						Attributes []struct {
							Key   string
							Value struct{ StringValue string }
						}
					}
				}
			}
		}
		if json.Unmarshal([]byte(line), &logs) != nil {
			continue // it is being written
		}
		for _, resource := range logs.ResourceLogs {
			for _, scope := range resource.ScopeLogs {
				for _, record := range scope.LogRecords {
					for _, attribute := range record.Attributes {
						if record.EventName == "oversight.beacon" && attribute.Key == "log.record.uid" {
							uids = append(uids, attribute.Value.StringValue)
						}
					}
				}
			}
		}
	}
	return uids
}

// checkLockedDown checks what the running service may do.
func (m *machine) checkLockedDown() {
	m.t.Helper()
	pid := m.run("systemctl", "show", "--property=MainPID", "--value", unit)
	status := m.run("cat", "/proc/"+pid+"/status")
	uid := m.run("id", "--user", "otelcol-oversight")
	assert.Regexp(m.t, fmt.Sprintf(`(?m)^Uid:\s+%s\s+%[1]s\s+%[1]s\s+%[1]s$`, uid), status)
	for _, set := range []string{"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"} {
		assert.Regexp(m.t, `(?m)^`+set+`:\s+0+$`, status)
	}
	assert.Regexp(m.t, `(?m)^NoNewPrivs:\s+1$`, status)
	assert.Regexp(m.t, `(?m)^Seccomp:\s+2$`, status)

	// Its root is read-only, apart from its two directories.
	mounts := m.run("cat", "/proc/"+pid+"/mountinfo")
	assert.Regexp(m.t, `(?m) / / ro\b| / ro,`, mounts)
	m.run("systemd-analyze", "security", "--no-pager", "--threshold=20", unit)
	assert.Equal(m.t, "750 otelcol-oversight", m.run("stat", "--format=%a %U", "/var/lib/otelcol-oversight"))
	assert.Equal(m.t, "750 otelcol-oversight", m.run("stat", "--format=%a %U", "/var/log/otelcol-oversight"))
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

// newer is the package with a higher version.
func (m *machine) newer() string {
	m.t.Helper()
	dir := filepath.Join(m.t.TempDir(), "package")
	run(m.t, "dpkg-deb", "--raw-extract", released(m.t, ".deb"), dir)
	run(m.t, "sed", "--in-place", "s/^Version: .*/Version: 99.0.0/", filepath.Join(dir, "DEBIAN", "control"))
	run(m.t, "dpkg-deb", "--build", "-Znone", dir, dir+".deb")
	return dir + ".deb"
}
