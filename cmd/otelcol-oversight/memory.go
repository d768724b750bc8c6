// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// limitShare is the part of a container's memory limit that Go may use. The rest
// is for what Go does not count: its own binary, and SQLite's memory map.
const limitShare = 0.8

// minHeapSize is how large the heap may become before the garbage is collected, at
// least. By default it doubles, and what is alive is about ten megabytes here: while
// the receiver reads a backlog, garbage collection would take a third of the CPU time.
// A larger GOGC has the same effect on that heap, but would multiply a heap that is
// full of rows of many megabytes, or of queued data.
const minHeapSize = 48 << 20

const (
	// defaultGCPercent is Go's default for GOGC.
	defaultGCPercent = 100
	// minGCPercent is for heaps that are large for a while, as when rows of many
	// megabytes are read: they must not double.
	minGCPercent = 50
)

// The builder does not generate or overwrite this file.
func init() {
	setMemoryLimit()
	if _, set := os.LookupEnv("GOGC"); !set { // an operator's setting takes precedence
		growHeap()
	}
}

// setMemoryLimit gives Go the memory limit of the container, its cgroup. Go then
// collects garbage more often instead of being killed or thrashing at the limit.
// Without a limit, or with GOMEMLIMIT or AUTOMEMLIMIT=off in the environment, it
// changes nothing.
func setMemoryLimit() {
	_, err := memlimit.Set(memlimit.WithRatio(limitShare))
	if err == nil || errors.Is(err, memlimit.ErrNoCgroup) || errors.Is(err, memlimit.ErrCgroupsNotSupported) {
		return
	}
	fmt.Fprintln(os.Stderr, "otelcol-oversight: read the memory limit of the container; set GOMEMLIMIT to 80% of it:", err)
}

// growHeap lets the heap grow to minHeapSize or more between two garbage collections.
// GOGC alone would not bound it: a heap that is collected while much more is alive than
// the last time may grow by the percentage that was set for less, and it takes a while
// until that is changed. So the memory limit follows, too. A lower one, the container's
// or the operator's, stays as it is.
func growHeap() {
	operatorLimit := debug.SetMemoryLimit(-1)
	afterEachCollection(func() {
		live := liveHeap()
		setGCPercent(gcPercent(live))
		setSoftLimit(min(softLimit(live)+stacks(), operatorLimit))
	})
}

// softLimit is the memory that Go may use with so many bytes alive before it collects
// garbage: a heap that has grown as gcPercent says, and Go's own data beside it. Stacks
// are to be added.
func softLimit(live uint64) int64 {
	heap := int64(max(minHeapSize, live+live*minGCPercent/100)) //nolint:gosec // the memory of a machine
	return heap + heap/8 + besideHeap
}

// besideHeap is for Go's own data.
const besideHeap = 12 << 20

// setSoftLimit changes the memory limit if it differs by more than a tenth.
func setSoftLimit(limit int64) {
	if current := debug.SetMemoryLimit(-1); limit > current+current/10 || limit < current-current/10 {
		debug.SetMemoryLimit(limit)
	}
}

// minLiveHeap is what is alive in a collector that has started. Less is not worth a
// higher GOGC: that also decides when garbage is collected for the first time, at
// 4 MB times GOGC / 100, and how far a heap may grow until it is set anew.
const minLiveHeap = 6 << 20

// gcPercent returns the GOGC that lets a heap with so many bytes alive grow to
// minHeapSize, or by half if that is more.
func gcPercent(live uint64) int {
	live = max(live, minLiveHeap)
	if live >= minHeapSize {
		return minGCPercent
	}
	return max(minGCPercent, int((minHeapSize-live)*100/live)) //nolint:gosec // at most 966
}

// setGCPercent changes GOGC if it differs by more than a tenth: each change stops
// the program for a moment.
func setGCPercent(percent int) {
	if current := currentGCPercent; percent > current+current/10 || percent < current-current/10 {
		debug.SetGCPercent(percent)
		currentGCPercent = percent
	}
}

// currentGCPercent is for the goroutine that runs finalizers.
var currentGCPercent = defaultGCPercent

// liveHeap returns the bytes that the last garbage collection found alive.
func liveHeap() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// stacks returns the bytes of stacks, which a memory limit counts: those of thousands of
// connections would leave the heap no room, and garbage would be collected without a
// pause.
func stacks() int64 {
	samples := []metrics.Sample{{Name: "/memory/classes/heap/stacks:bytes"}, {Name: "/memory/classes/os-stacks:bytes"}}
	metrics.Read(samples)
	return int64(samples[0].Value.Uint64() + samples[1].Value.Uint64()) //nolint:gosec // the memory of a machine
}

// afterEachCollection calls a function now, and after each garbage collection in
// the goroutine that runs finalizers.
func afterEachCollection(call func()) {
	call()
	// A finalizer that keeps its object alive runs again after the next collection.
	type sentinel struct{ _ *byte }
	var again func(*sentinel)
	again = func(s *sentinel) {
		call()
		runtime.SetFinalizer(s, again)
	}
	runtime.SetFinalizer(&sentinel{}, again)
}
