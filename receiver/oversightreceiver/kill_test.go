// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

// killer is a storage in which the process dies at a write: nothing is stored after it,
// and nothing is delivered.
type killer struct {
	*refusalSetup
	dead   atomic.Bool
	writes int // in this life
}

// arm lets the process die at a write, from 1 on, after it was stored or before.
func (k *killer) arm(write int, stored bool) {
	k.dead.Store(false)
	first := 0
	k.memory.setErr = func(call int) (error, bool) {
		if first == 0 {
			first = call
		}
		k.writes = call - first + 1
		switch {
		case k.dead.Load():
			return errDisk, false
		case k.writes == write:
			k.dead.Store(true)
			return errDisk, stored
		default:
			return nil, false
		}
	}
}

func newKiller(t *testing.T, rows int, refuse func(request) error) *killer {
	k := &killer{refusalSetup: newRefusalSetup(t, rows)}
	k.config.BatchSize = 4
	k.dest.answer = func(r request) error {
		if k.dead.Load() {
			return errUnavailable // nobody is there to send
		}
		return refuse(r)
	}
	return k
}

// refuseSome refuses an event in three whole, and one in seven in every form.
func refuseSome(r request) error {
	for i := range r.events {
		if e := &r.events[i]; e.ID%7 == 0 || e.ID%3 == 0 && !isReduced(e) {
			return errBadRequest
		}
	}
	return nil
}

// live runs the receiver until it dies, or has passed all rows.
func (k *killer) live(rows int64) (died bool) {
	k.t.Helper()
	stop := k.run()
	k.eventually(func(c *assert.CollectT) {
		if !k.dead.Load() {
			assert.NotEmpty(c, k.memory.stored())
			assert.Equal(c, rows, k.cursor(c))
		}
	})
	stop()
	return k.dead.Load()
}

// finish lets the destination accept everything, and checks that nothing was lost.
func (k *killer) finish(rows int64, mayRepeat int) {
	k.t.Helper()
	k.memory.setErr = nil
	k.dead.Store(false)
	k.dest.set(nil)
	stop := k.run()
	k.waitForWhole(idRange(1, rows))
	k.eventually(func(c *assert.CollectT) {
		assert.Empty(c, k.kept(newQuarantine()))
		assert.Empty(c, k.kept(newOwed()))
	})
	stop()
	_, repeated := k.dest.whole()
	assert.LessOrEqual(k.t, repeated, mayRepeat)
}

// At whatever write the process dies, stored or not, nothing is lost, and at most one
// batch is repeated.
func TestDiesAtEachWrite(t *testing.T) {
	const rows = 26 // the last ones are accepted
	for _, stored := range []bool{false, true} {
		for write := 1; ; write++ {
			died := false
			t.Run(fmt.Sprintf("write %d/stored %t", write, stored), func(t *testing.T) {
				k := newKiller(t, rows, refuseSome)
				k.arm(write, stored)
				if died = k.live(rows); died {
					k.arm(0, false)
					require.False(t, k.live(rows))
				}
				assert.Equal(t, []int64{7, 14, 21}, k.kept(newQuarantine()))
				assert.Equal(t, []int64{3, 6, 9, 12, 15, 18, 24}, k.kept(newOwed()))
				k.finish(rows, k.config.BatchSize)
			})
			if !died || t.Failed() {
				require.Greater(t, write, 20, "this run has fewer writes than it should")
				break
			}
		}
	}
}

// A hundred deaths, each at one of the next writes, with refusals going on.
func TestDiesAHundredTimes(t *testing.T) {
	const rows = 1000
	random := rand.New(rand.NewPCG(7, 7))
	k := newKiller(t, rows, refuseSome)
	deaths := 0
	for deaths < 100 {
		k.arm(1+random.IntN(5), random.IntN(2) == 0)
		if k.live(rows) {
			deaths++
			continue
		}
		t.Fatalf("passed all rows after %d deaths", deaths)
	}
	k.finish(rows, deaths*k.config.BatchSize)
}

