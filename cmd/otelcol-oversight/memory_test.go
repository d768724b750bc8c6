// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A small heap grows to 64 MiB between two collections, a large one by half.
func TestGCPercent(t *testing.T) {
	for _, test := range []struct {
		live uint64
		want int
	}{
		{0, 966},
		{6 << 20, 966},
		{16 << 20, 300},
		{32 << 20, 100},
		{48 << 20, 50},
		{500 << 20, 50},
	} {
		require.Equal(t, test.want, gcPercent(test.live), "%d MiB", test.live>>20)
	}
}

// A heap that becomes large is collected when it has grown by half.
func TestGCPercentFollowsTheHeap(t *testing.T) {
	if _, set := os.LookupEnv("GOGC"); set {
		require.Fail(t, "run this test without GOGC: the collector leaves an operator's setting as it is")
	}
	current := func() int {
		runtime.GC()
		percent := debug.SetGCPercent(defaultGCPercent)
		debug.SetGCPercent(percent)
		return percent
	}
	require.Eventually(t, func() bool { return current() > 200 }, time.Minute, time.Millisecond)
	large := make([]byte, 200<<20)
	require.Eventually(t, func() bool { return current() == minGCPercent }, time.Minute, time.Millisecond)
	runtime.KeepAlive(large)
	require.Eventually(t, func() bool { return current() > 200 }, time.Minute, time.Millisecond)
}
