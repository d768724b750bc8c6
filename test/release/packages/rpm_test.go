// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build release && linux

package packages

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// The same with rpm, which has no purge, and renames an edited configuration when it
// removes the package. The machine has no packages in rpm's database, so none that this
// one needs.
func TestRPM(t *testing.T) {
	m := newMachine(t)
	printed := m.rpm("--install", released(t, ".rpm"))
	assert.Contains(t, printed, "systemctl enable --now otelcol-oversight")
	assert.Equal(t, "inactive", m.fails("systemctl", "is-active", unit))
	assert.Equal(t, "640 root otelcol-oversight", m.run("stat", "--format=%a %U %G", configuration))
	assert.Equal(t, "2750 root otelcol-oversight", m.run("stat", "--format=%a %U %G", "/etc/otelcol-oversight/secrets"))
	assert.Empty(t, m.run("rpm", "--verify", "--nodeps", "otelcol-oversight"), "something is not as it was packaged")

	m.addRegistry(40)
	m.run("systemctl", "enable", "--now", unit)
	m.awaitEvents(output, 40)
	m.checkLockedDown()

	m.append(configuration, edit)
	process := m.run("systemctl", "show", "--property=MainPID", unit)
	assert.NotContains(t, m.rpm("--upgrade", newer(t, "rpm")), "is installed and not running")
	assert.Equal(t, "active", m.run("systemctl", "is-active", unit))
	assert.Equal(t, "enabled", m.run("systemctl", "is-enabled", unit))
	assert.NotEqual(t, process, m.run("systemctl", "show", "--property=MainPID", unit), "the old version still runs")
	assert.Contains(t, m.run("cat", configuration)+"\n", edit)
	m.addEvents(2)
	m.awaitEvents(output, 42)

	m.run("rpm", "--erase", "otelcol-oversight")
	assert.Equal(t, "inactive", m.fails("systemctl", "is-active", unit))
	m.run("mv", configuration+".rpmsave", configuration)
	m.addEvents(3)
	m.rpm("--install", released(t, ".rpm"))
	assert.Contains(t, m.run("cat", configuration)+"\n", edit)
	m.run("systemctl", "enable", "--now", unit)
	m.awaitEvents(output, 45)
}

// rpm installs or upgrades with a package, and returns what is printed.
func (m *machine) rpm(how, file string) string {
	m.t.Helper()
	run(m.t, "cp", file, m.path("/root/package.rpm"))
	return m.run("rpm", how, "--nodeps", "/root/package.rpm")
}
