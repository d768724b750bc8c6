// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux || freebsd

package engines

import (
	"os/exec"
	"syscall"
)

// endWithParent lets the system kill the process when the thread that starts it
// ends, at the latest with this process.
func endWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
