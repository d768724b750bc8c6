// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !linux && !freebsd

package engines

import "os/exec"

// endWithParent does nothing: these systems have no such signal.
func endWithParent(*exec.Cmd) {}
