// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build race

package reconcile_test

// honestLeaves is how many leaves TestHonestRegistry writes: a hundred thousand beacons among them, since the race detector takes its time.
const honestLeaves = 104_200
