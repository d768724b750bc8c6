// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !race

package reconcile_test

// honestLeaves is how many leaves TestHonestRegistry writes: a million beacons among them.
const honestLeaves = 1_042_000
