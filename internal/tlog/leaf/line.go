// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package leaf

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Line is one line of leaves.jsonl. Reusing a Line for many lines saves
// allocations.
type Line struct {
	// Index is the index, from 0, that the line declares.
	Index int64
	// Hash is the hash that the line declares.
	Hash Hash
	// Data is the leaf. The next [ParseLine] into the same Line overwrites it.
	Data []byte

	// hashInput is prefix and, in the same memory, Data.
	hashInput []byte
	// buffer is what the values of a line in another form are read into.
	buffer []byte
}

// Release drops memory of more than so many bytes, and with it Data.
func (l *Line) Release(limit int) {
	if max(cap(l.hashInput), cap(l.buffer)) > limit {
		*l = Line{}
	}
}

// HashError says that the leaf_hash of a line is not the hash of its leaf.
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
// leaf_data_hex, in any order. No key may be repeated, and any other key is passed
// over. Lines of public registries lack leaf_data_hex; their leaf is the UTF-8 of
// leaf_data. Where leaf_data_hex encodes valid UTF-8, leaf_data must be the same text,
// since that is what people read. Where it does not, no text can be the same, and any
// is accepted. Hex digits are in lower case.
//
// If the hash alone is wrong, the error is a *[HashError], and line is filled in.
// After any other error the content of line is undefined. ParseLine allocates
// nothing for lines as registries write them, once line has held one as long.
func ParseLine(text []byte, line *Line) error {
	if parseLineFast(text, line) {
		return nil
	}
	return parseLineSlow(text, line)
}

// HasIndex reports whether a line has an index of its own, given the error that
// [ParseLine] returned for it.
func HasIndex(err error) bool {
	if err == nil {
		return true
	}
	var wrong *HashError // on the heap
	return errors.As(err, &wrong)
}

// RecoverHash returns the hash of the leaf in a line that [ParseLine] cannot read:
// the one that the line declares, else that of leaf_data_hex. ok is false if it has
// neither.
func RecoverHash(text []byte) (hash Hash, ok bool) {
	fields, _ := scanLine(text, nil) // the fields before the error
	switch {
	case fields.has[keyHash]:
		return fields.hash, true
	case fields.has[keyHex]:
		return sha256.Sum256(append([]byte{prefix}, fields.bytes...)), true
	}
	return Hash{}, false
}

// fill sets a Line to the fields.
func (f *lineFields) fill(line *Line) error {
	if !f.has[keyIndex] || !f.has[keyHash] || !f.has[keyText] {
		return fmt.Errorf("it lacks %s", f.missing())
	}
	line.hashInput = append(append(line.hashInput[:0], prefix), f.data()...)
	line.Data = line.hashInput[1:]
	line.Index, line.Hash = f.index, f.hash
	if err := f.checkText(); err != nil {
		return err
	}
	if computed := Hash(sha256.Sum256(line.hashInput)); computed != f.hash {
		return &HashError{Declared: f.hash, Computed: computed}
	}
	return nil
}

// data returns the leaf.
func (f *lineFields) data() []byte {
	if f.has[keyHex] {
		return f.bytes
	}
	return f.text
}

// checkText makes sure that leaf_data, which people read, is what is hashed.
func (f *lineFields) checkText() error {
	switch {
	case !f.has[keyHex] && f.invalidText:
		return fmt.Errorf("its %s is not valid Unicode", keyText)
	case !f.has[keyHex], !utf8.Valid(f.bytes):
		return nil
	case f.invalidText || !bytes.Equal(f.text, f.bytes):
		return fmt.Errorf("its %s and %s differ", keyText, keyHex)
	}
	return nil
}
