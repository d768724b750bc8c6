// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import "context"

// FindRoot returns the first size from first to last at which [Log.CompareRoot] says that
// a root is the same; sizes that the log does not have are skipped. known is false if the
// root at one of the sizes before is not known. It costs little more than one call of
// CompareRoot, and 256 hashes for each size.
func (l *Log) FindRoot(root Hash, first, last int64) (size int64, found, known bool) {
	first, last = max(first, 1), min(last, l.Size())
	if first > last {
		return 0, false, true
	}
	if l.pendingState != nil {
		return 0, false, false
	}
	number := first / ChunkSize
	upper, ok := l.upperAt(number)
	known = ok
	for size = first; size <= last; size++ {
		if next := size / ChunkSize; ok && next > number {
			ok = l.joinNode(upper, number)
			number = next
		}
		same, sizeKnown := l.sameRoot(root, size, upper, ok)
		if same {
			return size, true, known
		}
		known = known && sizeKnown
	}
	return 0, false, known
}

// joinNode adds the complete chunk with that number to the tree before it.
func (l *Log) joinNode(upper tree, number int64) (ok bool) {
	node, ok := l.node(number)
	if ok {
		root, _ := l.rootOf(number, node)
		upper.joinChunk(root)
	}
	return ok
}

// sameRoot compares the root at a size with another one. upper is the tree over the
// complete chunks before, if that is known.
func (l *Log) sameRoot(root Hash, size int64, upper tree, upperKnown bool) (same, known bool) {
	if upperKnown && l.known(size) {
		own, ok := l.rootBehind(upper, size)
		if known = ok; ok && own == root {
			return true, true
		}
	}
	counted, ok := l.counted.treeAt(size)
	return ok && counted.root() == root, known
}

// rootBehind is the root at a size; upper is the tree over the complete chunks before.
func (l *Log) rootBehind(upper tree, size int64) (root Hash, ok bool) {
	switch {
	case size == l.size:
		return l.Root()
	case size%ChunkSize == 0:
		return upper.root(), true
	}
	c, err := l.chunkOf(context.Background(), size)
	if err != nil {
		return Hash{}, false
	}
	rest, ok := c.treeAt(size)
	if _, altered := l.findAltered(c.number); !ok || altered {
		return Hash{}, false
	}
	return upper.with(rest).root(), true
}
