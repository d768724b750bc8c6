// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package recheck

import (
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
)

// Check goes through the rows that were delivered, block by block of 4,096 ids, and
// begins again. Somebody else reads the rows: see [Check.Range] and [Check.Rows]. It is
// for one goroutine.
type Check struct {
	state   checkpoint.Background
	digests digests
	hash    *checkpoint.RowHash
	dirty   bool // the state was changed

	pass pass
	// prunedTo is the first row that is left, as long as rows before it may be pruned
	// and the block of that row is to be checked before this is said; 0: none are.
	prunedTo int64
}

// pass is one look at the rows of a block.
type pass struct {
	active      bool
	first, last int64 // the ids
	after       int64 // the last id that was looked at
	want, got   checkpoint.Digest
	learn       bool // the rows are put into the digest
	// looked is set if an earlier look found before in place of want: another one must
	// find the same, since rows may have been read while they were changed.
	looked bool
	before checkpoint.Digest
	done   bool // all rows were read
}

// New begins to keep digests under a random key of 16 bytes. The rows up to lastID were
// delivered before: they count as they are found first.
func New(key []byte, registryID string, lastID int64, now time.Time) *Check {
	return &Check{
		state: checkpoint.Background{
			Key: hex.EncodeToString(key), NextID: 1, Started: now.UTC(),
			LearnTo: min(lastID, MaxID), LastID: lastID, RegistryID: registryID,
		},
		hash: checkpoint.NewRowHash(key), dirty: true,
	}
}

// Restore continues from what was saved: the state, and its pages by number, without
// those that have no rows. It returns an error if that is not about the rows up to
// lastID of that registry.
func Restore(state checkpoint.Background, pages map[int64]*checkpoint.DigestPage, registryID string, lastID int64) (*Check, error) {
	key, err := hex.DecodeString(state.Key)
	switch {
	case err != nil:
		return nil, err
	case state.RegistryID != registryID:
		return nil, fmt.Errorf("the registry was renamed from %q to %q", state.RegistryID, registryID)
	case state.LastID != lastID:
		return nil, fmt.Errorf("the digests end with row %d and the delivered rows with row %d", state.LastID, lastID)
	}
	return &Check{state: state, digests: digests{pages: pages}, hash: checkpoint.NewRowHash(key)}, nil
}

// Key is the one of [New].
func (c *Check) Key() []byte {
	key, _ := hex.DecodeString(c.state.Key)
	return key
}

// Add adds a row that was delivered. Its id is above those of all rows before.
func (c *Check) Add(id int64, uid string) {
	c.state.LastID, c.dirty = id, true
	if id > MaxID {
		return
	}
	if c.state.FirstID == 0 {
		c.state.FirstID = id
	}
	c.digests.change(blockOf(id)).Add(id, c.hash.Of(uid))
}

// Range says which rows are to be read next: those with ids above after, up to last and
// one more. ok is false if there are none.
func (c *Check) Range() (after, last int64, ok bool) {
	if !c.pass.active && !c.begin() {
		return 0, 0, false
	}
	return c.pass.after, c.pass.last, true
}

// begin begins the pass of the next block.
func (c *Check) begin() bool {
	first, last := c.state.NextID, min(c.state.LastID, MaxID)
	if c.state.LearnTo > 0 {
		last = c.state.LearnTo
	}
	if first < 1 || first > last {
		return false
	}
	c.pass = pass{active: true, first: first, after: first - 1, last: min(last, (blockOf(first)+1)*checkpoint.DigestIDs-1), learn: c.state.LearnTo > 0}
	c.pass.want = c.digests.block(blockOf(first))
	return true
}

// Row is a row that was read.
type Row struct {
	ID  int64
	UID string
}

// Row takes a row of the range, in the order of ids, and reports whether it was the last
// one of the block: one behind it says so, too.
func (c *Check) Row(id int64, uid string) (done bool) {
	p := &c.pass
	if !p.active || p.done {
		return true
	}
	if id <= p.last {
		p.got.Add(id, c.hash.Of(uid))
		p.after = id
		if p.learn && (c.state.FirstID == 0 || id < c.state.FirstID) {
			c.state.FirstID = id
		}
	}
	p.done = id >= p.last
	return p.done
}

