// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

// Limits of the cache. Rows come about in the order of their leaves, and a thousand
// of them at once, so that a few chunks do. More would be more for the garbage
// collector to look through, at every leaf's cost.
const (
	cachedChunks = 16
	cachedBytes  = 24 << 20 // of texts; a chunk takes 15 KB besides
)

// cache keeps the chunks that were used last.
type cache struct {
	chunks map[int64]*chunk
	size   int
	clock  int64
	spare  *chunk // one that was dropped
}

func (c *cache) get(number int64) *chunk {
	found := c.chunks[number]
	if found != nil {
		c.clock++
		found.used = c.clock
	}
	return found
}

func (c *cache) put(added *chunk) {
	if c.chunks == nil {
		c.chunks = make(map[int64]*chunk, cachedChunks)
	}
	c.drop(added.number)
	for len(c.chunks) > 0 && (len(c.chunks) >= cachedChunks || c.size+added.size > cachedBytes) {
		c.drop(c.oldest())
	}
	c.clock++
	added.used = c.clock
	c.chunks[added.number] = added
	c.size += added.size
}

func (c *cache) oldest() (number int64) {
	used := c.clock + 1
	for _, chunk := range c.chunks {
		if chunk.used < used {
			number, used = chunk.number, chunk.used
		}
	}
	return number
}

// takeSpare is a chunk whose memory may be used again, or nil.
func (c *cache) takeSpare() *chunk {
	spare := c.spare
	c.spare = nil
	return spare
}

// drop forgets a chunk.
func (c *cache) drop(number int64) {
	if old := c.chunks[number]; old != nil {
		c.size -= old.size
		delete(c.chunks, number)
		c.spare = old
	}
}
