// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"math"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
)

// maxRace is how many leaves a registry may write between taking the size and the root
// of a head, which the public registries take without one lock. The root waits for those
// that write: at most the 40 threads of the Python registry, and the worker threads of
// the Rust one, a leaf each, or two where a lock is not fair. The other way round,
// a registry that took the root first would sign N with the root of N-k. A root that is
// the log's own at any size commits to nothing but the log's leaves, so that a wider
// bound would hide no split view; a narrow one keeps the search short.
const maxRace = 64

// IsRaced reports whether the log has the root of a head at a size near the head's, and not
// further away than a registry that takes the two one after the other explains:
// [HeadRaced]. The log has to have been read to its end.
func IsRaced(log *tlog.Log, head *tlog.Head) bool {
	var search rootSearch
	_, found := search.run(log, head)
	return found
}

// rootSearch looks for the size at which the log has the root of a head, near its
// size. It can be continued when the log has grown.
type rootSearch struct {
	started bool
	upTo    int64 // the largest size that was compared
	unknown bool  // the root at one of the sizes is not known
}

// run compares the sizes that were not compared yet.
func (s *rootSearch) run(log *tlog.Log, h *tlog.Head) (size int64, found bool) {
	if !s.started {
		s.started, s.upTo = true, h.Size
		if size, found, _ := log.FindRoot(h.Root, h.Size-maxRace, h.Size-1); found {
			return size, true
		}
	}
	last := min(log.Size(), h.Size+min(maxRace, math.MaxInt64-h.Size))
	if last <= s.upTo {
		return 0, false
	}
	size, found, known := log.FindRoot(h.Root, s.upTo+1, last)
	s.upTo, s.unknown = last, s.unknown || !known
	return size, found
}

// complete reports whether all sizes were compared.
func (s *rootSearch) complete(h *tlog.Head) bool { return s.started && s.upTo-h.Size >= maxRace }
