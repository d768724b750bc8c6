// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

// reorderTail has the leaves of the tail count in the order of their indexes, if their
// lines only stand in another order in the file: that is the tree of the registry that
// wrote them. One that starts later counts them in the order of the lines.
func (l *Log) reorderTail() {
	c := l.tail
	if c.unknown > 0 {
		return
	}
	ordered := make([]Hash, len(c.hashes))
	seen := make([]bool, len(c.hashes))
	for i, hash := range c.hashes {
		at := l.claims.indexOf(c.first+int64(i)) - c.first
		if at < 0 || at >= int64(len(seen)) || seen[at] {
			return
		}
		ordered[at], seen[at] = hash, true
	}
	l.startCounted(c.next())
	t := newTree(unsigned(c.first))
	for _, hash := range ordered {
		t.add(hash)
	}
	c.restore(t)
}
