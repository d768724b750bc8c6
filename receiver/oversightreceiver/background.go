// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"math"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/recheck"
	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

const (
	// maxRecheckRows bounds the rows of a slice, which takes less than a millisecond.
	maxRecheckRows = checkpoint.ChunkIDs + 1
	// emptySlice is how many rows a slice counts for that finds fewer.
	emptySlice = 16
	// minCycle is the least time from the begin of a cycle to that of the next.
	minCycle = 10 * time.Second
	// recheckSaveInterval is how often it is saved how far the check got, if nothing
	// else is.
	recheckSaveInterval = time.Minute
	// maxRecheckFindings is how many findings may wait for the destination until the
	// check does. A chunk makes 256 more at most, which the outbox can hold.
	maxRecheckFindings = checkpoint.MaxOutbox / 4
)

// recheckState is what the poller knows of the check of delivered rows.
type recheckState struct {
	due    time.Time // when to look at rows next
	saved  time.Time // when it was saved last how far the check got
	buffer []registry.RowUID
	off    bool // the table cannot be read in parts, and the log says so
	// failures is how often the rows of a chunk could not be read, one after the other, and
	// logged when the log said so last.
	failures int
	logged   time.Time
}

// turnRecheck looks at some of the rows that were delivered, if it is time to. A failure
// to read is not reported where reading new rows fails as well. It waits while the checkpoint
// cannot be saved, and while many findings wait.
func (p *poller) turnRecheck(ctx context.Context) {
	check, now := p.store.background.check, p.now()
	if check == nil || now.Before(p.recheck.due) {
		return
	}
	if p.unsaved != nil || p.store.outbox.size() > maxRecheckFindings {
		p.recheck.due = now.Add(time.Second)
		return
	}
	if p.recheck.saved.IsZero() {
		p.recheck.saved = now
	}
	found, rows, err := p.recheckSlice(ctx, check)
	if err != nil {
		check.Restart()
		p.recheck.due = now.Add(max(maxRetryInterval, p.config.PollInterval))
		return
	}
	p.recheck.due = now.Add(p.recheckTime(rows))
	took, ended := check.Cycle(now)
	if ended {
		p.telemetry.gauges.setRecheckCycle(took)
		p.recheck.due = later(p.recheck.due, now.Add(minCycle-took))
	}
	if found || ended || check.HasStale() || now.Sub(p.recheck.saved) >= recheckSaveInterval {
		p.recheck.saved = now
		p.save(ctx)
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// recheckRows is how many rows a slice has: at most those of half a second.
func (p *poller) recheckRows() int {
	return min(max(1, p.config.Recheck.Rate/2), maxRecheckRows)
}

// recheckTime is how long a slice of that many rows lasts.
func (p *poller) recheckTime(rows int) time.Duration {
	rows = max(rows, min(p.recheckRows(), emptySlice))
	return time.Duration(float64(rows) / float64(p.config.Recheck.Rate) * float64(time.Second))
}

// recheckPause is how long there are no rows to look at again.
func (p *poller) recheckPause(now time.Time) time.Duration {
	if !p.started || p.store.background.check == nil {
		return math.MaxInt64
	}
	return p.recheck.due.Sub(now)
}

// recheckSlice does a part of the check, and reports whether something was found, and how
// many rows were read.
func (p *poller) recheckSlice(ctx context.Context, check *recheck.Check) (found bool, rows int, err error) {
	if check.Pruning() {
		changes, err := check.Prune(ctx)
		p.reportChanges(ctx, changes)
		return len(changes) > 0, maxRecheckRows, err
	}
	after, last, ok := check.Range()
	if !ok {
		return false, p.config.Recheck.Rate, nil // nothing was delivered yet
	}
	n := p.recheckRows()
	if last-after < int64(n) {
		n = int(last-after) + 1 // and the row behind the chunk
	}
	clear(p.recheck.buffer)
	read, more, err := p.source.RowUIDs(ctx, after, n, p.recheck.buffer)
	if err != nil {
		return false, 0, p.recheckFailed(ctx, check, err)
	}
	p.recheck.buffer, p.recheck.off, p.recheck.failures = read, false, 0
	next := p.take(ctx, check, read, last)
	if next == 0 && !more {
		next = math.MaxInt64
		check.End()
	}
	found, err = p.lookAtChunk(ctx, check, next)
	return found, len(read), err
}

// take passes the rows to the check, and returns the id of the first behind the chunk.
func (p *poller) take(ctx context.Context, check *recheck.Check, rows []registry.RowUID, last int64) (next int64) {
	p.telemetry.rechecked(ctx, len(rows))
	for _, row := range rows {
		check.Row(row.ID, row.UID)
		if row.ID > last {
			return row.ID
		}
	}
	return 0
}

// lookAtChunk reports whether the rows of a chunk have changed, if all of them were read.
func (p *poller) lookAtChunk(ctx context.Context, check *recheck.Check, next int64) (found bool, err error) {
	_, last, _ := check.Range()
	outcome, err := check.Look(ctx, next)
	switch {
	case err != nil:
		return false, err
	case outcome == recheck.Damaged:
		p.logger.Warn("Fingerprints of delivered rows are damaged: changes to these rows before now are not detected",
			zap.Int64("first_id", last/checkpoint.ChunkIDs*checkpoint.ChunkIDs), zap.Int64("last_id", last))
	case outcome == recheck.Differs:
		return p.decide(ctx, check)
	}
	return false, nil
}

// decide reports what has changed in a chunk.
func (p *poller) decide(ctx context.Context, check *recheck.Check) (found bool, err error) {
	if err := p.unreplaced(ctx); err != nil {
		return false, err
	}
	lowest, err := p.lowestID(ctx)
	if err != nil {
		return false, err
	}
	changes, err := check.Decide(ctx, lowest)
	if err != nil {
		return false, err
	}
	p.reportChanges(ctx, changes)
	p.renewRecent(ctx, changes)
	return len(changes) > 0, nil
}

// lowestID is the lowest id that the table has; 0: it has no rows.
func (p *poller) lowestID(ctx context.Context) (int64, error) {
	lowest, _, err := p.source.RowUIDs(ctx, 0, 1, nil)
	if err != nil || len(lowest) == 0 {
		return 0, err
	}
	return lowest[0].ID, nil
}

// renewRecent takes the rows that were delivered last as they are now, as the fingerprints
// do, if they are among those that have changed: it is these that a database which goes
// back must have. If they cannot be read, the fingerprints decide then.
func (p *poller) renewRecent(ctx context.Context, changes []recheck.Change) {
	rows := p.store.recent.Rows()
	if len(rows) == 0 || !slices.ContainsFunc(changes, func(c recheck.Change) bool { return c.Last >= rows[0].ID }) {
		return
	}
	after, more := rows[0].ID-1, true
	rows = rows[:0]
	for more && len(rows) < maxRenewed {
		var now []registry.RowUID
		var err error
		if now, more, err = p.source.RowUIDs(ctx, after, maxRecheckRows, nil); err != nil {
			return
		}
		for _, r := range now {
			if after = r.ID; after > p.cursor.ID {
				more = false
				break
			}
			if row, ok := checkpoint.NewRow(r.ID, r.UID); ok {
				rows = append(rows, row)
			}
		}
		more = more && len(now) > 0
	}
	p.store.recent.Replace(rows)
}

// maxRenewed bounds how many rows are read for that: some may have been inserted.
const maxRenewed = 16 * checkpoint.RecentRows
