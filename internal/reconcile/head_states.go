// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"slices"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// minHeadsWithout is how many heads in a row lack what was wrong with others, until that is
// over: an hour of the default interval. Behind a load balancer with one replica that
// differs, good and bad heads alternate, and that is one state.
const minHeadsWithout = 12

// reportHeads adds a finding about tree heads, unless that state was reported before
// and lasts.
func (r *Reconciler) reportHeads(reason string, f translator.Integrity) {
	if r.settings.Audit {
		r.add(f)
		return
	}
	if state := r.headState(f.Kind, reason); state != nil {
		r.dirty = r.dirty || state.Without > 0
		state.Without = 0
		return
	}
	if n := len(r.state.HeadStates); n >= checkpoint.MaxHeadStates {
		r.state.HeadStates = slices.Delete(r.state.HeadStates, 0, n-checkpoint.MaxHeadStates+1)
	}
	r.state.HeadStates = append(r.state.HeadStates, checkpoint.HeadState{Kind: f.Kind, Reason: reason})
	r.add(f)
}

func (r *Reconciler) headState(kind, reason string) *checkpoint.HeadState {
	for i := range r.state.HeadStates {
		if state := &r.state.HeadStates[i]; state.Kind == kind && state.Reason == reason {
			return state
		}
	}
	return nil
}

// headsWithout counts a head that does not have a state of a kind, but for one reason
// if there is any.
func (r *Reconciler) headsWithout(kind, reason string) {
	r.state.HeadStates = slices.DeleteFunc(r.state.HeadStates, func(state checkpoint.HeadState) bool {
		return state.Kind == kind && state.Without+1 >= minHeadsWithout && (reason == "" || state.Reason != reason)
	})
	for i := range r.state.HeadStates {
		if state := &r.state.HeadStates[i]; state.Kind == kind && (reason == "" || state.Reason != reason) {
			state.Without++
			r.dirty = true
		}
	}
}

// endHeadState ends a state at once.
func (r *Reconciler) endHeadState(kind, reason string) {
	r.state.HeadStates = slices.DeleteFunc(r.state.HeadStates, func(state checkpoint.HeadState) bool {
		return state.Kind == kind && state.Reason == reason
	})
}
