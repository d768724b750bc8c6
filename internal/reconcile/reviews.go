// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"math"
	"slices"
	"sort"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
)

// review is a range of rows that are to be compared with their leaves again.
type review struct {
	checkpoint.Review
	// wakeAt is how many leaves the log needs before another comparison may find
	// anything else.
	wakeAt int64
	// comparedAt is how many it had at the last one.
	comparedAt int64
	// overdueAt is when rows that are unavailable because the log lacks their leaves, as a
	// copy that is behind does, are findings. The zero value is for others.
	overdueAt time.Time
}

// never is a wakeAt: only a change of the log helps.
const never = math.MaxInt64

// isRescan reports whether the range is one of all rows, because the log is another one
// from some leaf on: which of them were confirmed before is not known.
func (r *review) isRescan() bool { return r.Digest == checkpoint.Digest{} }

// hasDigest reports whether the digest's sums count: not those of a registry that was
// renamed since, whose rows have other uids now.
func (r *review) hasDigest() bool { return r.Digest.Sum != 0 || r.Digest.IDSum != 0 }

// rows is how many rows wait, or at most how many do.
func (r *review) rows() int64 {
	if r.isRescan() {
		return r.Last - r.First + 1
	}
	return int64(r.Digest.Rows)
}

// reviews is the ranges in the order of their ids. The zero value has none.
type reviews struct {
	list          []review
	revision      int // counts changes
	savedRevision int
}

// maxReviews bounds the ranges. Beyond it, neighbors are merged.
const maxReviews = 1000

// add adds a range with one row. It becomes part of the range before it if that has
// the same status and is overdue at the same time, and no row behind it was settled:
// lastSettled is the highest id of those.
func (l *reviews) add(row review, lastSettled int64) {
	l.revision++
	i := l.position(row.First)
	switch {
	case i < len(l.list) && l.list[i].First <= row.First:
		l.list[i] = l.list[i].merge(row)
	case i > 0 && l.list[i-1].Last > lastSettled && l.list[i-1].isLike(&row):
		l.list[i-1] = l.list[i-1].merge(row)
	default:
		l.insert(i, row)
	}
}

// isLike reports whether the rows of another range may join this one.
func (r *review) isLike(other *review) bool {
	return !r.isRescan() && r.Status == other.Status && r.overdueAt.Equal(other.overdueAt)
}

// position is the index of the first range that ends at or after an id.
func (l *reviews) position(id int64) int {
	return sort.Search(len(l.list), func(i int) bool { return l.list[i].Last >= id })
}

// insert adds a range at an index, and merges the two neighbors that are closest if
// there are too many.
func (l *reviews) insert(i int, r review) {
	l.revision++
	l.list = slices.Insert(l.list, i, r)
	if len(l.list) <= maxReviews {
		return
	}
	closest, distance := 0, int64(math.MaxInt64)
	for i := range len(l.list) - 1 {
		if d := l.list[i+1].First - l.list[i].Last; d < distance {
			closest, distance = i, d
		}
	}
	l.list[closest] = l.list[closest].merge(l.list[closest+1])
	l.list = slices.Delete(l.list, closest+1, closest+2)
}

// merge is the range of the rows of both.
func (r review) merge(other review) review {
	merged := review{Review: checkpoint.Review{
		First: min(r.First, other.First), Last: max(r.Last, other.Last), Status: r.Status,
	}, wakeAt: min(r.wakeAt, other.wakeAt), comparedAt: min(r.comparedAt, other.comparedAt)}
	if r.Status != other.Status {
		merged.Status = checkpoint.ReviewUnavailable
	}
	if merged.overdueAt = r.overdueAt; other.overdueAt.After(r.overdueAt) {
		merged.overdueAt = other.overdueAt
	}
	switch {
	case r.isRescan() || other.isRescan():
	case r.hasDigest() && other.hasDigest():
		merged.Digest = r.Digest.Plus(other.Digest)
	default:
		merged.Digest.Rows = r.Digest.Rows + other.Digest.Rows
	}
	return merged
}

// replace puts a range in the place of another one, or removes it.
func (l *reviews) replace(old, with review) {
	i := l.position(old.First)
	l.revision++
	l.list = slices.Delete(l.list, i, i+1)
	if with.Last > 0 {
		l.insert(i, with)
	}
}

