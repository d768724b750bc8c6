// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// chosenAtOnce is how many rows are read at once by their ids: their values may take a
// megabyte each.
const chosenAtOnce = 16

// Chosen reads the events with certain ids. It is not safe for concurrent use.
type Chosen struct {
	reader  *Reader
	ids     []int64 // that were not read yet
	missing []int64
}

// Chosen begins to read the events of the rows with these ids, in that order. It does
// no I/O.
func (r *Reader) Chosen(ids []int64) *Chosen { return &Chosen{reader: r, ids: ids} }

// Left returns how many ids Next has not looked for yet.
func (c *Chosen) Left() int64 { return int64(len(c.ids)) }

// Missing returns the ids without a row, of those that Next has looked for.
func (c *Chosen) Missing() []int64 { return c.missing }

// Next returns the next events, up to n of them; none at the end. The memory of into,
// nil or what an earlier call returned, is reused.
func (c *Chosen) Next(ctx context.Context, n int, into []translator.Event) ([]translator.Event, error) {
	for len(c.ids) > 0 {
		ids := c.ids[:min(n, chosenAtOnce, len(c.ids))]
		events, err := c.reader.ByID(ctx, ids, into)
		if err != nil {
			return nil, err
		}
		c.ids = c.ids[len(ids):]
		c.addMissing(ids, events)
		if len(events) > 0 {
			return events, nil
		}
		into = events
	}
	return into[:0], nil
}

func (c *Chosen) addMissing(ids []int64, events []translator.Event) {
	for _, id := range ids {
		if len(events) > 0 && events[0].ID == id {
			events = events[1:]
			continue
		}
		c.missing = append(c.missing, id)
	}
}
