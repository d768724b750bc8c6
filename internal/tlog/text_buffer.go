// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import "github.com/oversight-protocol/oversight-otelcol/internal/tlog/leaf"

// textBuffer collects the texts of leaves that are added to a chunk, so that they
// become parts of one string: one allocation for many leaves.
type textBuffer struct {
	data  []byte
	spans []textSpan
}

// textSpan is where the text of an entry is in the buffer.
type textSpan struct{ entry, start, end int }

// add adds a leaf to the chunk. Its text is there after store.
func (b *textBuffer) add(c *chunk, added *treeLeaf) {
	if len(c.entries) == 0 {
		c.offset = added.offset
	}
	e := entry{corrupt: added.fault != "", long: len(added.data) > maxEntryText}
	switch {
	case e.long:
		e.beacon = leaf.MayBeBeacon(added.data)
		if c.longLines == nil {
			c.longLines = map[int64]int64{}
		}
		c.longLines[added.number] = added.offset
	case !e.corrupt:
		start := len(b.data)
		b.data = append(b.data, added.data...)
		b.spans = append(b.spans, textSpan{len(c.entries), start, len(b.data)})
	}
	c.entries = append(c.entries, e)
	c.hashes = append(c.hashes, added.hash)
	c.tree.add(added.hash)
	if !added.hashKnown {
		if c.unknown == 0 {
			c.firstUnknown = added.number
		}
		c.unknown++
	}
}

// store sets the texts of the leaves that were added since the last call.
func (b *textBuffer) store(c *chunk) {
	text := string(b.data)
	for _, span := range b.spans {
		e := &c.entries[span.entry]
		e.text = text[span.start:span.end]
		e.beacon = leaf.MayBeBeacon(b.data[span.start:span.end])
	}
	c.size += len(text)
	b.discard()
}

// discard drops the texts of a chunk that is not kept.
func (b *textBuffer) discard() {
	if cap(b.data) > keptBuffer {
		b.data = nil
	}
	b.data, b.spans = b.data[:0], b.spans[:0]
}
