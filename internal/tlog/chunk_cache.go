// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

// Limits of the cache. Rows arrive in the order of their leaves, a thousand at a
// time, so that a few chunks are enough. More would cost the garbage collector time
// with every leaf.
const (
	cachedChunks = 16
	cachedBytes  = 24 << 20 // of texts; a chunk has 15 KB besides
)

// chunkCache keeps the chunks that were used last.
type chunkCache struct {
	chunks map[int64]*chunk
	size   int    // bytes of texts
	clock  int64  // counts uses
	spare  *chunk // one that was removed
}

func (c *chunkCache) get(number int64) *chunk {
	found := c.chunks[number]
	if found != nil {
		c.clock++
		found.lastUse = c.clock
	}
	return found
}

func (c *chunkCache) add(added *chunk) {
	if c.chunks == nil {
		c.chunks = make(map[int64]*chunk, cachedChunks)
	}
	c.remove(added.number)
	for len(c.chunks) > 0 && (len(c.chunks) >= cachedChunks || c.size+added.size > cachedBytes) {
		c.remove(c.leastRecent())
	}
	c.clock++
	added.lastUse = c.clock
	c.chunks[added.number] = added
	c.size += added.size
}

func (c *chunkCache) leastRecent() (number int64) {
	lastUse := c.clock + 1
	for _, cached := range c.chunks {
		if cached.lastUse < lastUse {
			number, lastUse = cached.number, cached.lastUse
		}
	}
	return number
}

func (c *chunkCache) remove(number int64) {
	if old := c.chunks[number]; old != nil {
		c.size -= old.size
		delete(c.chunks, number)
		c.spare = old
	}
}

// takeSpare returns a chunk whose memory can be reused, or nil.
func (c *chunkCache) takeSpare() *chunk {
	spare := c.spare
	c.spare = nil
	return spare
}
