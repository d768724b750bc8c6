// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"context"
	"crypto/ed25519"
	"math"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// DefaultGrace is how long a beacon's leaf may be without a row. A registry that
// cannot write gives up after five seconds.
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
	// Grace is how long a leaf may wait for its row. Default: [DefaultGrace].
	Grace time.Duration
	// Audit is for reading everything once, as it is: rows are awaited for all
	// leaves from the first one on, all rows have to name a leaf, and nothing is
	// waited for, whatever Wait and Grace say. Leaves without a row are looked for
	// by ReportUnclaimed only.
	Audit bool
	// Saved is the State of the last snapshot that was saved; nil if there is none.
	Saved []byte
	// Pages finds the pages of the snapshots that were saved. It may be nil if
	// none ever is.
	Pages Pages
	// OnLeaf is called for every new leaf of the log, in order; beacon says that
	// it looks like a beacon's and is not corrupt. Default none.
	OnLeaf func(index int64, beacon bool)
	// LastID is the id of the last row that was handed on. If what was saved
	// does not reach that far, rows were not checked, and their leaves are not
	// missed; if it reaches farther, all rows may claim their leaves again.
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
	state    state
	pages    pages

	staged   []claim                // by the rows that were checked last
	verified bool                   // one of these rows was
	rows     []translator.Integrity // findings about these
	found    []translator.Integrity // other findings since the last Commit
	marks    []mark                 // how long the log was when, oldest first
	waiting  *tlog.Head             // for the log to be as long
	expires  time.Time              // of waiting
	trouble  error                  // why the log cannot be read
	since    time.Time              // when that began
	changed  bool                   // something is worth a snapshot
}

// Open returns a Reconciler. It does no I/O. If what was saved cannot be read, it
// begins anew and returns an error besides.
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
	w := &Reconciler{settings: settings}
	err := w.restore()
	w.state.Baselined = w.state.Baselined || settings.Audit
	w.pages.source = settings.Pages
	w.log = tlog.Open(tlog.Settings{
		Path: settings.Leaves, State: w.state.Log, OnLeaf: w.onLeaf,
		ReverifyEvery: settings.ReverifyEvery, Now: settings.Now,
	})
	return w, err
}

// Close releases the log's file.
func (w *Reconciler) Close() error { return w.log.Close() }

// onLeaf is called for every new leaf of the log, in order.
func (w *Reconciler) onLeaf(index int64, beacon bool) {
	if w.settings.OnLeaf != nil {
		w.settings.OnLeaf(index, beacon)
	}
	if beacon {
		return
	}
	// If the page cannot be read, ReportUnclaimed finds out itself that it is no beacon's.
	if p, err := w.pages.at(context.Background(), index); err == nil {
		p.settle(index)
	}
}

// Reverification says which leaves are being verified again, and why; ok is false
// if none are.
func (w *Reconciler) Reverification() (current tlog.Reverification, ok bool) {
	return w.log.Reverification()
}

// Reverify goes on with that until it is done or the context is.
func (w *Reconciler) Reverify(ctx context.Context) error {
	_, err := w.log.Reverify(ctx)
	w.takeLogFindings(ctx)
	return w.note(err)
}

// HeadSize is the size of the last tree head that the log agreed with; 0 if there
// was none.
func (w *Reconciler) HeadSize() int64 {
	if w.state.Head == nil {
		return 0
	}
	return w.state.Head.Size
}

// Size is how many leaves of the log have been read.
func (w *Reconciler) Size() int64 { return w.log.Size() }

// RootAt is the root of the tree over the first size leaves that have been read.
// Its errors are those of [tlog.Log.RootAt].
func (w *Reconciler) RootAt(size int64) (tlog.Hash, error) { return w.log.RootAt(size) }

// AtEnd reports whether all of the log had been read at the last look.
func (w *Reconciler) AtEnd() bool { return w.log.AtEnd() }

// SkippedLeaves is how many leaves are older than the first row that was there, and
// taken for those of rows that were pruned; 0 as long as none has been verified.
func (w *Reconciler) SkippedLeaves() int64 { return w.state.SkippedLeaves }

// Err says why the log cannot be read; nil if it can.
func (w *Reconciler) Err() error { return w.trouble }

// note keeps in mind since when the log cannot be read.
func (w *Reconciler) note(err error) error {
	switch {
	case err == nil:
		w.since = time.Time{}
	case w.trouble == nil:
		w.since = w.settings.Now()
	}
	w.trouble = err
	return err
}

// Idle is called when all rows have been checked and committed. It reads on in
// the log until the context is done, and looks for leaves that have been without
// a row for too long.
func (w *Reconciler) Idle(ctx context.Context) {
	before := w.log.Size()
	_ = w.note(w.log.Advance(ctx, math.MaxInt64)) // Err tells
	w.takeLogFindings(ctx)
	w.changed = w.changed || w.log.Size()-before >= worthSaving
	if !w.settings.Audit {
		w.mark()
		w.settleOld(ctx)
	}
	w.checkWaiting()
}

// worthSaving is how many leaves it takes to save that they were read, where
// nothing else has changed.
const worthSaving = 256

// Findings are all that have been made since the last Commit.
func (w *Reconciler) Findings() []translator.Integrity {
	return append(append([]translator.Integrity(nil), w.found...), w.rows...)
}

// Pending reports whether there is anything to commit.
func (w *Reconciler) Pending() bool { return w.changed || len(w.found)+len(w.rows)+len(w.staged) > 0 }

// ResetClaims is called when the database is another one: its rows may claim all
// leaves again.
func (w *Reconciler) ResetClaims() {
	w.unstage()
	w.state.Baselined, w.state.ResolvedUpTo = false, 0
	w.pages.forget()
}