// A save that fails is made up for by the next: nothing of what it had is forgotten.
func TestFailedSavesAreMadeUpFor(t *testing.T) {
	for _, stored := range []bool{false, true} {
		t.Run(fmt.Sprintf("stored %t", stored), func(t *testing.T) {
			k := newKiller(t, 26, refuseSome)
			k.memory.setErr = func(call int) (error, bool) { return errOr(call%3 != 0), stored }
			require.False(t, k.live(26))
			assert.Equal(t, []int64{7, 14, 21}, k.kept(newQuarantine()))
			assert.Equal(t, []int64{3, 6, 9, 12, 15, 18, 24}, k.kept(newOwed()))
			k.finish(26, 0)
		})
	}
}

// Ids that are assigned again do not hide a row behind one that was done ahead.
func TestDoneAheadOfAnotherRow(t *testing.T) {
	s := newRefusalSetup(t, 3)
	reject := func(r request) error {
		if r.has("t1", "t2") || slices.ContainsFunc(r.events, func(e event) bool { return isReduced(&e) }) {
			return errBadRequest
		}
		return nil
	}
	ahead := make(chan struct{})
	s.dest.answer = func(r request) error {
		select {
		case <-ahead:
			return errUnauthorized
		default:
		}
		err := reject(r)
		if err == nil && r.has("t3") {
			close(ahead)
		}
		return err
	}
	stop := s.run()
	s.eventually(func(c *assert.CollectT) { assert.Contains(c, s.memory.keys(), "done_ahead") })
	stop()
	execute(t, s.config.Database, "DELETE FROM events WHERE id = 3", "INSERT INTO events(id, token_id, kind, timestamp) VALUES (3, 'other', 'dns', 1735000099)")
	s.dest.set(nil)
	s.run()
	s.eventually(func(c *assert.CollectT) {
		s.dest.mu.Lock()
		defer s.dest.mu.Unlock()
		tokens := map[string]int{}
		for i := range s.dest.events {
			if !isReduced(&s.dest.events[i]) {
				tokens[s.dest.events[i].TokenID]++
			}
		}
		assert.Equal(c, map[string]int{"t1": 1, "t2": 1, "t3": 1, "other": 1}, tokens)
	})
	assert.Len(t, s.logs.FilterMessageSnippet("A row has the id of one that was delivered ahead").All(), 1)
	s.eventually(func(c *assert.CollectT) { assert.NotContains(c, s.memory.keys(), "done_ahead") })
}

// Ids that are assigned again do not make a new row of one in quarantine, and not the
// other way round.
func TestQuarantineOfAnotherRow(t *testing.T) {
	s := newRefusalSetup(t, 5)
	s.dest.answer = refuseTokens(true, "t2")
	stop := s.run()
	s.eventually(func(c *assert.CollectT) {
		assert.NotEmpty(c, s.memory.stored())
		assert.Equal(c, int64(5), s.cursor(c))
	})
	stop()
	execute(t, s.config.Database, "UPDATE events SET token_id = 'other' WHERE id = 2")
	s.dest.set(nil)
	s.run()
	s.eventually(func(c *assert.CollectT) { assert.Empty(c, s.kept(newQuarantine())) })
	assert.Len(t, s.logs.FilterMessageSnippet("its row was deleted or changed").All(), 1)
	s.dest.mu.Lock()
	defer s.dest.mu.Unlock()
	assert.False(t, slices.ContainsFunc(s.dest.events, func(e event) bool { return strings.HasPrefix(e.TokenID, "other") }))
}

