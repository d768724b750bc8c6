// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

// State is what a Log knows, from which another Log can continue after a restart.
// The zero value knows nothing. As JSON it has some 3 KB at most for an intact log.
type State struct {
	// ByLine says that leaves are numbered by their lines. States of earlier versions
	// numbered them by their indexes; where these had gaps, Unknown is not 0, and the
	// roots are not compared. They may also have the members first and first_hashes,
	// of rotated logs, which are ignored.
	ByLine bool `json:"by_line,omitempty"`
	// Size is the number of leaves that have been read, and Root the root of the
	// tree over them. Root has no meaning if Unknown is not 0.
	Size int64 `json:"size"`
	Root Hash  `json:"root"`
	// Hashes is the compact range [0, Size): the roots of the perfect subtrees of
	// the tree, from left to right.
	Hashes []Hash `json:"hashes,omitempty"`
	// FirstLeaf is the hash of the first leaf, if its line could be read.
	FirstLeaf Hash `json:"first_leaf,omitzero"`
	// Aligned is the leaf from which reading continues, 256 before Size at most,
	// and Offset the offset of its line in the file, in bytes. AlignedHashes is the
	// compact range [0, Aligned).
	Aligned       int64  `json:"aligned"`
	AlignedHashes []Hash `json:"aligned_hashes,omitempty"`
	Offset        int64  `json:"offset"`
	// Unknown is the number of leaves whose hash could not be read, FirstUnknown
	// the first of them: the roots of trees that include it are not known.
	Unknown      int64 `json:"unknown,omitempty"`
	FirstUnknown int64 `json:"first_unknown,omitempty"`
	// RestoredHashes is the compact range [Aligned, RestoredAt) where it is not that
	// of what the file holds.
	RestoredAt     int64  `json:"restored_at,omitempty"`
	RestoredHashes []Hash `json:"restored_hashes,omitempty"`
	// Altered are chunks that have been damaged or changed since they were read, in
	// order, 256 at most.
	Altered []AlteredChunk `json:"altered,omitempty"`
	// CountedSize is how many of the lines before Aligned a registry counts that
	// starts, and CountedHashes the compact range over these, if there are others.
	CountedSize   int64  `json:"counted_size,omitempty"`
	CountedHashes []Hash `json:"counted_hashes,omitempty"`
	// Claims are the runs of indexes that differ from the numbers of the lines, and
	// ClaimsDropped says that there were too many to keep: these are the last 500.
	Claims        []ClaimRun `json:"claims,omitempty"`
	ClaimsDropped bool       `json:"claims_dropped,omitempty"`
	// Corrupt is the corrupt leaves that were reported, as runs in order, 1,000 at
	// most. Leaves beyond these are reported once more after a restart.
	Corrupt []Run `json:"corrupt,omitempty"`
}

// State returns what another Log can continue from.
func (l *Log) State() State {
	var s State
	switch {
	case l.pendingState != nil:
		s = *l.pendingState
	case l.previousState != nil:
		s = *l.previousState
	default:
		s = l.state(l.reader.lines.offset)
		s.FirstLeaf = l.firstLeaf
		s.Claims, s.ClaimsDropped = l.claims.lastRuns(maxStateClaims)
	}
	s.Corrupt = l.reporter.reported.firstRuns(maxStateRuns)
	return s
}

// plausible reports whether the numbers can belong together.
func (s *State) plausible() bool {
	return 0 <= s.Aligned && s.Aligned <= s.Size && s.Offset >= 0 &&
		s.Size-s.Aligned <= ChunkSize && s.Aligned%ChunkSize == 0 && s.CountedSize >= 0 &&
		(s.RestoredAt == 0 || s.Aligned < s.RestoredAt && s.RestoredAt <= s.Size)
}

// comparable reports whether the root says what the file held.
func (s *State) comparable() bool { return s.ByLine || s.Unknown == 0 }
