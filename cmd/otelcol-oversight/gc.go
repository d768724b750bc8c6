// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"runtime/debug"
)

// gcPercent is Go's GOGC for this collector. What lives in its heap is some ten
// megabytes: with Go's 100 it would be looked through for each further ten, a
// hundred times a second while a backlog is sent, for a third of the CPU time.
// 300 costs fifteen megabytes more at the peak.
const gcPercent = 300

// This file is not generated, and the builder leaves it alone.
func init() {
	_, percent := os.LookupEnv("GOGC")
	_, limit := os.LookupEnv("GOMEMLIMIT")
	if !percent && !limit { // an operator's word stands
		debug.SetGCPercent(gcPercent)
	}
}
