// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"fmt"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
)

// Snapshot is what to save so that another Reconciler can continue. All of it has to be
// saved in one transaction, with the id of the last row that was delivered.
type Snapshot struct {
	// Log is the value of [checkpoint.LogKey].
	Log []byte
	// Pages are the pages that have changed, each the value of its key under
	// [checkpoint.LogPrefix].
	Pages map[int64][]byte
	// DeletedPages are the numbers of pages to delete.
	DeletedPages []int64

	revisions  map[int64]int
	generation int
}

// restore continues from what was saved.
func (r *Reconciler) restore() error {
	if r.settings.Saved == nil {
		return nil
	}
	saved, err := checkpoint.DecodeLog(r.settings.Saved)
	if err != nil {
		return fmt.Errorf("decode checkpoint key %q: %w", checkpoint.LogKey, err)
	}
	r.state = saved
	r.pages.stored = saved.Pages
	if saved.LastID != r.settings.LastID {
		r.state.Baselined, r.state.ResolvedUpTo = false, 0
	}
	if saved.LastID > r.settings.LastID { // rows are delivered once more
		r.pages.reset()
	}
	return nil
}

// Commit makes final what was found, and returns what to save. It is called when
// the rows up to lastID and the findings have been delivered.
func (r *Reconciler) Commit(lastID int64) (*Snapshot, error) {
	for _, c := range r.staged {
		c.page.claim(c.index, c.agrees)
	}
	r.setBaseline(lastID)
	r.Unstage()
	r.findings, r.dirty = nil, false
	s := &Snapshot{}
	r.pages.copyTo(s, r.log.ChunkRoots)
	r.state.Leaves.Path = r.settings.Leaves
	r.state.LastID, r.state.Tree, r.state.Pages = lastID, r.log.State(), r.pages.stored
	if r.bindings != nil {
		r.state.Bindings.Reported = r.bindings.Save()
	}
	var err error
	s.Log, err = r.state.Encode()
	return s, err
}

// Saved says that a snapshot is where Pages finds it.
func (r *Reconciler) Saved(s *Snapshot) { r.pages.saved(s) }
