// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import "slices"

// reorderTail has the leaves of the tail count in the order of their indexes, if their
// lines only stand in another order in the file: that is the tree of the registry that
// wrote them. One that starts later counts them in the order of the lines.
func (l *Log) reorderTail() {
	c := l.tail
	places, ok := l.claims.places(c.first, c.next())
	c.disordered = !ok
	if !ok || slices.Contains(c.hashes, Hash{}) { // the hash of a line is not known
		return
	}
	ordered, moved := make([]Hash, len(c.hashes)), false
	for i, hash := range c.hashes {
		ordered[places[i]] = hash
		moved = moved || places[i] != int64(i)
	}
	if !moved {
		return
	}
	l.startCounted(c.next())
	t := newTree(unsigned(c.first))
	for _, hash := range ordered {
		t.add(hash)
	}
	c.restore(t)
}
