// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import "os"

// ballastSize is what the garbage collector is made to believe lives in the heap,
// beside what does. Go looks through a heap when it has doubled. What lives in
// this collector's is some ten megabytes, which a backlog doubles a hundred times
// a second, for a third of the CPU time; with the ballast it is every sixty
// megabytes. A higher GOGC would do the same for that heap, but multiply one that
// is full of queued data, too.
const ballastSize = 48 << 20

// ballast is never touched, and so takes addresses, but no memory.
var ballast []byte

// This file is not generated, and the builder leaves it alone.
func init() {
	_, percent := os.LookupEnv("GOGC")
	_, limit := os.LookupEnv("GOMEMLIMIT")
	if !percent && !limit { // an operator's word stands
		ballast = make([]byte, ballastSize)
	}
}
