// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

// Root returns the root of the tree over all Size leaves. known is false if the
// hash of one could not be read.
func (l *Log) Root() (root Hash, known bool) {
	if l.pendingState != nil {
		return l.pendingState.Root, l.pendingState.Unknown == 0
	}
	return l.root()
}

// RootAt returns the root of the tree over the first size leaves. It computes a hash
// for each 256 leaves, and reads at most one chunk.
//
// The error matches [ErrBeyond] for a size below 0 or above Size, [ErrRotated] for one
// whose leaves were rotated away, and else [ErrUnknown] for one that has not been
// verified again yet, or before which the hash of a leaf could not be read; any other
// says that the file cannot be read.
func (l *Log) RootAt(size int64) (Hash, error) {
	switch {
	case size < 0 || size > l.Size():
		return Hash{}, ErrBeyond
	case size == 0:
		return emptyRoot, nil
	case size == l.Size():
		root, known := l.Root()
		if !known {
			return Hash{}, ErrUnknown
		}
		return root, nil
	case l.pendingState != nil || l.unknown > 0 && l.firstUnknown < size:
		return Hash{}, ErrUnknown
	case size < l.first:
		return Hash{}, ErrRotated
	}
	upper, ok := l.upperAt(size / ChunkSize)
	if !ok {
		return Hash{}, ErrUnknown
	}
	if size%ChunkSize == 0 {
		return upper.root(), nil
	}
	c, err := l.chunkOf(size)
	if err != nil {
		return Hash{}, err
	}
	if size < c.first {
		return Hash{}, ErrRotated
	}
	return upper.with(c.treeAt(size)).root(), nil
}

// ChunkRoots returns the roots of chunks, the subtrees over [ChunkSize] leaves each: of
// the chunk with the number first and those after it, in order, n at most and no more
// than are complete. A root is the zero Hash if it covers a leaf whose hash could not
// be read, or leaves that have not been verified again since the start.
func (l *Log) ChunkRoots(first, n int64) []Hash {
	complete := l.size / ChunkSize
	if l.pendingState != nil || first < 0 || first > complete {
		return nil
	}
	var roots []Hash
	for number := first; number < complete && number-first < n; number++ {
		var root Hash
		if node, ok := l.node(number); ok && !node.unknown {
			root = node.root
		}
		roots = append(roots, root)
	}
	return roots
}

// upperAt returns the tree over the chunks before one; ok is false if they have not
// been verified again since the start.
func (l *Log) upperAt(number int64) (upper tree, ok bool) {
	from := l.firstChunk
	if upper = l.base.clone(); number < from {
		if from = l.first / ChunkSize; number < from {
			return tree{}, false
		}
		upper, _ = l.rotatedTree()
	}
	for ; from < number; from++ {
		node, ok := l.node(from)
		if !ok {
			return tree{}, false
		}
		upper.joinChunk(node.root)
	}
	return upper, true
}
