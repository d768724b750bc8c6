// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build release && linux

package packages

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

const service = "otelcol-oversight"

// The package for Alpine, unpacked in the order in which apk does it and run by OpenRC, in a
// Debian.
func TestOpenRC(t *testing.T) {
	m := newOpenRCMachine(t)
	printed := m.apk("install", released(t, ".apk"), "0.1.0")
	assert.Contains(t, printed, "rc-update add otelcol-oversight && rc-service otelcol-oversight start")
	assert.NotContains(t, printed, "systemctl")
	assert.Equal(t, "640 root otelcol-oversight", m.run("stat", "--format=%a %U %G", configuration))
	assert.Equal(t, "750 otelcol-oversight otelcol-oversight", m.run("stat", "--format=%a %U %G", state))

	m.addRegistry(40)
	m.run("rc-update", "add", service)
	m.run("rc-service", service, "start")
	m.awaitEvents(output, 40)
	process := m.collectorProcess()
	status := m.run("cat", "/proc/"+process+"/status")
	assert.Regexp(t, `(?m)^Uid:\s+`+m.run("id", "--user", "otelcol-oversight")+`\s`, status)
	assert.Regexp(t, `(?m)^CapEff:\s+0+$`, status)
	assert.Regexp(t, `(?m)^NoNewPrivs:\s+1$`, status)

	m.run("sh", "-c", "kill -KILL "+process)
	m.addEvents(2)
	m.awaitEvents(output, 42)

	process = m.collectorProcess()
	assert.NotContains(t, m.apk("upgrade", newer(t, "apk"), "99.0.0", "0.1.0"), "is installed and not running")
	assert.NotEqual(t, process, m.collectorProcess(), "the old version still runs")
	m.addEvents(3)
	m.awaitEvents(output, 45)

	m.run("/root/apk/.pre-deinstall", "99.0.0")
	m.fails("rc-service", service, "status")
	m.fails("pidof", "otelcol-oversight")
	assert.NotContains(t, m.run("rc-update", "show"), service)
}

// newOpenRCMachine makes a machine and boots it with OpenRC. Its network is up from the start.
func newOpenRCMachine(t *testing.T) *machine {
	t.Helper()
	m := boot(t, "/sbin/openrc-init")
	m.append("/etc/rc.conf", "rc_provide=net\n")
	m.await(func() bool {
		level, _ := m.command("rc-status", "--runlevel").Output()
		return strings.TrimSpace(string(level)) == "default"
	}, "OpenRC does not start")
	return m
}

// apk unpacks a package, and runs the scripts for an installation or an upgrade with
// the versions that apk passes.
func (m *machine) apk(how, file string, versions ...string) string {
	m.t.Helper()
	run(m.t, "mkdir", "--parents", m.path("/root/apk"))
	run(m.t, "tar", "--extract", "--gzip", "--warning=no-unknown-keyword", "--directory="+m.path("/root/apk"), "--file="+file)
	run(m.t, "cp", file, m.path("/root/package.apk"))
	if how == "install" {
		m.run(append([]string{"/root/apk/.pre-install"}, versions...)...)
	}
	m.run("tar", "--extract", "--gzip", "--warning=no-unknown-keyword", "--directory=/", "--file=/root/package.apk", "--exclude=.*")
	return m.run(append([]string{filepath.Join("/root/apk", ".post-"+how)}, versions...)...)
}

// collectorProcess waits for the collector, and returns its process id.
func (m *machine) collectorProcess() string {
	m.t.Helper()
	var process string
	m.await(func() bool {
		found, _ := m.command("pidof", "otelcol-oversight").Output()
		process = strings.TrimSpace(string(found))
		return process != ""
	}, "the collector does not run")
	return process
}
