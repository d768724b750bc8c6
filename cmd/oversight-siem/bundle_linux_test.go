// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// On a full disk nothing is left, and the error says so. The disk is a file system in
// memory in a mount namespace of its own.
func TestBundleOnFullDisk(t *testing.T) {
	config := writeFile(t, "exporters: {}\n")
	const script = `mount -t tmpfs -o size=64k none "$1" && { cat /dev/zero >"$1/filler" 2>/dev/null; cd "$1"; shift; "$@"; echo "status $?"; ls -A; }`
	c := exec.Command("sh", "-c", script, "sh", t.TempDir(), siem, "doctor", "--config", config, "--bundle", "bundle.tar.gz")
	c.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{Size: 1, HostID: syscall.Getuid()}},
		GidMappings: []syscall.SysProcIDMap{{Size: 1, HostID: syscall.Getgid()}},
	}
	output, err := c.CombinedOutput()
	require.NoError(t, err, string(output))
	assert.Contains(t, string(output), "--bundle bundle.tar.gz cannot be written, and nothing was: no space left on device")
	assert.Contains(t, string(output), "status 2\nfiller\n")
	assert.NotContains(t, string(output), "bundle.tar.gz.tmp")
}
