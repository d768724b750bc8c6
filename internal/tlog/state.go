// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

// State is what a Log knows, from which another Log can continue after a restart.
// The zero value knows nothing. As JSON it has some 3 KB at most, without Corrupt.
type State struct {
	// Size is the number of leaves that have been read, and Root the root of the
	// tree over them. Root has no meaning if Unknown is not 0.
	Size int64 `json:"size"`
	Root Hash  `json:"root"`
	// Hashes is the compact range [0, Size): the roots of the perfect subtrees of
	// the tree, from left to right.
	Hashes []Hash `json:"hashes,omitempty"`
	// Aligned is the leaf from which reading continues, 256 before Size at most,
	// and Offset the offset of its line in the file, in bytes. AlignedHashes is the
	// compact range [0, Aligned).
	Aligned       int64  `json:"aligned"`
	AlignedHashes []Hash `json:"aligned_hashes,omitempty"`
	Offset        int64  `json:"offset"`
	// First is the index of the file's first leaf: 0, unless the log was rotated.
	// FirstHashes is the compact range [0, First).
	First       int64  `json:"first,omitempty"`
	FirstHashes []Hash `json:"first_hashes,omitempty"`
	// Unknown is the number of leaves whose hash could not be read, FirstUnknown
	// the first of them: the roots of trees that include it are not known.
	Unknown      int64 `json:"unknown,omitempty"`
	FirstUnknown int64 `json:"first_unknown,omitempty"`
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
	}
	s.Corrupt = l.reporter.reported.firstRuns(maxStateRuns)
	return s
}

// plausible reports whether the numbers can belong together.
func (s *State) plausible() bool {
	return 0 <= s.First && s.First <= s.Aligned && s.Aligned <= s.Size && s.Offset >= 0 &&
		s.Size-s.Aligned <= ChunkSize-s.Aligned%ChunkSize && // they are of one chunk
		(s.Aligned%ChunkSize == 0 || s.Aligned == s.First)
}
