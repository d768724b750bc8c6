// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build release && linux

package packages

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A site has made the user before, in a group of its own, and has a disk of its own
// for the state. The service and its user can read the configuration, files that an
// administrator makes or replaces there included, and the package can be purged.
func TestPreparedSite(t *testing.T) {
	m := newMachine(t)
	m.run("useradd", "--system", "--gid", "users", "--home-dir", "/srv", "--shell", "/bin/bash", "otelcol-oversight")
	m.run("mkdir", state)
	m.run("mount", "-t", "tmpfs", "tmpfs", state)
	m.install(released(t, ".deb"))
	m.addRegistry(10)

	m.run("sed", "-i", "s/^#.*//", settings) // replaces the file
	m.run("sh", "-c", "umask 027; echo secret >"+secret)
	configure := []string{"oversight-siem", "config", "--for", "files", "--output"}
	m.run(append(configure, configuration, "--force")...)
	m.run(append(configure, filepath.Dir(configuration)+"/second.yaml")...)
	for _, file := range []string{settings, secret, configuration, filepath.Dir(configuration) + "/second.yaml"} {
		m.run("runuser", "-u", "otelcol-oversight", "--", "cat", file)
		assert.Equal(t, "640 root otelcol-oversight", m.run("stat", "--format=%a %U %G", file), file)
	}
	m.run("systemctl", "enable", "--now", unit)
	m.awaitEvents(output, 10)
	m.run("test", "-d", state+"/checkpoint")

	m.run("dpkg", "--purge", "otelcol-oversight")
	assert.Equal(t, state, m.run("find", "/etc", "/var/lib", "/var/log", "-name", "*otelcol*", "-not", "-path", "/var/lib/dpkg/*"))
	assert.Empty(t, m.run("find", state, "-mindepth", "1"))
	m.fails("getent", "passwd", "otelcol-oversight")
}

// Where no service manager runs, as in an image that is being built, or another one than
// systemd, the package is installed and removed without a complaint.
func TestDebianWithoutSystemd(t *testing.T) {
	root := filepath.Join(t.TempDir(), "debian")
	run(t, "cp", "--archive", debian(t), root)
	run(t, "cp", released(t, ".deb"), filepath.Join(root, "root/package.deb"))
	for _, directory := range []string{"", "run/openrc"} {
		run(t, "rm", "-rf", filepath.Join(root, "run/openrc"))
		run(t, "mkdir", "-p", filepath.Join(root, directory))
		printed := run(t, "chroot", root, "sh", "-euc", `
			dpkg --install /root/package.deb
			runuser -u otelcol-oversight -- cat /etc/otelcol-oversight/config.yaml >/dev/null
			dpkg --purge otelcol-oversight 2>&1`)
		assert.NotContains(t, printed, "rc-service")
	}
}
