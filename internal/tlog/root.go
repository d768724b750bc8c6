// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import "context"

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
// The error matches [ErrBeyond] for a size below 0 or above Size, and [ErrUnknown] for one
// that has not been verified again yet, or before which the hash of a leaf could not
// be read; any other says that the file cannot be read.
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
	case l.pendingState != nil || !l.known(size):
		return Hash{}, ErrUnknown
	}
	upper, ok := l.upperAt(size / ChunkSize)
	if !ok {
		return Hash{}, ErrUnknown
	}
	if size%ChunkSize == 0 {
		return upper.root(), nil
	}
	c, err := l.chunkOf(context.Background(), size)
	if err != nil {
		return Hash{}, err
	}
	rest, ok := c.treeAt(size)
	if _, altered := l.findAltered(c.number); !ok || altered {
		return Hash{}, ErrUnknown
	}
	return upper.with(rest).root(), nil
}

// CompareRoot compares the root that a registry signed for a size with those that its
// log has at that size; own is the root of the tree over all lines.
//
// Three kinds of roots are the same: that one; that of the tree over the lines that a
// registry counts when it starts, which are not all where lines were damaged; and
// for a log without leaves, 32 zero bytes as well as the hash of nothing (RFC 6962, 2.1),
// since some registries sign these.
//
// If the root is another one, same is false. But the error matches [ErrBeyond] if the log
// has fewer leaves, and [ErrUnknown] if the root cannot be known: see [Log.RootAt], and
// [Log.IndexesAhead].
func (l *Log) CompareRoot(size int64, root Hash) (same bool, own Hash, err error) {
	own, err = l.RootAt(size)
	switch {
	case err == nil && own == root, size == 0 && root == Hash{}:
		return true, own, nil
	case l.pendingState != nil:
		return false, own, ErrUnknown
	}
	if counted, ok := l.counted.treeAt(size); ok && counted.root() == root {
		return true, own, nil
	}
	switch {
	case l.claims.ambiguous(size, l.size):
		return false, own, ErrUnknown
	case err == nil && l.counted.active && size < l.counted.base.end():
		return false, own, ErrUnknown
	}
	return false, own, err
}

// IndexesAhead reports whether the indexes of the last lines are higher than their
// numbers: the registry keeps leaves in memory that it could not write, until it starts
// again. Heads of these cannot be compared.
func (l *Log) IndexesAhead() bool {
	return l.pendingState == nil && l.claims.indexesAhead(l.size)
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
		if node, ok := l.node(number); ok {
			if known, ok := l.rootOf(number, node); ok {
				root = known
			}
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
		from, upper = 0, newTree(0)
	}
	for ; from < number; from++ {
		node, ok := l.node(from)
		if !ok {
			return tree{}, false
		}
		root, _ := l.rootOf(from, node)
		upper.joinChunk(root)
	}
	return upper, true
}
