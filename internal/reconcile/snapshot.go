// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
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
	// Reviews is the value of [checkpoint.ReviewKey], if ReviewsChanged is set; nil: the
	// key is to be deleted.
	Reviews        []byte
	ReviewsChanged bool
	// DeletedPages are the numbers of pages to delete.
	DeletedPages []int64

	revisions       map[int64]int
	reviewsRevision int
	generation      int
}

// restore continues from what was saved.
func (r *Reconciler) restore() error {
	return errors.Join(r.restoreLog(), r.restoreReviews())
}

func (r *Reconciler) restoreLog() error {
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

// restoreReviews continues with the rows that wait to be compared again.
func (r *Reconciler) restoreReviews() error {
	if r.settings.SavedReviews == nil || r.settings.Rows == nil {
		return nil
	}
	if err := r.reviews.decode(r.settings.SavedReviews); err != nil {
		return fmt.Errorf("decode checkpoint key %q: %w", checkpoint.ReviewKey, err)
	}
	if r.state.ReviewRegistryID != r.settings.RegistryID || r.state.LastID != r.settings.LastID {
		r.reviews.dropSums() // they were made of other uids, or the database may be another one
	}
	r.reviews.cut(r.settings.LastID)
	return nil
}

// reviewKey is the key of the digests of rows, which it makes if there is none.
func (r *Reconciler) reviewKey() []byte {
	key, err := hex.DecodeString(r.state.ReviewKey)
	if err == nil && len(key) == reviewKeySize {
		return key
	}
	key = make([]byte, reviewKeySize)
	_, _ = rand.Read(key) // never fails
	r.state.ReviewKey = hex.EncodeToString(key)
	r.reviews.dropSums()
	return key
}

const reviewKeySize = 16

// Commit makes final what was found, and returns what to save. It is called when
// the rows up to lastID and the findings have been delivered.
func (r *Reconciler) Commit(lastID int64) (*Snapshot, error) {
	for _, c := range r.staged {
		c.page.claim(c.index)
	}
	if lastID < r.state.LastID { // the rows behind it are gone, or delivered once more
		r.dropLook()
		r.state.RowsLost = r.reviews.cut(lastID) || r.state.RowsLost
		r.committedSettled, r.lastSettled = min(r.committedSettled, lastID), min(r.lastSettled, lastID)
	}
	for _, row := range r.stagedReviews {
		r.reviews.add(row.review, row.lastSettled)
	}
	r.committedSettled = max(r.committedSettled, r.lastSettled)
	r.setBaseline(lastID)
	r.Unstage()
	r.findings, r.dirty = nil, false
	s := &Snapshot{}
	r.pages.copyTo(s, r.log.ChunkRoots)
	r.state.Leaves.Path = r.settings.Leaves
	r.state.LastID, r.state.Tree, r.state.Pages = lastID, r.log.State(), r.pages.stored
	r.state.ReviewRegistryID = r.settings.RegistryID
	s.reviewsRevision, s.ReviewsChanged = r.reviews.revision, r.reviews.revision != r.reviews.savedRevision
	var failed error
	s.Reviews, failed = r.reviews.encode()
	if r.bindings != nil {
		r.state.Bindings.Reported = r.bindings.Save()
	}
	var err error
	s.Log, err = r.state.Encode()
	return s, errors.Join(failed, err)
}

// Saved says that a snapshot is where Pages finds it.
func (r *Reconciler) Saved(s *Snapshot) {
	r.pages.saved(s)
	r.reviews.savedRevision = s.reviewsRevision
}
