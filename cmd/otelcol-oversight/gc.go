// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main //nolint:revive // the generated main.go has the package comment

import "os"

// ballastSize is added to the heap that the garbage collector sees. Go collects
// garbage when the heap has doubled. The live heap of this collector is about ten
// megabytes: while it reads a backlog, the heap doubles a hundred times a second,
// and garbage collection takes a third of the CPU time. With the ballast, Go
// collects garbage after each sixty megabytes. A higher GOGC would have the same
// effect on that heap, but would also multiply a heap that is full of queued data.
const ballastSize = 48 << 20

// ballast is never written, so it uses address space but no memory.
var ballast []byte //nolint:unused // only the garbage collector uses its size

// The builder does not generate or overwrite this file.
func init() {
	_, percent := os.LookupEnv("GOGC")
	_, limit := os.LookupEnv("GOMEMLIMIT")
	if !percent && !limit { // an operator's setting takes precedence
		ballast = make([]byte, ballastSize)
	}
}
