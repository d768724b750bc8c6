// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build release && linux

package packages

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Other directories for checkpoint and output: until the unit allows them, the service
// says which it cannot write. Then it delivers, without another command.
func TestOtherDirectories(t *testing.T) {
	m := newMachine(t)
	m.install(released(t, ".deb"))
	m.addRegistry(10)
	m.run("install", "-d", "-m", "0750", "-o", "otelcol-oversight", "-g", "otelcol-oversight", "/srv/oversight")
	for _, variable := range []struct{ name, directory string }{
		{"OVERSIGHT_STATE", "/srv/oversight/state"},
		{"OVERSIGHT_OUTPUT", "/srv/oversight/output"},
	} {
		setting := variable.name + "=" + variable.directory
		m.append(settings, setting+"\n")
		m.run("systemctl", "restart", unit)
		m.await(func() bool {
			for line := range strings.Lines(m.journal()) {
				if strings.Contains(line, variable.directory) && strings.Contains(line, "read-only file system") {
					return true
				}
			}
			return false
		}, "the journal does not name "+variable.directory)
		m.run("sed", "-i", "s,^"+setting+"$,#&,", settings)
	}

	m.run("sed", "-i", "s,^#\\(.*=/srv/\\),\\1,", settings)
	m.run("mkdir", "/etc/systemd/system/"+unit+".d")
	m.run("sh", "-c", `printf '[Service]\nReadWritePaths=/srv/oversight\n' >/etc/systemd/system/`+unit+`.d/override.conf; systemctl daemon-reload`)
	m.run("systemctl", "restart", unit)
	m.awaitEvents("/srv/oversight/output/ecs.ndjson", 10)
	m.run("test", "-d", "/srv/oversight/state/checkpoint")
	assert.Equal(t, "active", m.run("systemctl", "is-active", unit))
}

// A destination that accepts connections and never answers does not keep the service from
// ending by itself: systemd need not kill it.
func TestStop(t *testing.T) {
	m := newMachine(t)
	m.install(released(t, ".deb"))
	m.addRegistry(10)
	server := m.listen(hecAddress)
	require.NoError(t, os.WriteFile(m.path("/root/token"), []byte(hecToken), 0o600))
	m.run("install", "-m", "0640", "-g", "otelcol-oversight", "/root/token", secret)
	m.run("sh", "-c", newcomerConfiguration)
	m.run("systemctl", "start", unit)
	connection, err := server.Accept() // a batch is on its way
	require.NoError(t, err)
	defer connection.Close()

	m.run("systemctl", "stop", unit)
	assert.Equal(t, "success", m.run("systemctl", "show", "--property=Result", "--value", unit))
	assert.Equal(t, "inactive", m.fails("systemctl", "is-active", unit))
}
