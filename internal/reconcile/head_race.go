// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"crypto/sha256"
	"errors"

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
		for size := h.Size - 1; size > 0 && size >= h.Size-maxRace; size-- {
			if root, err := log.RootAt(size); err == nil && root == h.Root {
				return size, true
			}
		}
	}
	for s.upTo < log.Size() && !s.complete(h) {
		s.upTo++
		switch root, err := log.RootAt(s.upTo); {
		case errors.Is(err, tlog.ErrUnknown):
			s.unknown = true
		case err == nil && root == h.Root:
			return s.upTo, true
		}
	}
	return 0, false
}

// complete reports whether all sizes were compared.
func (s *rootSearch) complete(h *tlog.Head) bool { return s.started && s.upTo-h.Size >= maxRace }

// isEmptyRoot reports whether a root is that of no leaves: SHA-256 of nothing, or the
// zeros that the public Rust registry signs, and Python up to v0.4.1.
func isEmptyRoot(root tlog.Hash) bool { return root == tlog.Hash{} || root == sha256.Sum256(nil) }
