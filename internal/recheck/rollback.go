// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package recheck

import (
	"context"
	"encoding/hex"
	"math"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
)

// Agreeing returns how many of the rows that were delivered last a database still has,
// when its row with the id of the last one is not that one: all before the first that is
// another row now. uids are the log.record.uids of the rows that have these ids now, ""
// for none. A row that is missing was deleted, unless no later one agrees: then it is
// not counted. 0 says that nothing agrees.
func Agreeing(delivered []checkpoint.Row, uids []string) (n int) {
	for i, row := range delivered {
		switch uids[i] {
		case "":
		case UID(row):
			n = i + 1
		default: // this id, and so all later ones, were assigned again
			return n
		}
	}
	return n
}

// UID is the log.record.uid of a row.
func UID(row checkpoint.Row) string { return hex.EncodeToString(row.UID[:]) }

// Gone is delivered rows that a database lost: the first and the last id, and how many
// there were.
type Gone struct{ First, Last, Rows int64 }

// GoBack takes over that the database lost the rows behind an id, and returns which these
// are. lowest is the lowest id that it has now: rows in front of all others, which had been
// pruned, count as they are found first. It returns an error that matches
// [checkpoint.ErrDamaged] if the fingerprints of the rows around lastID are damaged.
func (c *Check) GoBack(ctx context.Context, lastID, lowest int64) (gone Gone, err error) {
	number := chunkOf(lastID)
	last, err := c.chunks.load(ctx, number)
	if err != nil {
		return Gone{}, err
	}
	if gone, err = c.behind(ctx, lastID); err != nil {
		return Gone{}, err
	}
	if c.chunks.drop(number+1, chunkOf(math.MaxInt64)); last != nil {
		c.chunks.last, c.chunks.memory[number] = last, last
		last.dirty = true
		clear(last.Fingerprints[lastID%chunkIDs+1:])
	}
	c.goBackTo(lastID, lowest)
	return gone, nil
}

// behind are the rows behind an id.
func (c *Check) behind(ctx context.Context, id int64) (gone Gone, err error) {
	for number := c.chunks.runs.next(chunkOf(id)); number <= chunkOf(c.state.LastID); number = c.chunks.runs.next(number + 1) {
		rows, err := c.chunks.loadIntact(ctx, number)
		if err != nil {
			return gone, err
		}
		if rows == nil {
			continue
		}
		for i, fingerprint := range rows.Fingerprints {
			if at := number*chunkIDs + int64(i); fingerprint != 0 && at > id {
				if gone.Rows++; gone.First == 0 {
					gone.First = at
				}
				gone.Last = at
			}
		}
	}
	return gone, nil
}

// goBackTo is GoBack for all but the fingerprints.
func (c *Check) goBackTo(lastID, lowest int64) {
	s := &c.state
	s.LastID, c.dirty = lastID, true
	if s.EndID > lastID {
		s.EndID = 0
	}
	if s.FirstID > lastID {
		s.FirstID = 0
	}
	if s.LearnTo = min(s.LearnTo, lastID); s.LearnTo < s.NextID {
		s.LearnTo = 0
	}
	if s.NextID > lastID {
		s.NextID = 1
	}
	if s.PruneTo > 0 {
		s.PruneTo = min(s.PruneTo, lastID+1)
	}
	if s.LearnTo == 0 && lowest > 0 {
		switch {
		case s.FirstID == 0: // all had been pruned
			s.LearnTo, s.NextID = lastID, 1
		case lowest < s.FirstID:
			s.LearnTo, s.NextID = s.FirstID-1, 1
		}
	}
	// A look at rows in front of those that are gone goes on: otherwise, who makes the
	// database go back all the time would keep it from its end.
	if c.pass.last > lastID || c.pass.first != s.NextID || c.pass.learn != (s.LearnTo > 0) {
		c.Restart()
	}
}

// Row is a row of a table.
type Row struct {
	ID  int64
	UID string
}

// Reader reads rows with ids above one, at most n, in the order of their ids. No rows: there
// are none.
type Reader func(ctx context.Context, after int64, n int) ([]Row, error)