// Another database takes the refused events of the one before with it.
func TestReplacedDatabaseTakesRefusedEvents(t *testing.T) {
	s := newRefusalSetup(t, 50)
	s.dest.answer = refuseTokens(true, "t10")
	s.run()
	s.eventually(func(c *assert.CollectT) { assert.NotEmpty(c, s.kept(newQuarantine())) })
	execute(t, s.config.Database, "DELETE FROM events", "DELETE FROM sqlite_sequence", insert("o", 4))
	s.eventually(func(c *assert.CollectT) {
		assert.Empty(c, s.kept(newQuarantine()))
		assert.Equal(c, int64(4), s.cursor(c))
	})
	// It may be found first that the row is gone, or that the database was replaced.
	assert.Len(t, s.logs.FilterMessageSnippet("Gave up ").All(), 1)
}

// The end of the table at the first start counts, even if it cannot be read then.
func TestStartAtEndOfUnreadableDatabase(t *testing.T) {
	s := newSetup(t, newDatabase(t, insert("t", 7)))
	hidden := s.config.Database + ".hidden"
	rename(t, s.config.Database, hidden)
	writeFile(t, s.config.Database, strings.Repeat("this is no database\n", 100))
	s.config.StartAt = StartAtEnd
	stop := s.start(t)
	s.eventuallyStored(t, `"first_start":`)
	stop()
	rename(t, hidden, s.config.Database)
	execute(t, s.config.Database, fmt.Sprintf("INSERT INTO events(token_id, kind, timestamp) VALUES ('new', 'dns', %d)", time.Now().Add(time.Minute).Unix()))
	s.restart(t, []string{"new"})
	assert.NotContains(t, s.memory.stored(), "first_start")
	execute(t, s.config.Database, insert("n", 1))
	s.restart(t, []string{"n1"})
}

// All that appears in a database that did not exist at the first start is new.
func TestStartAtEndOfMissingDatabase(t *testing.T) {
	s := newSetup(t, newDatabase(t, insert("t", 7)))
	hidden := s.config.Database + ".hidden"
	rename(t, s.config.Database, hidden)
	s.config.StartAt = StartAtEnd
	stop := s.start(t)
	s.eventuallyStored(t, `"id":0`)
	stop()
	rename(t, hidden, s.config.Database)
	s.restart(t, tokenRange("t", 1, 7))
}

// A damaged list of refused events does not lose them: everything is read again.
func TestDamagedQuarantineReadsEverything(t *testing.T) {
	for _, key := range []string{"quarantine", "quarantine/0", "owed", "owed/0", "done_ahead"} {
		t.Run(key, func(t *testing.T) {
			k := newKiller(t, 26, refuseSome)
			k.arm(0, false)
			require.False(t, k.live(26))
			k.memory.data[key] = []byte("garbage")
			k.dest.events = nil
			k.finish(26, 0)
			assert.Len(t, k.logs.FilterMessage("The checkpoint is damaged: reading from the beginning").All(), 1)
			if key != "quarantine" { // which alone knows its pages: a later one takes the place of this
				assert.NotContains(t, k.memory.keys(), "quarantine/0")
			}
			assert.NotContains(t, k.memory.keys(), "done_ahead")
		})
	}
}

// loopingSource returns rows, and a position that is where it was.
type loopingSource struct{ source }

func (loopingSource) Changed() (bool, error) { return true, nil }

func (loopingSource) Read(_ context.Context, cursor registry.Cursor, _ int, _ []event) (registry.Batch, error) {
	return registry.Batch{Events: make([]event, 3), Next: cursor, More: true}, nil
}

// A batch after which the position is the same is an error, and not delivered for ever.
func TestBatchWithoutProgress(t *testing.T) {
	s := newRefusalSetup(t, 0)
	p := &poller{config: s.config, source: loopingSource{}, cursor: registry.Cursor{ID: 7, UID: "x"}}
	err := p.readBatch(t.Context())
	require.ErrorContains(t, err, s.config.Database)
	require.ErrorContains(t, err, "the rows after id 7 leave the position where it is")
	assert.True(t, p.pending.empty())
}
