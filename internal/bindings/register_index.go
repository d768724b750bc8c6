// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package bindings

import (
	"hash/maphash"
	"slices"
)

const (
	// maxFiles is how many documents the index holds: some 8 MB.
	maxFiles = 1 << 16
	// maxParties is how many registrations with different parties it holds of one.
	maxParties = 32
)

// registerIndex is what the `register` leaves say, in bounded memory. It keeps the
// documents that it saw first: what it has of a document is all, unless [file].partial.
type registerIndex struct {
	seed  maphash.Seed
	files map[uint64]*file
	next  int64 // the first leaf that was not added
	// gap says that a leaf could not be read.
	gap bool
}

// file is the registrations of a document.
type file struct {
	key     uint64   // of its last registration
	parties []uint64 // recipients and issuers, in the order of the leaves
	first   int64    // the first leaf
	partial bool
}

func newRegisterIndex() *registerIndex {
	return &registerIndex{seed: maphash.MakeSeed(), files: map[uint64]*file{}}
}

func (x *registerIndex) emptied() *registerIndex {
	return &registerIndex{seed: x.seed, files: map[uint64]*file{}}
}

// replaced is what a registration did to the document's earlier one.
type replaced uint8

const (
	replacedNothing replaced = iota
	replacedParties          // another recipient or issuer, by the same key
	replacedKey              // another key
)

// add adds a leaf.
func (x *registerIndex) add(leaf *registerLeaf) replaced {
	id := x.hash(leaf.fileID)
	parties, key := x.hash(leaf.recipientID, leaf.issuerID), x.hash(leaf.key)
	known := x.files[id]
	switch {
	case known == nil && len(x.files) == maxFiles:
		return replacedNothing
	case known == nil:
		x.files[id] = &file{key: key, parties: []uint64{parties}, first: leaf.index}
		return replacedNothing
	case known.key != key:
		known.key = key
		known.add(parties)
		return replacedKey
	case slices.Contains(known.parties, parties):
		return replacedNothing
	}
	known.add(parties)
	return replacedParties
}

func (f *file) add(parties uint64) {
	switch {
	case slices.Contains(f.parties, parties):
	case len(f.parties) == maxParties:
		f.partial = true
	default:
		f.parties = append(f.parties, parties)
	}
}

// names reports whether a leaf names these parties of a document.
func (x *registerIndex) names(fileID, recipientID, issuerID string) bool {
	known := x.files[x.hash(fileID)]
	return known != nil && slices.Contains(known.parties, x.hash(recipientID, issuerID))
}

// knowsAll reports whether all registrations of a document that have leaves, of those that
// were added, are known, and there is one.
func (x *registerIndex) knowsAll(fileID string) bool {
	known := x.files[x.hash(fileID)]
	return !x.gap && known != nil && !known.partial
}

// first is the first leaf of a document; ok is false if it is not known.
func (x *registerIndex) first(fileID string) (index int64, ok bool) {
	if !x.knowsAll(fileID) {
		return 0, false
	}
	return x.files[x.hash(fileID)].first, true
}

// hash is of texts that are told apart.
func (x *registerIndex) hash(texts ...string) uint64 {
	var h maphash.Hash
	h.SetSeed(x.seed)
	for _, text := range texts {
		_, _ = h.WriteString(text)
		_ = h.WriteByte(0xff) // no byte of UTF-8
	}
	return h.Sum64()
}
