// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package recheck

import (
	"context"
	"errors"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
)

// maxPruned is how many chunks of rows that were pruned are removed at once.
const maxPruned = 64

// Pruning reports whether the fingerprints of rows that were pruned are to be removed, by
// [Check.Prune], before other rows are looked at.
func (c *Check) Pruning() bool { return c.state.PruneTo > 0 }

// Prune removes fingerprints of rows that were pruned, and says which rows these were when
// all are removed.
func (c *Check) Prune(ctx context.Context) ([]Change, error) {
	end := chunkOf(c.state.PruneTo)
	for range maxPruned {
		number := c.chunks.runs.next(0)
		if number > end {
			return c.pruned(), nil
		}
		rows, err := c.chunks.loadIntact(ctx, number)
		if err != nil {
			return nil, err
		}
		c.dirty = true
		if number == end {
			return c.prunePart(ctx)
		}
		if rows != nil {
			c.state.PrunedRows += countRows(&rows.Fingerprints)
		}
		c.chunks.drop(number, number)
	}
	return nil, nil
}

func countRows(fingerprints *checkpoint.Fingerprints) (rows int64) {
	for _, fingerprint := range fingerprints {
		if fingerprint != 0 {
			rows++
		}
	}
	return rows
}

// prunePart removes the fingerprints of rows that were pruned from the chunk of the first
// row that is left. One that is damaged stays so: the look at it takes its rows as they are.
func (c *Check) prunePart(ctx context.Context) ([]Change, error) {
	rows, err := c.chunks.load(ctx, chunkOf(c.state.PruneTo))
	if err != nil && !errors.Is(err, checkpoint.ErrDamaged) {
		return nil, err
	}
	if rows == nil {
		return c.pruned(), nil
	}
	rows, err = c.chunks.change(ctx, rows.number)
	if err != nil {
		return nil, err
	}
	gone := rows.Fingerprints[:c.state.PruneTo%chunkIDs]
	for i, fingerprint := range gone {
		if fingerprint != 0 {
			gone[i] = 0
			c.state.PrunedRows++
		}
	}
	return c.pruned(), nil
}

// pruned ends the removal.
func (c *Check) pruned() (changes []Change) {
	if c.state.PrunedRows > 0 {
		changes = []Change{{Kind: Pruned, First: c.state.FirstID, Last: c.state.PruneTo - 1, Rows: c.state.PrunedRows}}
	}
	if c.state.FirstID = c.state.PruneTo; c.state.FirstID > c.state.LastID {
		c.state.FirstID = 0
	}
	c.state.PruneTo, c.state.PrunedRows, c.dirty = 0, 0, true
	return changes
}
