// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package recheck

import (
	"context"
	"errors"
	"math"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
)

const (
	chunkIDs = checkpoint.ChunkIDs
	// maxRuns bounds the runs of chunks, so that rows with far ids do not make the state
	// of the check large.
	maxRuns = 1000
	// maxGap is how many chunks may be missing between two of a run.
	maxGap = 16
	// maxDeleted bounds the stale chunks that a save deletes.
	maxDeleted = 256
)

// Storage is where the chunks are.
type Storage interface {
	// Chunk returns the value of a chunk, and nil for none.
	Chunk(ctx context.Context, number int64) ([]byte, error)
}

// chunkOf is the number of the chunk that an id is of.
func chunkOf(id int64) int64 { return id / chunkIDs }

// chunk is the fingerprints of rows.
type chunk struct {
	checkpoint.Fingerprints
	number int64
	dirty  bool // it is not saved as it is
}

// chunks are the fingerprints of all rows. Only those are in memory that are not saved,
// and the last one.
type chunks struct {
	storage Storage
	runs    runs // the numbers of chunks that may be stored, some of which are not
	stale   runs // those that do not count any more, and are to be deleted
	memory  map[int64]*chunk
	// last is the chunk of the row that was delivered last; nil: there is none.
	last *chunk
	// deleting is what the save that is going on deletes.
	deleting runs
}

// load returns a chunk, which must not be changed. It returns nil if there is none, and
// an error that matches [checkpoint.ErrDamaged] if that is damaged.
func (c *chunks) load(ctx context.Context, number int64) (*chunk, error) {
	if loaded := c.memory[number]; loaded != nil {
		return loaded, nil
	}
	if !c.runs.has(number) || c.stale.has(number) {
		return nil, nil
	}
	data, err := c.storage.Chunk(ctx, number)
	if err != nil || data == nil {
		return nil, err
	}
	fingerprints, err := checkpoint.DecodeFingerprints(data)
	if err != nil {
		return nil, err
	}
	return &chunk{Fingerprints: fingerprints, number: number}, nil
}

// loadIntact is load, for which a damaged chunk is one without rows.
func (c *chunks) loadIntact(ctx context.Context, number int64) (*chunk, error) {
	loaded, err := c.load(ctx, number)
	if errors.Is(err, checkpoint.ErrDamaged) {
		return nil, nil
	}
	return loaded, err
}

// change returns a chunk that is to be changed: a new one in place of one that does not
// exist or is damaged; nil if there would be too many runs.
func (c *chunks) change(ctx context.Context, number int64) (*chunk, error) {
	loaded, err := c.loadIntact(ctx, number)
	if err != nil {
		return nil, err
	}
	if loaded == nil {
		return c.create(number), nil
	}
	loaded.dirty = true
	c.memory[number] = loaded
	return loaded, nil
}

// create returns a new chunk, or nil if there would be too many runs.
func (c *chunks) create(number int64) *chunk {
	c.runs.add(number, number, maxGap)
	c.stale.remove(number, number)
	if len(c.runs)+len(c.stale) > maxRuns {
		c.drop(number, number)
		return nil
	}
	created := &chunk{number: number, dirty: true}
	c.memory[number] = created
	return created
}

// drop removes the chunks from one to another.
func (c *chunks) drop(first, last int64) {
	for i := c.runs.find(first); i < len(c.runs) && c.runs[i][0] <= last; i++ {
		c.stale.add(max(first, c.runs[i][0]), min(last, c.runs[i][1]), 0)
	}
	c.runs.remove(first, last)
	for number := range c.memory {
		if number >= first && number <= last {
			delete(c.memory, number)
		}
	}
	if c.last != nil && c.last.number >= first && c.last.number <= last {
		c.last = nil
	}
}

// changed calls a function with the value of each chunk that is to be written, and nil
// for one to be deleted. It returns the chunks that are stale afterwards.
func (c *chunks) changed(write func(number int64, value []byte)) (stale runs) {
	for _, loaded := range c.memory {
		switch {
		case !loaded.dirty:
		case loaded.IsZero():
			write(loaded.number, nil)
		default:
			write(loaded.number, loaded.Encode())
		}
	}
	stale = append(stale, c.stale...)
	c.deleting = nil
	for range maxDeleted {
		number := stale.next(0)
		if number == math.MaxInt64 {
			break
		}
		write(number, nil)
		stale.remove(number, number)
		c.deleting.add(number, number, 0)
	}
	return stale
}

// saved says that all of that is saved.
func (c *chunks) saved() {
	for number, loaded := range c.memory {
		if loaded.dirty = false; loaded != c.last {
			delete(c.memory, number)
		}
	}
	for _, run := range c.deleting {
		c.stale.remove(run[0], run[1])
	}
	c.deleting = nil
}

// isDirty reports whether there is anything to be saved.
func (c *chunks) isDirty() bool {
	for _, loaded := range c.memory {
		if loaded.dirty {
			return true
		}
	}
	return len(c.stale) > 0
}
