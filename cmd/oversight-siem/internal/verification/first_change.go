// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package verification

import (
	"fmt"

	"github.com/oversight-protocol/oversight-otelcol/internal/reconcile"
)

// FirstChange are the leaves among which the log begins to differ from the one that was
// signed: it has the root of a tree head of First leaves, and not that of one of Last+1.
// It is also the JSON object of --json.
type FirstChange struct {
	First int64 `json:"first_leaf"`
	Last  int64 `json:"last_leaf"`
}

func (c *FirstChange) text() string {
	if c.First == c.Last {
		return fmt.Sprintf("leaf %d: the log agrees with the head of %d leaves, and not with that of %d", c.First, c.First, c.Last+1)
	}
	return fmt.Sprintf("one of the leaves %d to %d: the log agrees with the head of %d leaves, and not with that of %d", c.First, c.Last, c.First, c.Last+1)
}

// sizes are those of the tree heads that say where the log begins to differ.
type sizes struct {
	agrees  int64 // the largest with the log's root; 0 for none, since all logs begin alike
	differs int64 // the smallest with another root; 0 for none
}

func (s *sizes) add(h *reconcile.CheckedHead) {
	switch h.Result {
	case reconcile.HeadMatched:
		s.agrees = max(s.agrees, h.Size)
	case reconcile.HeadRaced:
		s.agrees = max(s.agrees, h.RootSize)
	case reconcile.HeadInconsistent:
		if s.differs == 0 || h.Size < s.differs {
			s.differs = h.Size
		}
	case reconcile.HeadSignatureInvalid, reconcile.HeadTooLarge, reconcile.HeadNotCompared, reconcile.HeadUnsigned:
	}
}

// firstChange is nil if nothing differs, or the heads are not those of one log: no log
// has both the root of a larger one and not that of a smaller one.
func (s *sizes) firstChange() *FirstChange {
	if s.differs <= s.agrees {
		return nil
	}
	return &FirstChange{First: s.agrees, Last: s.differs - 1}
}