// has reports whether a range is there and has not changed.
func (l *reviews) has(r *review) bool {
	i := l.position(r.First)
	return i < len(l.list) && l.list[i].Review == r.Review
}

// due returns the first range that may be compared now, with a log of that size.
func (l *reviews) due(size int64, now time.Time) *review {
	for i := range l.list {
		if r := &l.list[i]; r.wakeAt <= size || r.isOverdue(now) {
			return r
		}
	}
	return nil
}

// isOverdue reports whether rows whose leaves the log lacks are findings now.
func (r *review) isOverdue(now time.Time) bool {
	return !r.overdueAt.IsZero() && !now.Before(r.overdueAt)
}

// wake makes the ranges due that were compared with fewer leaves than that, and reports
// whether there are any.
func (l *reviews) wake(size int64) (woken bool) {
	for i := range l.list {
		if r := &l.list[i]; r.comparedAt < size {
			r.wakeAt, woken = 0, true
		}
	}
	return woken
}

// rescan adds ranges, so that all rows up to lastID are compared again.
func (l *reviews) rescan(lastID int64) {
	first := int64(1)
	for i := 0; first <= lastID; i++ {
		last := lastID
		if i < len(l.list) {
			last = min(last, l.list[i].First-1)
		}
		if first <= last {
			l.revision++
			l.list = slices.Insert(l.list, i, review{Review: checkpoint.Review{First: first, Last: last, Status: checkpoint.ReviewUnavailable}})
			i++
		}
		if i >= len(l.list) {
			break
		}
		first = l.list[i].Last + 1
	}
	for i := range l.list {
		l.list[i].wakeAt, l.list[i].comparedAt = 0, 0
		if l.list[i].isRescan() { // what was missing before may be others now
			l.list[i].Status = checkpoint.ReviewUnavailable
		}
	}
	for len(l.list) > maxReviews {
		last := l.list[len(l.list)-1]
		l.list = l.list[:len(l.list)-1]
		l.list[len(l.list)-1] = l.list[len(l.list)-1].merge(last)
	}
}

// hasRescan reports whether there are ranges of that kind.
func (l *reviews) hasRescan() bool {
	return slices.ContainsFunc(l.list, func(r review) bool { return r.isRescan() })
}

// rows is how many rows wait.
func (l *reviews) rows() (rows int64) {
	for i := range l.list {
		rows += l.list[i].rows()
	}
	return rows
}

// reset forgets all.
func (l *reviews) reset() { l.list, l.revision = nil, l.revision+1 }

// dropSums forgets what identifies the rows: they have other uids now.
func (l *reviews) dropSums() {
	l.revision++
	for i := range l.list {
		l.list[i].Digest.Sum, l.list[i].Digest.IDSum = 0, 0
	}
}

// cut drops the rows behind lastID, which are gone or delivered once more. It reports
// whether there were any.
func (l *reviews) cut(lastID int64) bool {
	if n := len(l.list); n == 0 || l.list[n-1].Last <= lastID {
		return false
	}
	l.revision++
	l.list = slices.DeleteFunc(l.list, func(r review) bool { return r.First > lastID })
	if n := len(l.list); n > 0 && l.list[n-1].Last > lastID {
		r := &l.list[n-1]
		r.Last, r.Digest.Sum, r.Digest.IDSum = lastID, 0, 0
		r.Digest.Rows = uint32(min(int64(r.Digest.Rows), r.Last-r.First+1)) //nolint:gosec // it does not grow
	}
	return true
}

// encode returns the value of [checkpoint.ReviewKey]; nil for none.
func (l *reviews) encode() ([]byte, error) {
	if len(l.list) == 0 {
		return nil, nil
	}
	ranges := make([]checkpoint.Review, len(l.list))
	for i := range l.list {
		ranges[i] = l.list[i].Review
	}
	return checkpoint.EncodeReviews(ranges)
}

// decode reads such a value. All ranges are due.
func (l *reviews) decode(data []byte) error {
	ranges, err := checkpoint.DecodeReviews(data)
	if err != nil {
		return err
	}
	for _, r := range ranges {
		l.list = append(l.list, review{Review: r})
	}
	return nil
}
