// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"context"
	"errors"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/bindings"
	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// Leaves that were read a moment ago are in memory, and cost next to nothing. Others, from
// before a start, are read again, for registerSlice in each registerInterval.
const (
	recentLeaves     = 2 * maxCheckedTogether
	registerSlice    = 5 * time.Millisecond
	registerInterval = time.Second
	// registrationsTimeout is how long events wait for the registrations.
	registrationsTimeout = 100 * time.Millisecond
	// longLeaf is how long a leaf is that takes a while to be read, in bytes.
	longLeaf = 64 << 10
)

// openBindings prepares to check whom tokens belong to, if the settings say where
// registrations are.
func (r *Reconciler) openBindings() {
	if r.settings.Registrations != nil {
		r.bindings = bindings.New(r.settings.Registrations, r.state.Bindings.Reported, r.settings.Now)
		if !r.settings.Audit {
			r.bindings.Timeout = registrationsTimeout
		}
		r.loseRegisters(r.state.Bindings.LeavesLost)
	}
}

// RecipientCounts is how many rows that name a document were held against its signed
// manifest and `register` leaves, since Open.
func (r *Reconciler) RecipientCounts() bindings.Counts {
	if r.bindings == nil {
		return bindings.Counts{}
	}
	return r.bindings.Counts
}

// RecipientsErr says why no registrations can be read; nil if they can.
func (r *Reconciler) RecipientsErr() error {
	if r.bindings == nil {
		return registry.ErrNoRegistrations
	}
	return r.bindings.Err()
}

// checkBindings checks whom the rows' tokens belong to. A row whose issuer is wrong
// differs from its registration as others do from their leaf, which has no issuer.
func (r *Reconciler) checkBindings(ctx context.Context, events []translator.Event) {
	if r.bindings == nil {
		return
	}
	r.readRegisters(ctx)
	r.setCaughtUp()
	all := r.bindings.Check(ctx, events)
	for i := range all {
		found := &all[i]
		if found.Row < 0 {
			r.addBinding(found)
			continue
		}
		e := &events[found.Row]
		if e.TlogStatus != translator.TlogStatusVerified { // which is a finding already
			continue
		}
		if found.TlogMismatch != "" {
			e.TlogStatus, e.TlogMismatch = translator.TlogStatusMismatch, found.TlogMismatch
		}
		r.rowFindings = append(r.rowFindings, r.completed(found))
	}
}

// sweepBindings looks at some more registrations, if it is time to.
func (r *Reconciler) sweepBindings(ctx context.Context) {
	if r.bindings == nil {
		return
	}
	r.readRegisters(ctx)
	r.setCaughtUp()
	found := r.bindings.Sweep(ctx)
	for i := range found {
		r.addBinding(&found[i])
	}
}

// CheckRegistrations checks the tokens of some more registrations; done says that these
// were the last ones. All leaves must have been read.
func (r *Reconciler) CheckRegistrations(ctx context.Context) (done bool, err error) {
	if r.bindings == nil {
		return true, nil
	}
	if before := r.bindings.LeafCount(); before < r.log.Size() {
		r.addRegisters(ctx, time.Now().Add(registerInterval))
		if r.bindings.LeafCount() > before {
			return false, ctx.Err()
		}
		if verified, err := r.log.Reverify(ctx); !verified && err == nil {
			return false, ctx.Err()
		}
	}
	r.setCaughtUp()
	found, done, err := r.bindings.SweepNext(ctx)
	for i := range found {
		r.addBinding(&found[i])
	}
	if errors.Is(err, registry.ErrNoRegistrations) {
		return true, nil
	}
	return done, err
}

// setCaughtUp says whether all leaves that the registry wrote are known.
func (r *Reconciler) setCaughtUp() {
	r.bindings.CaughtUp = r.log.AtEnd() && r.bindings.LeafCount() == r.log.Size()
}

// addBinding adds a finding that was not made before.
func (r *Reconciler) addBinding(found *bindings.Finding) {
	r.findings = append(r.findings, r.completed(found))
}

// completed has what all findings have.
func (r *Reconciler) completed(found *bindings.Finding) translator.Integrity {
	f := found.Integrity
	f.RegistryID, f.Observed = r.settings.RegistryID, r.settings.Now().UTC()
	f.SetUID()
	return f
}

// loseRegisters notes whether the registry lost leaves.
func (r *Reconciler) loseRegisters(lost bool) {
	r.state.Bindings.LeavesLost = r.state.Bindings.LeavesLost || lost
	if lost && r.bindings != nil {
		r.bindings.LoseLeaves()
	}
}

// restartBindings forgets the leaves: others may be in their place.
func (r *Reconciler) restartBindings() {
	if r.bindings != nil {
		r.bindings.Restart()
		r.state.Bindings.Leaves = 0
		r.loseRegisters(r.state.Bindings.LeavesLost)
	}
}

// readRegisters reads the `register` leaves of what was read of the log.
func (r *Reconciler) readRegisters(ctx context.Context) {
	behind := r.log.Size() - r.bindings.LeafCount()
	now := r.settings.Now()
	switch {
	case behind == 0:
		return
	case r.settings.Audit:
		r.addRegisters(ctx, time.Time{})
		return
	case behind > 0 && behind <= recentLeaves:
		r.addRegisters(ctx, time.Now().Add(registrationsTimeout))
		return
	case behind < 0: // the log is another one
		r.restartBindings()
	}
	if now.Sub(r.registersRead) >= registerInterval {
		r.registersRead = now
		r.addRegisters(ctx, time.Now().Add(registerSlice))
	}
}

// addRegisters adds leaves until a time, if it is not zero.
func (r *Reconciler) addRegisters(ctx context.Context, until time.Time) {
	isLong := false
	for index := r.bindings.LeafCount(); index < r.log.Size(); index++ {
		if (isLong || index%tlog.ChunkSize == 0) && (ctx.Err() != nil || !until.IsZero() && time.Now().After(until)) {
			return
		}
		text, err := r.log.Text(ctx, index)
		if err != nil { // it is verified again first, or Err says why
			return
		}
		isLong = len(text) > longLeaf
		if text == "" { // corrupt
			r.bindings.SkipLeaf()
			continue
		}
		if found := r.bindings.AddLeaf(text); found != nil && index >= r.state.Bindings.Leaves {
			r.addBinding(found)
		}
	}
	r.state.Bindings.Leaves = max(r.state.Bindings.Leaves, r.bindings.LeafCount())
}
