// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
)

// LeavesFile is the name of the transparency log's file in its directory.
const LeavesFile = "leaves.jsonl"

// leafLog appends to a transparency log. A nil *leafLog is that of a registry without
// one. It is not safe for concurrent use.
type leafLog struct {
	file *os.File
	size int64 // bytes of file, all of them durable
	next int64 // index of the next leaf, behind the pending ones

	pending []byte // lines that flush will write
	hashes  []byte // of the leaves in pending, if there is a tree
	leaves  int64  // in pending
	leaf    []byte // for reuse: 0x00 and the leaf

	durable *tree // over the leaves in file; nil before loadTree, and for a damaged log
	damage  error // why loadTree built no tree
}

// openLog opens the log in dir, or creates it. It removes a last line that a crash has
// cut off, which was never part of a signed head.
func openLog(dir string) (*leafLog, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // the collector reads it as another user
		return nil, fmt.Errorf("create the transparency log's directory, which must be writable: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(dir, LeavesFile), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644) //nolint:gosec // the collector reads it as another user
	if err != nil {
		return nil, fmt.Errorf("open the transparency log: %w", err)
	}
	l := &leafLog{file: file}
	if err := l.findEnd(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", file.Name(), err), file.Close())
	}
	return l, nil
}

// longestLine is longer than any line that a registry writes, in bytes.
const longestLine = 1 << 20

// lineStart is the beginning of every line.
const lineStart = `{"index": `

// findEnd sets size and next from the last complete line, and truncates the file
// after it.
func (l *leafLog) findEnd() error {
	info, err := l.file.Stat()
	if err != nil {
		return err
	}
	start := max(0, info.Size()-2*longestLine)
	tail := make([]byte, info.Size()-start)
	if _, err := l.file.ReadAt(tail, start); err != nil {
		return err
	}
	end := bytes.LastIndexByte(tail, '\n') + 1
	rest := tail[end:]
	if len(rest) > longestLine || !bytes.HasPrefix(rest, []byte(lineStart)[:min(len(rest), len(lineStart))]) {
		return notALeaf(rest)
	}
	if end > 0 {
		if l.next, err = indexOf(tail[bytes.LastIndexByte(tail[:end-1], '\n')+1 : end]); err != nil {
			return err
		}
		l.next++
	}
	l.size = start + int64(end)
	if len(rest) == 0 {
		return nil
	}
	return l.file.Truncate(l.size)
}

func indexOf(line []byte) (int64, error) {
	var leaf struct {
		Index *int64 `json:"index"`
	}
	if err := json.Unmarshal(line, &leaf); err != nil || leaf.Index == nil || *leaf.Index < 0 {
		return 0, notALeaf(line)
	}
	return *leaf.Index, nil
}

func notALeaf(line []byte) error {
	return fmt.Errorf("its last line is not a leaf of a transparency log (%.40q): choose another directory, or move the file away", line)
}

// add adds a leaf, which the next flush writes, and returns its index; -1 without a
// log. appendLeaf appends the leaf's bytes to a slice.
func (l *leafLog) add(appendLeaf func([]byte) []byte) int64 {
	if l == nil {
		return -1
	}
	index := l.next
	// The hash of a leaf is over 0x00 and the leaf (RFC 6962, 2.1).
	l.leaf = appendLeaf(append(l.leaf[:0], 0))
	hash := sha256.Sum256(l.leaf)
	l.pending = appendLine(l.pending, index, hash, l.leaf[1:])
	if l.durable != nil {
		l.hashes = append(l.hashes, hash[:]...)
	}
	l.next++
	l.leaves++
	return index
}

// appendLine appends the line of a leaf.
func appendLine(dst []byte, index int64, hash [sha256.Size]byte, leaf []byte) []byte {
	dst = strconv.AppendInt(append(dst, lineStart...), index, 10)
	dst = hex.AppendEncode(append(dst, beforeHash...), hash[:])
	dst = appendPython(append(dst, `", "leaf_data": `...), string(leaf))
	dst = hex.AppendEncode(append(dst, `, "leaf_data_hex": "`...), leaf)
	return append(dst, "\"}\n"...)
}

// flush writes the leaves added since the last one and returns when they are
// durable. After an error none of them is in the log.
func (l *leafLog) flush() (leaves int64, err error) {
	if l == nil || l.leaves == 0 {
		return 0, nil
	}
	defer func() { l.pending, l.hashes, l.leaves = l.pending[:0], l.hashes[:0], 0 }()
	if err := l.write(); err != nil {
		l.next -= l.leaves
		return 0, fmt.Errorf("write the transparency log %s: %w", l.file.Name(), err)
	}
	l.size += int64(len(l.pending))
	if l.durable == nil {
		return l.leaves, nil
	}
	return l.leaves, l.durable.add(l.hashes)
}

func (l *leafLog) write() error {
	info, err := l.file.Stat()
	if err != nil {
		return err
	}
	if info.Size() != l.size {
		return fmt.Errorf("it has %d bytes, expected %d: stop the other process that writes to it", info.Size(), l.size)
	}
	if _, err = l.file.Write(l.pending); err == nil {
		err = l.file.Sync()
	}
	if err != nil {
		return errors.Join(err, l.file.Truncate(l.size))
	}
	return nil
}

// loadTree builds the tree over the leaves in the file, which flush adds to from then
// on. It reads the whole file.
func (l *leafLog) loadTree() {
	l.durable, l.damage = buildTree(io.NewSectionReader(l.file, 0, l.size))
	if l.damage != nil {
		l.durable = nil
	}
}

// tree returns the tree over the leaves in the file. It fails for a damaged log.
func (l *leafLog) tree() (*tree, error) {
	if l.damage != nil {
		return nil, fmt.Errorf("refusing to sign a tree head of a damaged log, %s: %w", l.file.Name(), l.damage)
	}
	return l.durable, nil
}

func (l *leafLog) close() error {
	if l == nil {
		return nil
	}
	return l.file.Close()
}
