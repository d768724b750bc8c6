// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux && release

package release

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/test/internal/collectortest"
)

// started counts containers.
var started atomic.Int64

// container is a container that runc runs.
type container struct {
	*collectortest.Process
	id string
}

// bundle is what a container is made of: the files of an image, and what a Compose
// file says.
type bundle struct {
	rootfs      string
	user        int
	readOnly    bool
	arguments   []string
	environment map[string]string
	healthCheck []string
	mounts      []mount
}

// mount is a directory or a file of the host in the container.
type mount struct {
	source, target string
	readOnly       bool
}

// startContainer runs a bundle until the test ends. It has the network of the host,
// where the servers of the test are, and no capabilities.
func startContainer(t *testing.T, b bundle) container {
	t.Helper()
	install(t, "runc")
	directory := t.TempDir()
	text, err := json.Marshal(b.spec())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(directory, "config.json"), text, 0o600))
	id := fmt.Sprintf("oversight-test-%d-%d", os.Getpid(), started.Add(1))
	t.Cleanup(func() { _ = exec.Command("runc", "delete", "--force", id).Run() }) // it may have ended
	return container{Process: collectortest.Start(t, exec.Command("runc", "run", "--bundle", directory, id)), id: id}
}

// exec runs a command in the container and returns its output and exit status.
func (c container) exec(arguments ...string) (string, int) {
	command := exec.Command("runc", append([]string{"exec", c.id}, arguments...)...)
	output, _ := command.CombinedOutput() // the exit status says it
	return string(output), command.ProcessState.ExitCode()
}

// mainProcess is /proc/PID/status of the container's first process.
func (c container) mainProcess(t *testing.T) string {
	t.Helper()
	var state struct {
		PID int `json:"pid"`
	}
	require.NoError(t, json.Unmarshal(run(t, nil, "runc", "state", c.id), &state))
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(state.PID), "status"))
	require.NoError(t, err)
	return string(status)
}

// spec is the bundle in the words of the OCI runtime specification.
func (b bundle) spec() object {
	environment := []string{"PATH=/usr/bin"}
	for name, value := range b.environment {
		environment = append(environment, name+"="+value)
	}
	mounts := []object{
		{"destination": "/proc", "type": "proc", "source": "proc"},
		{"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": []string{"ro"}},
		{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": []string{"ro"}},
		{"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": []string{"nosuid", "mode=755"}},
	}
	for _, m := range b.mounts {
		mode := "rw"
		if m.readOnly {
			mode = "ro"
		}
		mounts = append(mounts, object{"destination": m.target, "type": "bind", "source": m.source, "options": []string{"bind", mode}})
	}
	return object{
		"ociVersion": "1.0.2",
		"process": object{
			"user": object{"uid": b.user, "gid": b.user}, "cwd": "/", "args": b.arguments, "env": environment,
			"noNewPrivileges": true, "capabilities": object{},
		},
		"root":   object{"path": b.rootfs, "readonly": b.readOnly},
		"mounts": mounts,
		"linux": object{
			"namespaces": []object{{"type": "pid"}, {"type": "mount"}, {"type": "ipc"}, {"type": "uts"}},
		},
	}
}
