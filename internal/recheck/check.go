// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package recheck

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
)

// Check goes through the rows that were delivered, chunk by chunk of 256 ids, and begins
// again. Somebody else reads the rows: see [Check.Range] and [Check.Row]. It is for one
// goroutine.
type Check struct {
	state  checkpoint.Background // without Chunks and Stale
	chunks chunks
	hash   *checkpoint.RowHash
	dirty  bool // the state was changed
	pass   pass
}

// pass is one look at the rows of a chunk.
type pass struct {
	active      bool
	first, last int64 // the ids
	after       int64 // the last id that was looked at
	got         [chunkIDs]uint32
	learn       bool // the rows are taken as they are
	done        bool // all rows were read
	// looked is set if an earlier look found before instead of what was delivered:
	// another one must find the same, since rows may have been read while they were
	// changed.
	looked bool
	before [chunkIDs]uint32
	looks  int               // how many there were before
	uids   *[chunkIDs]string // of all looks but the first
}

// maxLooks is how many looks at a chunk there are until the last one counts, whatever it
// found: no honest registry changes rows all the time.
const maxLooks = 32

// Add adds a row that was delivered. Its id is above those of all rows before.
func (c *Check) Add(id int64, uid string) {
	c.state.LastID, c.dirty = id, true
	last := c.chunks.last
	if last == nil || last.number != chunkOf(id) {
		if last = c.appendChunk(id); last == nil {
			return
		}
	}
	last.Fingerprints[id%chunkIDs] = c.hash.Fingerprint(uid)
	last.dirty = true
	if c.state.FirstID == 0 {
		c.state.FirstID = id
	}
}

// appendChunk begins the chunk of an id; nil if that has none.
func (c *Check) appendChunk(id int64) *chunk {
	if id < 1 || c.state.EndID > 0 && id >= c.state.EndID {
		return nil
	}
	if id <= maxID {
		c.chunks.last = c.chunks.create(chunkOf(id))
	} else {
		c.chunks.last = nil
	}
	if c.chunks.last == nil {
		c.end(id)
	}
	return c.chunks.last
}

// end says that rows from one on have no fingerprints.
func (c *Check) end(id int64) {
	if c.state.EndID == 0 || id < c.state.EndID {
		c.state.EndID, c.dirty = id, true
	}
}

// EndID is the first id that has no fingerprint because there would be too many runs of
// chunks; 0: all have one.
func (c *Check) EndID() int64 { return c.state.EndID }

// maxID is the highest id that has a fingerprint: the last numbers are left out, so that
// there always is a next one.
const maxID = math.MaxInt64 - chunkIDs

// lastChecked is the last id that is compared.
func (c *Check) lastChecked() int64 {
	last := min(c.state.LastID, maxID)
	if c.state.EndID > 0 {
		last = min(last, c.state.EndID-1)
	}
	return last
}

// Range says which rows are to be read next: those with ids above after, up to last and
// one more. ok is false if there are none.
func (c *Check) Range() (after, last int64, ok bool) {
	if !c.pass.active && !c.begin() {
		return 0, 0, false
	}
	return c.pass.after, c.pass.last, true
}

// begin begins the pass of the next chunk.
func (c *Check) begin() bool {
	first, last := c.state.NextID, c.lastChecked()
	if c.state.LearnTo > 0 {
		last = min(last, c.state.LearnTo)
	}
	if first < 1 || first > last {
		return false
	}
	c.pass = pass{active: true, first: first, after: first - 1, last: min(last, chunkOf(first)*chunkIDs+chunkIDs-1), learn: c.state.LearnTo > 0}
	return true
}

// Row takes a row of the range, in the order of ids, and reports whether it was the last
// one of the chunk: one behind it says so, too.
func (c *Check) Row(id int64, uid string) (done bool) {
	p := &c.pass
	if !p.active || p.done {
		return true
	}
	if id >= p.first && id <= p.last {
		p.got[id%chunkIDs] = c.hash.Fingerprint(uid)
		p.after = id
		if p.looked {
			p.uids[id%chunkIDs] = uid
		}
	}
	p.done = id >= p.last
	return p.done
}

// End says that no more rows of the chunk are there.
func (c *Check) End() { c.pass.done = true }

// Outcome is what a look at a chunk says.
type Outcome int

// Outcomes of [Check.Look].
const (
	// Reading: there are more rows to read.
	Reading Outcome = iota
	// Agrees: the rows are those that were delivered, or were taken as they are.
	Agrees
	// Again: they are not, and are to be looked at once more.
	Again
	// Differs: they are not, also at another look. [Check.Decide] says what has changed.
	Differs
	// Damaged: their fingerprints are damaged. The rows were taken as they are.
	Damaged
)

