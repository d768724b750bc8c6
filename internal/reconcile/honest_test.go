// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// concurrent is how many requests a registry works on at once.
const concurrent = 8

// honestRegistry commits rows in another order than their leaves are written in,
// as concurrent requests do, and writes leaves in pieces that end anywhere.
type honestRegistry struct {
	log    *log
	random *rand.Rand
	next   int64  // leaf
	rest   []byte // of a line that is written by half
	lastID int64

	open []translator.Event // leaf written, row not
}

// work writes so many leaves and half of another one, and returns the rows that
// were committed meanwhile. A row is, once its leaf is written.
func (r *honestRegistry) work(leaves int, rows []translator.Event) []translator.Event {
	text := r.rest
	rows = rows[:0]
	for range leaves {
		if r.next == honestLeaves {
			break
		}
		if r.rest == nil {
			text = appendLine(text, r.next)
		}
		r.rest = nil
		if isBeacon(r.next) {
			r.open = append(r.open, eventOf(r.next))
		}
		r.next++
		if len(r.open) == concurrent {
			rows = r.commit(rows)
		}
	}
	for r.next == honestLeaves && len(r.open) > 0 {
		rows = r.commit(rows)
	}
	if r.rest == nil && r.next < honestLeaves {
		line := appendLine(nil, r.next)
		half := r.random.IntN(len(line))
		text, r.rest = append(text, line[:half]...), line[half:]
	}
	r.log.write(text)
	return rows
}

func (r *honestRegistry) commit(rows []translator.Event) []translator.Event {
	i := r.random.IntN(len(r.open))
	rows = append(rows, r.open[i])
	r.open = slices.Delete(r.open, i, i+1)
	r.lastID++
	rows[len(rows)-1].ID = r.lastID
	return rows
}

// A million honest rows give no finding, whatever order they are committed in,
// with the last line cut anywhere, and with starts in between.
func TestHonestRegistry(t *testing.T) {
	r := &honestRegistry{log: newLog(t), random: rand.New(rand.NewPCG(1, 2))}
	clock, saved := newClock(), &store{}
	reconciler := r.log.open(clock, saved, time.Minute)
	var rows []translator.Event
	verified := 0
	for r.next < honestLeaves {
		clock.now = clock.now.Add(time.Second)
		rows = r.work(1+r.random.IntN(2000), rows)
		reconciler.Check(t.Context(), rows)
		for i := range rows {
			if rows[i].TlogStatus != translator.TlogStatusVerified { // faster than to require it, a million times
				require.Fail(t, "a row is "+rows[i].TlogStatus, "row %d of leaf %d", rows[i].ID, rows[i].TlogIndex)
			}
		}
		verified += len(rows)
		require.Empty(t, reconciler.Findings())
		saved.save(t, reconciler, r.lastID)
		switch r.random.IntN(20) {
		case 0:
			require.NoError(t, reconciler.Close())
			reconciler = r.log.open(clock, saved, time.Minute)
		case 1, 2, 3, 4:
			reconciler.Idle(t.Context())
			require.Empty(t, reconciler.Findings())
			saved.save(t, reconciler, r.lastID)
		}
	}
	clock.now = clock.now.Add(time.Hour)
	reconciler.Idle(t.Context())
	clock.now = clock.now.Add(time.Hour)
	reconciler.Idle(t.Context())
	require.Empty(t, reconciler.Findings())
	require.Equal(t, honestLeaves-honestLeaves/25, verified)
	require.Equal(t, int64(honestLeaves), reconciler.Size())
}
