// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package engines

import "syscall"

const (
	sigTerminate = syscall.SIGTERM
	sigPause     = syscall.SIGSTOP
	sigContinue  = syscall.SIGCONT
)