// Look says what the rows that were read say. next is the first row behind the chunk, or
// [math.MaxInt64] if there is none; 0 if that is not known.
func (c *Check) Look(ctx context.Context, next int64) (Outcome, error) {
	p := &c.pass
	if !p.active || !p.done {
		return Reading, nil
	}
	outcome := Agrees
	want, err := c.want(ctx)
	switch {
	case p.learn:
		err = c.take(ctx)
	case errors.Is(err, checkpoint.ErrDamaged):
		outcome, err = Damaged, c.take(ctx)
	case err != nil:
	case c.agrees(want):
	case !p.looked || p.got != p.before && p.looks < maxLooks:
		c.pass = pass{
			active: true, first: p.first, after: p.first - 1, last: p.last,
			looked: true, before: p.got, looks: p.looks + 1, uids: new([chunkIDs]string),
		}
		return Again, nil
	default:
		return Differs, nil
	}
	if err != nil {
		return Reading, err
	}
	c.advance(next)
	return outcome, nil
}

// want is the fingerprints of the rows that were delivered.
func (c *Check) want(ctx context.Context) (*chunk, error) {
	want, err := c.chunks.load(ctx, chunkOf(c.pass.first))
	if want == nil {
		want = new(chunk)
	}
	return want, err
}

// agrees reports whether the rows of the pass are those that were delivered.
func (c *Check) agrees(want *chunk) bool {
	p := &c.pass
	for i := p.first % chunkIDs; i <= p.last%chunkIDs; i++ {
		if p.got[i] != want.Fingerprints[i] {
			return false
		}
	}
	return true
}

// take makes the rows that were read those of the chunk.
func (c *Check) take(ctx context.Context) error {
	p := &c.pass
	if p.got == [chunkIDs]uint32{} {
		if existing, err := c.chunks.loadIntact(ctx, chunkOf(p.first)); existing == nil {
			return err
		}
	}
	taken, err := c.chunks.change(ctx, chunkOf(p.first))
	if err != nil {
		return err
	}
	c.dirty = true
	if taken == nil {
		c.end(p.first)
		return nil
	}
	if taken.number == chunkOf(c.state.LastID) {
		c.chunks.last = taken // further rows are added to it
	}
	for id := p.first; id <= p.last; id++ {
		fingerprint := p.got[id%chunkIDs]
		taken.Fingerprints[id%chunkIDs] = fingerprint
		if fingerprint != 0 && (c.state.FirstID == 0 || id < c.state.FirstID) {
			c.state.FirstID = id
		}
	}
	return nil
}

// advance ends the pass, and continues with the next chunk that may have rows.
func (c *Check) advance(next int64) {
	following := chunkOf(c.pass.last) + 1
	if next > c.pass.last {
		occupied := chunkOf(next)
		if c.state.LearnTo == 0 {
			occupied = min(occupied, c.chunks.runs.next(following))
		}
		following = max(following, occupied)
	}
	c.state.NextID = following * chunkIDs
	if c.state.LearnTo > 0 && (c.pass.last >= min(c.state.LearnTo, c.lastChecked()) || c.state.NextID > c.state.LearnTo) {
		c.state.LearnTo, c.state.NextID = 0, 1 // the first cycle compares
	}
	c.pass, c.dirty = pass{}, true
}

// Cycle reports whether all rows have been looked at, and begins again if so. The time
// that it took is since when it began.
func (c *Check) Cycle(now time.Time) (took time.Duration, ended bool) {
	if c.pass.active || c.state.LearnTo > 0 || c.state.NextID <= c.lastChecked() || c.state.NextID <= 1 {
		return 0, false
	}
	took = max(0, now.Sub(c.state.Started))
	c.state.NextID, c.state.Started, c.dirty = 1, now.UTC(), true
	return took, true
}

// Decide says what has changed in a chunk that differs, and takes its rows as they are
// from now on. lowest is the lowest id that the table has now, 0 for none. If rows were
// pruned, it says nothing, since [Check.Prune] does.
func (c *Check) Decide(ctx context.Context, lowest int64) ([]Change, error) {
	if lowest == 0 || lowest > c.state.LastID {
		lowest = c.state.LastID + 1
	}
	if c.state.FirstID > 0 && lowest > c.state.FirstID {
		c.state.PruneTo, c.state.PrunedRows, c.dirty = lowest, 0, true
		c.pass = pass{} // of which other rows may have changed
		return nil, nil
	}
	want, err := c.want(ctx)
	if err != nil {
		return nil, err
	}
	p := &c.pass
	changes := compare((*[chunkIDs]uint32)(&want.Fingerprints), &p.got, p.uids, p.first, p.last)
	if err := c.take(ctx); err != nil {
		return nil, err
	}
	c.advance(0)
	return changes, nil
}

// Skip goes on behind the chunk, because its rows cannot be read. It reports false if they
// would be taken as they are: without fingerprints they would seem to be inserted later.
func (c *Check) Skip() bool {
	if !c.pass.active || c.pass.learn {
		return false
	}
	c.advance(0)
	return true
}

// Restart forgets what was read of the chunk: it is read anew.
func (c *Check) Restart() { c.pass = pass{} }
