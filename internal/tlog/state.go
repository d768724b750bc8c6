// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

// State is what a Log knows, for the next Log to go on from after a restart. The
// zero value knows nothing. It is kept as JSON and has some 3 KB at most, but
// for Corrupt.
type State struct {
	// Size is how many leaves have been seen, and Root is the root of the tree
	// over them. Root says nothing if Unknown is not 0.
	Size int64 `json:"size"`
	Root Hash  `json:"root"`
	// Hashes is the compact range [0, Size): the roots of the perfect subtrees
	// that the tree is made of, from left to right.
	Hashes []Hash `json:"hashes,omitempty"`
	// Aligned is the leaf that reading goes on from, 256 before Size at most, and
	// Offset its place in the file, in bytes. AlignedHashes is the compact range
	// [0, Aligned).
	Aligned       int64  `json:"aligned"`
	AlignedHashes []Hash `json:"aligned_hashes,omitempty"`
	Offset        int64  `json:"offset"`
	// First is the index of the file's first leaf: 0, unless the log was
	// rotated. FirstHashes is the compact range [0, First).
	First       int64  `json:"first,omitempty"`
	FirstHashes []Hash `json:"first_hashes,omitempty"`
	// Unknown is how many leaves had no hash that could be read, FirstUnknown
	// the first of them: the roots of trees with it are not known.
	Unknown      int64 `json:"unknown,omitempty"`
	FirstUnknown int64 `json:"first_unknown,omitempty"`
	// Corrupt is the corrupt leaves that findings have told of, in order and
	// without gaps between those of a run. It holds 1,000 runs at most; leaves
	// beyond are told of again after a restart.
	Corrupt []Run `json:"corrupt,omitempty"`
}

// Run is the leaves from First to Last.
type Run struct {
	First int64 `json:"first"`
	Last  int64 `json:"last"`
}
