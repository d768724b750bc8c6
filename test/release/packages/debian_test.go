// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build release && linux

package packages

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
)

const (
	database      = "/var/lib/oversight/registry.sqlite"
	state         = "/var/lib/otelcol-oversight"
	output        = "/var/log/otelcol-oversight/ecs.ndjson"
	configuration = "/etc/otelcol-oversight/config.yaml"
	settings      = "/etc/otelcol-oversight/otelcol-oversight.conf"
	unit          = "otelcol-oversight.service"
	// edit is what an administrator adds to a configuration.
	edit = "# edited\n"
)

// A service is installed, delivers from a registry that another user owns, is installed
// again without losing or repeating an event, and leaves nothing behind once it is
// purged.
func TestDebian(t *testing.T) {
	m := newMachine(t)

	printed := m.install(released(t, ".deb"))
	assert.Contains(t, printed, "systemctl enable --now otelcol-oversight")
	assert.Equal(t, "inactive", m.fails("systemctl", "is-active", unit), "nobody has said yet where the registry is")
	assert.Equal(t, "disabled", m.fails("systemctl", "is-enabled", unit))
	assert.Empty(t, m.run("systemd-analyze", "verify", "--man=no", "/usr/lib/systemd/system/"+unit))
	m.run("sh", "-c", "set -a; . "+settings+"; runuser -u otelcol-oversight -- otelcol-oversight validate --config "+configuration)

	m.addRegistry(40)
	before := m.run("find", filepath.Dir(database), "-printf", `%P %y %m %u %g %s %T@\n`)
	m.run("systemctl", "enable", "--now", unit)
	m.awaitEvents(output, 40)
	m.checkLockedDown()
	assert.Equal(t, before, m.run("find", filepath.Dir(database), "-printf", `%P %y %m %u %g %s %T@\n`), "a trace in the registry's directory")

	m.run("systemctl", "kill", "--kill-whom=main", "--signal=KILL", unit)
	m.addEvents(2)
	m.awaitEvents(output, 42)

	m.append(configuration, edit)
	m.run("dpkg", "--remove", "otelcol-oversight")
	assert.Equal(t, "inactive", m.fails("systemctl", "is-active", unit))
	m.run("test", "-d", state+"/checkpoint")
	m.addEvents(3)
	m.install(released(t, ".deb"))
	assert.Contains(t, m.run("cat", configuration)+"\n", edit)
	m.run("systemctl", "enable", "--now", unit)
	m.awaitEvents(output, 45)

	m.run("dpkg", "--purge", "otelcol-oversight")
	assert.Empty(t, m.run("find", "/etc", "/var/lib", "/var/log", "/usr", "-xdev", "-name", "*otelcol*", "-not", "-path", "/var/lib/dpkg/*"))
	m.fails("getent", "passwd", "otelcol-oversight")
	m.fails("getent", "group", "otelcol-oversight")
	m.run("test", "-f", database)
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
	m.run("systemd-analyze", "security", "--no-pager", "--threshold=13", unit) // tenths: 1.3, "OK"
	assert.Equal(m.t, "750 otelcol-oversight", m.run("stat", "--format=%a %U", "/var/lib/otelcol-oversight"))
	assert.Equal(m.t, "750 otelcol-oversight", m.run("stat", "--format=%a %U", "/var/log/otelcol-oversight"))
}

// A running service that cannot be started again, here because somebody removed its
// environment file, does not keep dpkg from upgrading and removing the package.
func TestServiceThatDoesNotRestart(t *testing.T) {
	m := newMachine(t)
	m.install(released(t, ".deb"))
	m.addRegistry(1)
	m.run("systemctl", "start", unit)
	m.awaitEvents(output, 1)
	m.run("rm", settings)
	assert.Contains(t, m.install(released(t, ".deb")), "otelcol-oversight was not restarted: see systemctl status otelcol-oversight")
	m.run("dpkg", "--purge", "otelcol-oversight")
}