// End says that no more rows of the block are there.
func (c *Check) End() { c.pass.done = true }

// Outcome is what a look at a block says.
type Outcome int

// Outcomes of [Check.Look].
const (
	// Reading: there are more rows to read.
	Reading Outcome = iota
	// Agrees: the rows are those that were delivered, or were taken as they are.
	Agrees
	// Again: they are not, and are to be looked at once more.
	Again
	// Differs: they are not, also at the second look. [Check.Decide] says what has changed.
	Differs
)

// Look says what the rows that were read say. next is the first row behind the block, or
// [math.MaxInt64] if there is none; 0 if that is not known.
func (c *Check) Look(next int64) Outcome {
	p := &c.pass
	switch {
	case !p.active || !p.done:
		return Reading
	case p.learn:
		block := blockOf(p.first)
		c.digests.setBlock(block, c.digests.block(block).Plus(p.got)) // it may have newer rows
	case p.got == p.want:
		if c.prunedTo > 0 {
			return Differs // to say what was pruned in front of it
		}
	case !p.looked || p.got != p.before:
		*p = pass{active: true, first: p.first, after: p.first - 1, last: p.last, want: p.want, looked: true, before: p.got}
		return Again
	default:
		return Differs
	}
	c.advance(next)
	return Agrees
}

// advance ends the pass, and continues with the next block that may have rows.
func (c *Check) advance(next int64) {
	following := blockOf(c.pass.last) + 1
	if next > c.pass.last {
		empty := min(blockOf(next), maxBlocks) // those before it are
		if !c.pass.learn {
			empty = min(empty, c.digests.next(following))
		}
		following = max(following, empty)
	}
	c.state.NextID = following * checkpoint.DigestIDs
	if c.state.LearnTo > 0 && (c.pass.last >= c.state.LearnTo || c.state.NextID > c.state.LearnTo) {
		c.state.LearnTo, c.state.NextID = 0, 1 // the first cycle compares
	}
	c.pass, c.dirty = pass{}, true
}

// Cycle reports whether all rows have been looked at, and begins again if so. The time
// that it took is since when it began.
func (c *Check) Cycle(now time.Time) (took time.Duration, ended bool) {
	if c.pass.active || c.state.LearnTo > 0 || c.state.NextID <= min(c.state.LastID, MaxID) || c.state.NextID <= 1 {
		return 0, false
	}
	took = max(0, now.Sub(c.state.Started))
	c.state.NextID, c.state.Started, c.dirty = 1, now.UTC(), true
	return took, true
}

// Decide says what has changed in a block that differs, and takes its rows as they are
// from now on. lowest is the lowest id that the table has now, 0 for none. It says
// nothing if rows were pruned up to a later block, which is to be looked at first.
func (c *Check) Decide(lowest int64) []Change {
	p := &c.pass
	if lowest == 0 || lowest > c.state.LastID {
		lowest = c.state.LastID + 1
	}
	pruned := c.state.FirstID > 0 && lowest > c.state.FirstID && blockOf(lowest) >= blockOf(p.first)
	switch {
	case !pruned && c.prunedTo == 0:
		change := compare(p.want, p.got, p.first, p.last)
		c.take()
		c.state.FirstID = min(c.state.FirstID, lowest) // a row was inserted in front
		c.advance(0)
		return []Change{change}
	case pruned && blockOf(lowest) > blockOf(p.first) && c.digests.block(blockOf(lowest)) != (checkpoint.Digest{}):
		c.prunedTo, c.state.NextID = lowest, blockOf(lowest)*checkpoint.DigestIDs
		c.pass = pass{}
		return nil
	case !pruned:
		lowest = c.prunedTo // rows that were inserted below it since are found next
	}
	return c.prune(lowest)
}

