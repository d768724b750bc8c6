// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A small heap grows to 48 MiB between two collections, a large one by half.
func TestGCPercent(t *testing.T) {
	for _, test := range []struct {
		live uint64
		want int
	}{
		{0, 700},
		{6 << 20, 700},
		{16 << 20, 200},
		{24 << 20, 100},
		{32 << 20, 50},
		{48 << 20, 50},
		{500 << 20, 50},
	} {
		require.Equal(t, test.want, gcPercent(test.live), "%d MiB", test.live>>20)
	}
}

// The memory limit is above the heap that GOGC allows, whatever is alive, and not by much.
func TestSoftLimit(t *testing.T) {
	for live := uint64(minLiveHeap); live < 4<<30; live += live / 3 {
		heap := int64(live + live*uint64(gcPercent(live))/100)
		limit := softLimit(live)
		require.GreaterOrEqual(t, limit, heap+besideHeap, "%d MiB", live>>20)
		require.LessOrEqual(t, limit, heap+heap/4+besideHeap, "%d MiB", live>>20)
	}
}

// The memory limit follows what is alive, too.
func TestSoftLimitFollowsTheHeap(t *testing.T) {
	current := func() int64 {
		runtime.GC()
		return debug.SetMemoryLimit(-1)
	}
	small := softLimit(minLiveHeap)
	near := func() bool { return current() < small+small/5 }
	require.Eventually(t, near, time.Minute, time.Millisecond)
	large := make([]byte, 200<<20)
	require.Eventually(t, func() bool { return current() >= softLimit(180<<20) }, time.Minute, time.Millisecond)
	runtime.KeepAlive(large)
	require.Eventually(t, near, time.Minute, time.Millisecond)
}

// Stacks do not take the heap's room.
func TestSoftLimitLeavesRoomForStacks(t *testing.T) {
	const goroutines, stack = 1000, 64 << 10
	done := make(chan struct{})
	var ready, ended sync.WaitGroup
	ready.Add(goroutines)
	for range goroutines {
		ended.Go(func() {
			deepStack(stack)
			ready.Done()
			<-done
		})
	}
	ready.Wait()
	defer ended.Wait()
	defer close(done)
	require.Eventually(t, func() bool {
		runtime.GC()
		return debug.SetMemoryLimit(-1) >= softLimit(minLiveHeap)+goroutines*stack/4
	}, time.Minute, time.Millisecond)
}

// deepStack lets the stack grow to so many bytes.
//
//go:noinline
func deepStack(bytes int) byte {
	var frame [1024]byte
	if bytes > len(frame) {
		frame[0] = deepStack(bytes - len(frame))
	}
	return frame[0]
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
