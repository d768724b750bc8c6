// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"fmt"
	"slices"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
)

// maxRace is how many leaves a registry may append while it makes one head or one
// proof.
const maxRace = 64

// checkInclusion checks the proof of a row's leaf against the signed tree head.
//
// Public registries take size, path and root one after the other while the log grows:
// head and proof may have the size of one tree and the root of a later one. Such a proof
// fits no head. That is no finding; it is not proven.
func (b *bundle) checkInclusion(e *event, mayHaveGrown bool) {
	p := e.proof
	switch {
	case b.head == nil || b.result.Summary.Head == SignatureInvalid:
		// The head has a problem of its own.
	case fits(p, b.head.Size, b.head.Root):
		b.result.Summary.Included++
	case b.fitsLaterSize(p):
		b.result.Summary.Included++ // the head's root is that of a larger tree than it says
	case e.valid && p.Size == b.head.Size && !b.headRaced():
		b.eventProblem(e, ResultFinding, CheckProof, fmt.Sprintf("the proof is valid, but of a tree of %d leaves with root %s: the tree head of the same size has another root", p.Size, p.Root), "")
	case e.valid:
		b.eventProblem(e, ResultNotProven, CheckProof, fmt.Sprintf("the proof is valid, but fits no signed tree head: it is of a tree of %d leaves with root %s, and the log grew while the registry made the bundle: request the bundle again", p.Size, p.Root), "")
	case mayHaveGrown:
		b.eventProblem(e, ResultNotProven, CheckProof, "the proof fits neither the tree head nor its own root: the registry may have appended to its log while it made the proof: request the bundle again", "")
	default:
		b.eventProblem(e, ResultFinding, CheckProof, "the proof is invalid: it fits neither the tree head nor its own root, and the log did not grow while the registry made it", "")
	}
}

// fits reports whether a proof leads from its leaf to the root of a tree of that size.
func fits(p *tlog.Proof, size int64, root tlog.Hash) bool {
	against := *p
	against.Size, against.Root = size, root
	return against.Verify() == nil
}

// fitsLaterSize reports whether the head's root is that of a larger tree than it says,
// and the proof leads to it.
func (b *bundle) fitsLaterSize(p *tlog.Proof) bool {
	for size := b.head.Size + 1; size <= b.head.Size+maxRace; size++ {
		if fits(p, size, b.head.Root) {
			return true
		}
	}
	return false
}

// headRaced reports whether a proof shows that the head's root is that of a larger
// tree.
func (b *bundle) headRaced() bool {
	if b.raced == nil {
		raced := slices.ContainsFunc(b.events, func(e event) bool { return e.proof != nil && b.fitsLaterSize(e.proof) })
		b.raced = &raced
	}
	return *b.raced
}

// growth has the sizes of the log between which each proof was made. A registry makes
// the head first and the proofs in order, and a log only grows.
type growth struct{ before, after []int64 }

func (b *bundle) growth() growth {
	g := growth{make([]int64, len(b.events)), make([]int64, len(b.events))}
	size := int64(-1)
	if b.head != nil {
		size = b.head.Size
	}
	for i := range b.events {
		g.before[i] = size
		if e := &b.events[i]; e.valid {
			size = e.proof.Size
		}
	}
	size = -1 // nobody knows
	for i := len(b.events) - 1; i >= 0; i-- {
		g.after[i] = size
		if e := &b.events[i]; e.valid {
			size = e.proof.Size
		}
	}
	return g
}

// mayHaveGrown reports whether the log may have grown while the proof of an event was
// made.
func (g growth) mayHaveGrown(i int) bool { return g.after[i] < 0 || g.after[i] != g.before[i] }