// prune takes over that all rows below the lowest are gone.
func (c *Check) prune(lowest int64) []Change {
	p := c.pass
	pruned := Change{Kind: Pruned, First: c.state.FirstID, Last: lowest - 1}
	var more []Change
	if blockOf(lowest) == blockOf(p.first) {
		gone := int64(p.want.Rows) - int64(p.got.Rows)
		if gone < 0 || gone > lowest-max(p.first, c.state.FirstID) { // more than the pruned ids
			more = []Change{{Kind: Several, First: lowest, Last: p.last}}
			gone = min(max(gone, 0), lowest-max(p.first, c.state.FirstID))
		}
		pruned.Rows, pruned.Block = gone, p.got != p.want && p.got.Rows > 0
		c.take()
	}
	pruned.Rows += c.digests.clear(0, blockOf(lowest))
	c.state.FirstID, c.prunedTo = lowest, 0
	c.advance(0)
	return append([]Change{pruned}, more...)
}

// take makes the rows that were read those of the block. Rows that were delivered since
// are kept.
func (c *Check) take() {
	block := blockOf(c.pass.first)
	c.digests.setBlock(block, c.digests.block(block).Minus(c.pass.want).Plus(c.pass.got))
}

// Restart forgets what was read of the block: it is read anew.
func (c *Check) Restart() { c.pass, c.prunedTo = pass{}, 0 }

// GoBack takes over that the database lost the rows behind an id, which were delivered
// with these uids.
func (c *Check) GoBack(lastID int64, gone []checkpoint.Row) {
	c.Restart()
	for _, row := range gone {
		if row.ID > MaxID || row.ID <= c.state.LearnTo && row.ID >= c.state.NextID {
			continue // not in a digest
		}
		var one checkpoint.Digest
		one.Add(row.ID, c.hash.Of(UID(row)))
		block := blockOf(row.ID)
		c.digests.setBlock(block, c.digests.block(block).Minus(one))
	}
	c.state.LastID, c.dirty = lastID, true
	if c.state.LearnTo = min(c.state.LearnTo, lastID); c.state.LearnTo < c.state.NextID {
		c.state.LearnTo = 0
	}
	if c.state.NextID > lastID {
		c.state.NextID = 1
	}
}

// Changed returns what to save: the state, and with changed the pages that were changed,
// nil for one to be deleted. ok is false if nothing was changed.
func (c *Check) Changed(changed func(number int64, page *checkpoint.DigestPage)) (state checkpoint.Background, ok bool) {
	if !c.dirty && len(c.digests.dirty) == 0 {
		return checkpoint.Background{}, false
	}
	for number := range c.digests.dirty {
		changed(number, c.digests.pages[number])
		c.state.Pages = max(c.state.Pages, number+1)
	}
	return c.state, true
}

// Saved says that all of that is saved.
func (c *Check) Saved() {
	c.dirty = false
	c.digests.saved()
}

// Pages calls a function with the number of each page that may have been saved.
func (c *Check) Pages(number func(int64)) {
	for n := range min(c.state.Pages, MaxPages) {
		number(n)
	}
}

// MaxSearched is how many blocks are compared to find where a database went back to.
const MaxSearched = 256

// Blocks are the numbers of the last blocks that have rows, the latest first, at most
// MaxSearched.
func (c *Check) Blocks() (numbers []int64) {
	if c.state.LearnTo > 0 {
		return nil // digests lack rows
	}
	first := max(blockOf(min(c.state.LastID, MaxID))-MaxSearched+1, 0)
	for block := c.digests.next(first); block < maxBlocks; block = c.digests.next(block + 1) {
		numbers = append(numbers, block)
	}
	slices.Reverse(numbers)
	return numbers
}

// Agrees reports whether the rows are those of a block that were delivered.
func (c *Check) Agrees(block int64, rows []Row) bool {
	var digest checkpoint.Digest
	for _, row := range rows {
		digest.Add(row.ID, c.hash.Of(row.UID))
	}
	return digest == c.digests.block(block)
}

// GoBackTo takes over that only the blocks up to one are left of what was delivered, the
// last row of which is lastID. It returns how many rows were delivered behind it.
func (c *Check) GoBackTo(block, lastID int64) (rows int64) {
	rows = c.digests.clear(block+1, maxBlocks)
	c.GoBack(lastID, nil)
	return rows
}
