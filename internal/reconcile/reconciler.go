// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"math"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/bindings"
	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// DefaultGrace is how long a beacon leaf may be without a row. A registry that
// cannot write fails after five seconds.
const DefaultGrace = time.Minute

// Settings is what a Reconciler needs to know.
type Settings struct {
	// Leaves is the path of the log's leaves.jsonl.
	Leaves string
	// RegistryID names the registry in findings.
	RegistryID string
	// Key is the registry's public key, for tree heads. Without it, their
	// signatures are not checked.
	Key ed25519.PublicKey
	// Wait is how long a row may wait for its leaf, and the log to be readable.
	Wait time.Duration
	// Grace is how long a leaf may be without its row, and a row without its leaf, before
	// that is a finding. Default: [DefaultGrace].
	Grace time.Duration
	// Audit is for reading everything once, as it is: every leaf from the first one
	// on needs a row, every row needs a leaf, and Wait and Grace are 0. Only
	// ReportUnclaimed searches for leaves without a row.
	Audit bool
	// Saved is [Snapshot.Log] of the last snapshot that was saved; nil if there is
	// none.
	Saved []byte
	// Pages returns the pages of the snapshots that were saved. It may be nil if
	// none ever is.
	Pages Pages
	// Registrations is where registrations are read. Default: whom a token belongs to is
	// not checked.
	Registrations bindings.Source
	// OnLeaf is called for every new leaf of the log, in order; beacon says that
	// it looks like a beacon leaf and is not corrupt. Default: none.
	OnLeaf func(index int64, beacon bool)
	// SavedReviews is [Snapshot.Reviews] of the last snapshot; nil for none.
	SavedReviews []byte
	// Rows is where rows are read again that the log could not confirm at once. nil, with
	// Audit only: they are not compared again.
	Rows Rows
	// HeadInterval is the time between two tree heads. Default, 0: none is expected, and
	// none is missing.
	HeadInterval time.Duration
	// OnHead is called for every tree head when it is known how it compares with the
	// log. It must not call the Reconciler. Default: none.
	OnHead func(CheckedHead)
	// LastID is the id of the last row that was delivered. If what was saved ends
	// before it, rows were not checked, and their leaves are not reported; if it ends
	// after it, all rows may claim their leaves again.
	LastID int64
	// ReverifyEvery is the time between two verifications of the whole log.
	// Default: never.
	ReverifyEvery time.Duration
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// Reconciler checks rows against leaves. It is for one goroutine.
type Reconciler struct {
	settings Settings
	log      *tlog.Log
	state    checkpoint.Log
	pages    pages

	staged        []claim // by the rows that were checked last
	stagedReviews []stagedReview
	verified      bool              // one of these rows was
	unlogged      bool              // one of them names no leaf
	lastSettled   int64             // the id of the last of these rows that need not be checked again
	bindings      *bindings.Checker // nil: whom tokens belong to is not checked
	registersRead time.Time         // when old leaves were read for it

	// verifiedRows are those of them that were, and firstChecked is the id of the first
	// of them, as long as there is no baseline.
	verifiedRows []verifiedRow
	firstChecked int64
	rowFindings  []translator.Integrity // about these rows
	findings     []translator.Integrity // others, since the last Commit
	dirty        bool                   // something is worth a snapshot

	reviews          reviews
	committedSettled int64 // lastSettled at the last Commit
	look             *secondLook
	lookStalled      bool // it could not continue at the last call
	rows             []translator.Event
	hash             *checkpoint.RowHash
	forks            int // counts the calls of forget
	isLeafClaimed    func(leaf int64) bool

	samples []lengthSample // how long the log was when, oldest first
	// firstLookup is the first leaf that the last call of ReportUnclaimed looked up; -1: none.
	firstLookup int64

	heads heads // the registry's tree heads

	lastErr      error     // why the log cannot be read
	failingSince time.Time // when that began
	waitedInVain time.Time // when a leaf that was waited for had last not come
}

// Open returns a Reconciler. It does no I/O. If what was saved is damaged, it
// returns an error and a Reconciler that knows nothing.
func Open(settings Settings) (*Reconciler, error) {
	switch {
	case settings.Audit:
		settings.Wait, settings.Grace = 0, 0
	case settings.Grace == 0:
		settings.Grace = DefaultGrace
	}
	if settings.Now == nil {
		settings.Now = time.Now
	}
	r := &Reconciler{settings: settings}
	err := r.restore()
	r.state.Baselined = r.state.Baselined || settings.Audit
	r.pages.source = settings.Pages
	r.isLeafClaimed = func(leaf int64) bool {
		leaves, err := r.pages.page(context.Background(), leaf)
		return err == nil && leaves.isClaimed(leaf)
	}
	r.openBindings()
	r.log = tlog.Open(tlog.Settings{
		Path: settings.Leaves, State: r.state.Tree, OnLeaf: r.onLeaf,
		ReverifyEvery: settings.ReverifyEvery, Now: settings.Now,
		KeptRoot: r.keptRoot, ShortGrace: settings.Grace,
	})
	return r, err
}

// Close releases the log's file.
func (r *Reconciler) Close() error { return r.log.Close() }

// onLeaf is called for every new leaf of the log, in order.
func (r *Reconciler) onLeaf(index int64, beacon bool) {
	if r.settings.OnLeaf != nil {
		r.settings.OnLeaf(index, beacon)
	}
	if beacon {
		return
	}
	// If the page cannot be read, ReportUnclaimed looks up the leaf itself.
	if p, err := r.pages.page(context.Background(), index); err == nil {
		p.resolve(index)
	}
}

// Reverification says which leaves are being verified again, and why; ok is false
// if none are.
func (r *Reconciler) Reverification() (current tlog.Reverification, ok bool) {
	return r.log.Reverification()
}

// Reverify continues the verification until it or the context is done.
func (r *Reconciler) Reverify(ctx context.Context) error {
	_, err := r.log.Reverify(ctx)
	r.addLogFindings(ctx)
	return r.recordErr(err)
}

// HeadSize is the size at which the log had the root of the last tree head that matched;
// 0 if there was none.
func (r *Reconciler) HeadSize() int64 {
	if n := len(r.state.Heads); n > 0 {
		return r.state.Heads[n-1].Size
	}
	return 0
}

// Size is how many leaves of the log have been read.
func (r *Reconciler) Size() int64 { return r.log.Size() }

// RootAt is the root of the tree over the first size leaves that have been read.
// Its errors are those of [tlog.Log.RootAt].
func (r *Reconciler) RootAt(size int64) (tlog.Hash, error) { return r.log.RootAt(size) }

// HasRoot reports whether the log has a root at a size, as [tlog.Log.CompareRoot] does.
func (r *Reconciler) HasRoot(size int64, root tlog.Hash) (bool, error) {
	same, _, err := r.log.CompareRoot(size, root)
	return same, err
}

// AtEnd reports whether the last read of the log reached its end.
func (r *Reconciler) AtEnd() bool { return r.log.AtEnd() }

// SkippedLeaves is how many leaves are older than the first row that was there:
// their rows are assumed to be pruned. It is 0 as long as no row was verified.
func (r *Reconciler) SkippedLeaves() int64 { return r.state.SkippedLeaves }

// Err says why the log, or what is known of its leaves, cannot be read; nil if both
// can.
func (r *Reconciler) Err() error { return cmp.Or(r.lastErr, r.pages.failedErr) }

// recordErr keeps why and since when the log cannot be read; nil: it can.
func (r *Reconciler) recordErr(err error) error {
	switch {
	case err == nil:
		r.failingSince = time.Time{}
	case r.lastErr == nil:
		r.failingSince = r.settings.Now()
	}
	r.lastErr = err
	return err
}

// Idle is called when all rows have been checked and committed. It reads
// more of the log until the context is done, and reports leaves that have been without a
// row for longer than the grace period.
func (r *Reconciler) Idle(ctx context.Context) {
	before := r.log.Size()
	_ = r.recordErr(r.log.Advance(ctx, math.MaxInt64)) // for Err
	r.addLogFindings(ctx)
	r.dirty = r.dirty || r.log.Size()-before >= minLeavesToSave
	r.excuseLost(ctx)
	if !r.settings.Audit {
		r.sampleLength()
		if r.reviews.due(r.log.Size(), r.settings.Now()) == nil { // otherwise rows may be compared again that have these leaves
			r.reportOverdue(ctx)
		}
	}
	r.noteShortLog()
	r.WatchHeads()
	if !r.settings.Audit {
		r.sweepBindings(ctx)
	}
}

// minLeavesToSave is the least number of leaves for which it is saved that they were
// read, if nothing else has changed.
const minLeavesToSave = 256

// Findings returns those that were made since the last Commit.
func (r *Reconciler) Findings() []translator.Integrity {
	return append(append([]translator.Integrity(nil), r.findings...), r.rowFindings...)
}

// Pending reports whether there is anything to commit.
func (r *Reconciler) Pending() bool {
	return r.dirty || len(r.findings)+len(r.rowFindings)+len(r.staged)+len(r.stagedReviews) > 0
}

// ResetClaims is called when the database is another one: its rows may claim all
// leaves again.
func (r *Reconciler) ResetClaims() {
	r.Unstage()
	r.dropLook()
	r.reviews.reset()
	r.committedSettled = 0
	r.state.Baselined, r.state.ResolvedUpTo, r.state.RescanFrom, r.state.RowsLost = false, 0, 0, false
	r.pages.reset()
}