const (
	// searchRows is how many rows are compared at once.
	searchRows = 64
	// commonRows is how many rows LastCommon returns, and how many it compares at once
	// behind those that agree.
	commonRows = checkpoint.RecentRows
	// maxMisses is how often these do not agree until it ends.
	maxMisses = 8
)

// LastCommon finds the last row that was delivered and that the database still has, after
// it went back. It returns up to 256 rows of both, up to that one; none if nothing agrees,
// or if the last rows have no fingerprints. While the first ones have none yet, it is one of
// the others.
//
// It searches by halves, as rows up to some id agree and those behind it do not. Where
// many rows in a row were changed as well, that finds an earlier one: so it goes on from
// there.
func (c *Check) LastCommon(ctx context.Context, read Reader) ([]Row, error) {
	if c.state.EndID > 0 {
		return nil, nil
	}
	s := search{check: c, read: read}
	found, low, high := int64(0), c.state.LearnTo, c.state.LastID
	for low < high {
		middle := low + (high-low)/2
		rows, _, err := s.agreeing(ctx, middle, searchRows)
		if err != nil {
			return nil, err
		}
		if len(rows) == 0 {
			high = middle
			continue
		}
		found = rows[len(rows)-1].ID
		low = found
	}
	if found == 0 {
		return nil, nil
	}
	return s.upwards(ctx, max(0, found-commonRows))
}

// search compares the rows of a database with their fingerprints.
type search struct {
	check  *Check
	read   Reader
	loaded *chunk // the last one; nil: none
}

// upwards returns the last rows behind an id that agree.
func (s *search) upwards(ctx context.Context, after int64) (common []Row, err error) {
	for misses := 0; misses < maxMisses; misses++ {
		rows, last, err := s.agreeing(ctx, after, commonRows)
		if err != nil {
			return nil, err
		}
		if len(rows) > 0 {
			misses = -1
			common = append(common, rows...)
			common = common[max(0, len(common)-commonRows):]
		}
		if last == 0 {
			break
		}
		after = last
	}
	return common, nil
}

// agreeing reads rows behind an id and returns those that agree, up to the last one that
// does not do so by chance. last is the last row that was compared; 0: there are no more.
func (s *search) agreeing(ctx context.Context, after int64, n int) (rows []Row, last int64, err error) {
	all, err := s.read(ctx, after, n)
	if err != nil {
		return nil, 0, err
	}
	agree := make([]bool, 0, len(all))
	for _, row := range all {
		if row.ID > s.check.state.LastID {
			break
		}
		same, err := s.agrees(ctx, row)
		if err != nil {
			return nil, 0, err
		}
		agree, last = append(agree, same), row.ID
	}
	for i := range lastAgreeing(agree, after == 0) + 1 {
		if agree[i] {
			rows = append(rows, all[i])
		}
	}
	return rows, last, nil
}

func (s *search) agrees(ctx context.Context, row Row) (bool, error) {
	number := chunkOf(row.ID)
	if s.loaded == nil || s.loaded.number != number {
		loaded, err := s.check.chunks.loadIntact(ctx, number)
		if err != nil {
			return false, err
		}
		if loaded == nil {
			loaded = &chunk{number: number}
		}
		s.loaded = loaded
	}
	return row.ID > 0 && s.loaded.Fingerprints[row.ID%chunkIDs] == s.check.hash.Fingerprint(row.UID), nil
}

// nearby is how many rows in front of one are taken into account, whether it agrees.
const nearby = 3

// lastAgreeing is the index of the last row that agrees, and not by chance: one of those
// in front of it does as well, or it is the only one, or the first of the table. It is -1
// if there is none.
func lastAgreeing(agree []bool, first bool) int {
	for i := len(agree) - 1; i >= 0; i-- {
		if !agree[i] {
			continue
		}
		for j := max(0, i-nearby); j < i; j++ {
			if agree[j] {
				return i
			}
		}
		if i == 0 && (first || len(agree) == 1) {
			return i
		}
	}
	return -1
}
