// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/recheck"
	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

const (
	// maxRecheckRows bounds the rows of a slice, which takes less than a millisecond.
	maxRecheckRows = 512
	// minCycle is the least time from the begin of a cycle to that of the next.
	minCycle = 10 * time.Second
	// recheckSaveInterval is how often it is saved how far the check got, if nothing
	// else is.
	recheckSaveInterval = time.Minute
)

// recheckState is what the poller knows of the check of delivered rows.
type recheckState struct {
	due    time.Time // when to look at rows next
	saved  time.Time // when it was saved last how far the check got
	buffer []registry.RowUID
	off    bool // the table cannot be read in parts
}

// turnRecheck looks at some of the rows that were delivered, if it is time to. A failure
// to read is not reported: reading new rows fails as well.
func (p *poller) turnRecheck(ctx context.Context) {
	check, now := p.store.background.check, p.now()
	if check == nil || p.recheck.off || now.Before(p.recheck.due) {
		return
	}
	if _, _, ok := check.Range(); !ok {
		p.recheck.due = now.Add(time.Second) // nothing was delivered yet
		return
	}
	if p.recheck.saved.IsZero() {
		p.recheck.saved = now
	}
	rows := p.recheckRows()
	p.recheck.due = now.Add(time.Duration(float64(rows) / float64(p.config.Recheck.Rate) * float64(time.Second)))
	found, err := p.lookAtRows(ctx, check, rows)
	if err != nil {
		check.Restart()
		p.recheck.due = now.Add(max(maxRetryInterval, p.config.PollInterval))
		return
	}
	took, ended := check.Cycle(now)
	if ended {
		p.telemetry.gauges.setRecheckCycle(took)
		p.recheck.due = later(p.recheck.due, now.Add(minCycle-took))
	}
	if found || ended || now.Sub(p.recheck.saved) >= recheckSaveInterval {
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

// recheckPause is how long there are no rows to look at again.
func (p *poller) recheckPause(now time.Time) time.Duration {
	if !p.started || p.store.background.check == nil || p.recheck.off {
		return math.MaxInt64
	}
	return p.recheck.due.Sub(now)
}

// lookAtRows reads at most n rows of a block, and reports whether something was found.
func (p *poller) lookAtRows(ctx context.Context, check *recheck.Check, n int) (found bool, err error) {
	after, last, _ := check.Range()
	if last-after < int64(n) {
		n = int(last-after) + 1 // and the row behind the block
	}
	clear(p.recheck.buffer)
	rows, more, err := p.source.RowUIDs(ctx, after, n, p.recheck.buffer)
	if err != nil {
		return false, p.recheckFailed(err)
	}
	p.recheck.buffer = rows
	next := p.take(ctx, check, rows, last)
	if next == 0 && !more {
		next = math.MaxInt64
		check.End()
	}
	if check.Look(next) != recheck.Differs {
		return false, nil
	}
	return p.decide(ctx, check)
}

// take passes the rows to the check, and returns the id of the first behind the block.
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

// decide reports what has changed in a block.
func (p *poller) decide(ctx context.Context, check *recheck.Check) (found bool, err error) {
	if err := p.unreplaced(ctx); err != nil {
		return false, err
	}
	lowest, _, err := p.source.RowUIDs(ctx, 0, 1, nil)
	if err != nil {
		return false, err
	}
	var id int64
	if len(lowest) > 0 {
		id = lowest[0].ID
	}
	changes := check.Decide(id)
	for i := range changes {
		p.reportChange(ctx, &changes[i])
	}
	p.renewRecent(ctx, changes)
	return len(changes) > 0, nil
}

// renewRecent takes the rows that were delivered last as they are now, as the digests do,
// if they are among those that have changed: it is these that a database which goes back
// must have. If they cannot be read, some rows are delivered again then.
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
