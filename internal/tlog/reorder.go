// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

// reorderTail has the leaves of the tail count in the order of their indexes, if their
// lines only stand in another order in the file: that is the tree of the registry that
// wrote them. One that starts later counts them in the order of the lines.
func (l *Log) reorderTail() {
	c := l.tail
	places, ok := l.claims.places(c.first, c.next())
	if c.disordered = !ok; !ok {
		return
	}
	t, from := newTree(unsigned(c.first)), 0
	if c.restored != nil { // the ones before were in order
		t, from = c.restored.clone(), int(c.restoredAt-c.first)
	}
	added := c.hashes[from:]
	ordered, moved := make([]Hash, len(added)), from > 0
	for i, hash := range added {
		at := int(places[from+i]) - from
		if at < 0 || hash == (Hash{}) { // the hash of a line is not known
			return
		}
		ordered[at] = hash
		moved = moved || at != i
	}
	if !moved {
		return
	}
	l.startCounted(c.next())
	for _, hash := range ordered {
		t.add(hash)
	}
	c.restore(t)
}
