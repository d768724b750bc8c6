// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package recheck

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
)

// New begins to keep fingerprints under a random key of 16 bytes. The rows up to lastID
// were delivered before: they count as they are found first.
func New(storage Storage, key []byte, registryID string, lastID int64, now time.Time) *Check {
	return &Check{
		state: checkpoint.Background{
			Key: hex.EncodeToString(key), NextID: 1, Started: now.UTC(),
			LearnTo: lastID, LastID: lastID, RegistryID: registryID,
		},
		chunks: chunks{storage: storage, memory: map[int64]*chunk{}},
		hash:   checkpoint.NewRowHash(key), dirty: true,
	}
}

// Restore continues from what was saved. It returns an error if that is not about the rows
// up to lastID of that registry, of which the last one had the uid lastUID, "" if it was
// gone, and one that matches [checkpoint.ErrDamaged] if it is damaged.
func Restore(ctx context.Context, storage Storage, state checkpoint.Background, registryID string, lastID int64, lastUID string) (*Check, error) {
	key, err := hex.DecodeString(state.Key)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", checkpoint.ErrDamaged, err)
	case state.RegistryID != registryID:
		return nil, fmt.Errorf("%w: the registry was renamed from %q to %q", ErrOther, state.RegistryID, registryID)
	case state.LastID != lastID:
		return nil, fmt.Errorf("%w: they end with row %d, and the delivered rows with row %d", ErrOther, state.LastID, lastID)
	case state.FirstID > 0 && state.EndID == 0 && len(state.Chunks) == 0:
		return nil, fmt.Errorf("%w: no chunks of the rows from %d on", checkpoint.ErrDamaged, state.FirstID)
	}
	c := &Check{
		state: state, hash: checkpoint.NewRowHash(key),
		chunks: chunks{storage: storage, runs: state.Chunks, stale: state.Stale, memory: map[int64]*chunk{}},
	}
	c.state.Chunks, c.state.Stale = nil, nil
	if err := c.loadLast(ctx); err != nil {
		return c, err
	}
	return c, c.checkLast(lastUID)
}

// ErrOther says that fingerprints are those of other rows.
var ErrOther = errors.New("the fingerprints are those of other rows")

// loadLast loads the chunk of the row that was delivered last, so that rows can be added.
func (c *Check) loadLast(ctx context.Context) error {
	last, err := c.chunks.load(ctx, chunkOf(c.state.LastID))
	if err != nil || last == nil {
		return err
	}
	c.chunks.last, c.chunks.memory[last.number] = last, last
	return nil
}

// checkLast returns an error if the row that was delivered last is another one than that
// which was added last, as after a run without fingerprints in which the database went back.
func (c *Check) checkLast(uid string) error {
	if c.chunks.last == nil || uid == "" {
		return nil
	}
	fingerprint := c.chunks.last.Fingerprints[c.state.LastID%chunkIDs]
	if fingerprint == 0 || fingerprint == c.hash.Fingerprint(uid) { // 0: it was deleted since, or not looked at yet
		return nil
	}
	return fmt.Errorf("%w: row %d is another one than that which was delivered last", ErrOther, c.state.LastID)
}

// Discard deletes the chunks of fingerprints that were kept before.
func (c *Check) Discard(before *checkpoint.Background) {
	for _, runs := range [][][2]int64{before.Chunks, before.Stale} {
		for _, run := range runs {
			c.chunks.stale.add(run[0], run[1], 0)
		}
	}
	c.dirty = true
}

// AllChunks is a state with all chunks that there can be of rows up to an id, if these are
// not too many.
func AllChunks(lastID int64) *checkpoint.Background {
	if chunkOf(lastID) > maxAllChunks {
		return new(checkpoint.Background)
	}
	return &checkpoint.Background{Chunks: [][2]int64{{0, chunkOf(lastID)}}}
}

// maxAllChunks are those of 268 million ids.
const maxAllChunks = 1 << 20

// State is what there is now.
func (c *Check) State() checkpoint.Background {
	state := c.state
	state.Chunks, state.Stale = c.chunks.runs, c.chunks.stale
	return state
}

// Changed returns what to save: the state, and with write the value of each chunk, nil for
// one to be deleted. ok is false if nothing was changed.
func (c *Check) Changed(write func(number int64, value []byte)) (state checkpoint.Background, ok bool) {
	if !c.dirty && !c.chunks.isDirty() {
		return checkpoint.Background{}, false
	}
	state = c.State()
	state.Stale = c.chunks.changed(write)
	return state, true
}

// Saved says that all of that is saved.
func (c *Check) Saved() {
	c.dirty = false
	c.chunks.saved()
}

// Unsaved is how many chunks are in memory, because they are not saved.
func (c *Check) Unsaved() int { return len(c.chunks.memory) }

// HasStale reports whether there are chunks to be deleted.
func (c *Check) HasStale() bool { return len(c.chunks.stale) > 0 }
