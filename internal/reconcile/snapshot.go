// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"encoding/json"
	"fmt"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
)

// state is what a snapshot holds beside the pages, as JSON.
type state struct {
	Version      int        `json:"version"`
	LastID       int64      `json:"last_id"` // the last row that was checked
	Log          tlog.State `json:"log"`
	Pages        int64      `json:"pages"`   // pages from this one on were never saved
	Baselined    bool       `json:"begun"`   // ResolvedUpTo counts
	ResolvedUpTo int64      `json:"settled"` // leaves below need no further look
	// SkippedLeaves is what ResolvedUpTo began with.
	SkippedLeaves int64 `json:"passed_over,omitempty"`
	Head          *head `json:"head,omitempty"` // the last one that was borne out
	// Reported are the uids of findings about heads, the last few of them.
	Reported []string `json:"reported,omitempty"`
}

const stateVersion = 1

// Snapshot is what to save so that another Reconciler can go on. All of it has to be
// saved at once, with the id of the last row that was handed on.
type Snapshot struct {
	// State is a few kilobytes of JSON.
	State []byte
	// Pages are the pages that have changed, under their numbers.
	Pages map[int64][]byte
	// Drop are the numbers of pages to delete.
	Drop []int64

	versions map[int64]int
	epoch    int
}

func (w *Reconciler) restore() error {
	if w.settings.Saved == nil {
		return nil
	}
	var saved state
	if err := json.Unmarshal(w.settings.Saved, &saved); err != nil {
		return fmt.Errorf("read what is known of the transparency log: %w", err)
	}
	if saved.Version != stateVersion {
		return fmt.Errorf("read what is known of the transparency log: version %d, where %d is known", saved.Version, stateVersion)
	}
	w.state = saved
	w.pages.stored = saved.Pages
	if saved.LastID != w.settings.LastID {
		w.state.Baselined, w.state.ResolvedUpTo = false, 0
	}
	if saved.LastID > w.settings.LastID { // rows are handed on once more
		w.pages.forget()
	}
	return nil
}

// Commit makes final what was found, and returns what to save: the rows up to
// lastID and the findings have been handed on.
func (w *Reconciler) Commit(lastID int64) (*Snapshot, error) {
	for _, c := range w.staged {
		c.page.claim(c.index, c.agrees)
	}
	w.unstage()
	w.found, w.changed = nil, false
	w.state.Version, w.state.LastID, w.state.Log = stateVersion, lastID, w.log.State()
	s := &Snapshot{}
	w.pages.copyTo(s)
	w.state.Pages = w.pages.stored
	var err error
	s.State, err = json.Marshal(w.state)
	return s, err
}

// Saved says that a snapshot is where Pages finds it.
func (w *Reconciler) Saved(s *Snapshot) { w.pages.wasSaved(s) }
