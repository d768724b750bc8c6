// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"crypto/sha256"
	"fmt"
	"unicode/utf8"
)

// Leaf is one line of leaves.jsonl. A Leaf may be used for one line after the
// other, which saves allocations.
type Leaf struct {
	// Index is the leaf's place in the log, from 0, by its own account.
	Index int64
	// Hash is the leaf's hash by its own account.
	Hash Hash
	// Data is the leaf. Its memory belongs to the Leaf, and the next line is
	// written over it.
	Data []byte

	// hashed is leafPrefix and, in the same memory, Data: what the hash is of.
	hashed []byte
}

// HashError says that a line's leaf_hash is not the hash of its leaf.
type HashError struct {
	// Declared is what the line holds, Computed what it should hold.
	Declared, Computed Hash
}

func (e *HashError) Error() string {
	return fmt.Sprintf("its leaf_hash is %v, but its leaf hashes to %v", e.Declared, e.Computed)
}

// ParseLine parses a line of leaves.jsonl, without its newline.
//
// The line is an object with the keys index, leaf_hash, leaf_data and
// leaf_data_hex, in any order, each once, and no others. Older lines lack the
// last; their leaf is the UTF-8 of leaf_data. Where it is there and is valid
// UTF-8, leaf_data has to be the same text, since that is what people read.
// Where it is not, a text cannot be the same, and any will do. Hex digits are
// in lower case.
//
// A line in which all is well but the hash gives a *[HashError], and the leaf
// is filled in all the same. After any other error its content is undefined.
// ParseLine allocates nothing for lines as the registries write them, once the
// Leaf has seen one as long.
func ParseLine(line []byte, leaf *Leaf) error {
	if parseFast(line, leaf) {
		return nil
	}
	fields, err := scanLine(line)
	if err != nil {
		return err
	}
	return fields.fill(leaf)
}

// fill makes a leaf of the fields of a line.
func (f *lineFields) fill(leaf *Leaf) error {
	if !f.has[keyIndex] || !f.has[keyHash] || !f.has[keyText] {
		return fmt.Errorf("it lacks %s", f.missing())
	}
	leaf.hashed = append(append(leaf.hashed[:0], leafPrefix), f.data()...)
	leaf.Data = leaf.hashed[1:]
	leaf.Index, leaf.Hash = f.index, f.hash
	if err := f.checkText(); err != nil {
		return err
	}
	if computed := Hash(sha256.Sum256(leaf.hashed)); computed != f.hash {
		return &HashError{Declared: f.hash, Computed: computed}
	}
	return nil
}

// data is the leaf.
func (f *lineFields) data() []byte {
	if f.has[keyHex] {
		return f.bytes
	}
	return []byte(f.text)
}

// checkText makes sure that people read in leaf_data what the hash is of.
func (f *lineFields) checkText() error {
	switch {
	case !f.has[keyHex] && f.mangled:
		return fmt.Errorf("its %s is no valid Unicode", keyText)
	case !f.has[keyHex], !utf8.Valid(f.bytes):
		return nil
	case f.mangled || f.text != string(f.bytes):
		return fmt.Errorf("its %s and its %s are not the same", keyText, keyHex)
	}
	return nil
}
