// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// logLine is a line of a log.
type logLine struct {
	number int64  // from 0: the index, unless the log is damaged
	offset int64  // in the file
	text   []byte // with its newline; valid until the next line is read
}

// scanLog calls f with each complete line, until f fails.
func scanLog(log io.Reader, f func(logLine) error) error {
	reader := bufio.NewReaderSize(log, longestLine)
	for line := (logLine{}); ; line.number++ {
		var err error
		line.text, err = reader.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read line %d of the transparency log: %w", line.number+1, err)
		}
		if err := f(line); err != nil {
			return err
		}
		line.offset += int64(len(line.text))
	}
}

// The text between the first values of every line.
var (
	beforeHash = []byte(`, "leaf_hash": "`)
	beforeData = []byte(`", "leaf_data": "`)
)

// declared returns the index and the hash that are in the line.
func (l logLine) declared() (index int64, hash [sha256.Size]byte, err error) {
	before, after, found := bytes.Cut(l.text, beforeHash)
	digits, prefixed := bytes.CutPrefix(before, []byte(lineStart))
	if !found || !prefixed || len(after) < hex.EncodedLen(sha256.Size) {
		return 0, hash, l.notALeaf()
	}
	digest, rest := after[:hex.EncodedLen(sha256.Size)], after[hex.EncodedLen(sha256.Size):]
	index, indexErr := strconv.ParseInt(string(digits), 10, 64)
	_, hashErr := hex.Decode(hash[:], digest)
	if indexErr != nil || hashErr != nil || !bytes.HasPrefix(rest, beforeData) {
		return 0, hash, l.notALeaf()
	}
	return index, hash, nil
}

func (l logLine) notALeaf() error {
	return fmt.Errorf("line %d of the transparency log is not a leaf that a registry wrote (%.40q)", l.number+1, l.text)
}

// buildTree reads a log into a tree. It uses the hash in the line of each leaf, as a
// registry does, which keeps the hashes.
func buildTree(log io.Reader) (*tree, error) {
	t := newTree()
	err := scanLog(log, func(line logLine) error {
		index, hash, err := line.declared()
		if err != nil {
			return err
		}
		if index != line.number {
			return fmt.Errorf("line %d of the transparency log has index %d, expected %d", line.number+1, index, line.number)
		}
		return t.add(hash[:])
	})
	return t, err
}
