// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package engines

import "os"

// Other systems can only kill a process: Signal returns an error for the rest.
var (
	sigTerminate = os.Kill
	sigPause     = os.Interrupt
	sigContinue  = os.Interrupt
)
