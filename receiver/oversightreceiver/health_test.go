// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/oversight-protocol/oversight-otelcol/internal/treehead"
	"github.com/oversight-protocol/oversight-otelcol/receiver/oversightreceiver/internal/metadata"
)

// A failure that lasts is logged every five minutes, though the text of its error
// is another one each time.
func TestFailureIsLoggedByClassAndTime(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	now := time.Unix(0, 0)
	h := newHealth(newHost(), zap.New(core))
	h.now = func() time.Time { return now }
	for i := range 601 { // ten minutes
		h.recoverable(failureDeliver, fmt.Errorf("503, request id %d", i))
		if i%2 == 0 {
			h.recoverable(failureRead, fmt.Errorf("locked at %s", now))
		}
		now = now.Add(time.Second)
	}
	assert.Equal(t, 3, logs.FilterMessage(string(failureDeliver)).Len())
	assert.Equal(t, 3, logs.FilterMessage(string(failureRead)).Len())
	for range 2 {
		h.resolved(failureDeliver, failureRead)
	}
	recovered := logs.FilterMessage("Recovered").All()
	require.Len(t, recovered, 2)
	assert.Equal(t, map[string]any{"failure": string(failureDeliver), "after": 601 * time.Second, "attempts": int64(601)}, recovered[0].ContextMap())
	assert.Equal(t, map[string]any{"failure": string(failureRead), "after": 601 * time.Second, "attempts": int64(301)}, recovered[1].ContextMap())
	h.recoverable(failureRead, fmt.Errorf("locked"))
	assert.Equal(t, 4, logs.FilterMessage(string(failureRead)).Len(), "a new failure is logged at once")
}

func TestStatusFollowsFailures(t *testing.T) {
	host := newHost()
	h := newHealth(host, zap.NewNop())
	h.recoverable(failureRead, errDisk)
	h.recoverable(failureRead, errDisk)
	assert.Len(t, host.statuses, 1)
	h.resolved(failureRead)
	h.permanent(errDisk)
	assert.Equal(t, componentstatus.StatusPermanentError, host.last().Status())
	assert.Len(t, host.statuses, 3)
}

// A status names all failures that last, and is OK when none does.
func TestStatusOfSeveralFailures(t *testing.T) {
	host := newHost()
	h := newHealth(host, zap.NewNop())
	h.recoverable(failureDeliver, errors.New("401"))
	h.recoverable(failureRead, errDisk)
	require.ErrorContains(t, host.last().Err(), "401")
	require.ErrorIs(t, host.last().Err(), errDisk)
	h.resolved(failureRead)
	assert.Equal(t, componentstatus.StatusRecoverableError, host.last().Status())
	require.EqualError(t, host.last().Err(), "401")
	h.recoverable(failureDeliver, errors.New("503"))
	require.EqualError(t, host.last().Err(), "503", "the newest error of the class")
	assert.Len(t, host.statuses, 1)
	h.resolved(failureDeliver)
	assert.Equal(t, componentstatus.StatusOK, host.last().Status())
	assert.Len(t, host.statuses, 2)
	require.EqualError(t, host.statuses[0].Err(), "503", "what failed last")
}

// The health check counts from the last report of a status: what differs at each
// attempt, or comes and goes while something else fails, is not reported again.
func TestStatusOfAFailureWithChangingWords(t *testing.T) {
	host := newHost()
	h := newHealth(host, zap.NewNop())
	for i := range 10 {
		h.recoverable(failureDeliver, fmt.Errorf("deliver event %d: request %d", i, i))
		h.recoverable(failureDeliverStuck, errDisk)
		h.resolved(failureDeliverStuck)
	}
	assert.Len(t, host.statuses, 1)
	require.EqualError(t, host.last().Err(), "deliver event 9: request 9")
}

// The collector accepts no status after a permanent error, or while it stops the
// receiver.
func TestNoStatusAfterTheLast(t *testing.T) {
	for name, end := range map[string]func(*health){
		"permanent": func(h *health) { h.permanent(errDisk) },
		"closed":    func(h *health) { h.close() },
	} {
		t.Run(name, func(t *testing.T) {
			host := newHost()
			h := newHealth(host, zap.NewNop())
			h.recoverable(failureRead, errDisk)
			end(h)
			statuses := len(host.statuses)
			h.recoverable(failureDeliver, errDisk)
			h.resolved(failureDeliver, failureRead)
			assert.Len(t, host.statuses, statuses)
		})
	}
}

// page is how many lines an operator reads.
const page = 60

// An outage of a day is a page of log, whether it lasts or comes and goes, and no
// failure goes uncounted.
func TestLogOfADay(t *testing.T) {
	for name, c := range map[string]struct {
		retry    time.Duration
		recovers int // after so many failures; 0: never
	}{
		"lasts":            {30 * time.Second, 0},
		"lasts, quickly":   {time.Second, 0},
		"comes and goes":   {30 * time.Second, 1},
		"now and then":     {time.Minute, 20},
		"every few hours":  {5 * time.Minute, 50},
		"a single failure": {24 * time.Hour, 1},
	} {
		t.Run(name, func(t *testing.T) {
			core, logs := observer.New(zap.InfoLevel)
			begin := time.Unix(1_700_000_000, 0)
			now := begin
			h := newHealth(newHost(), zap.New(core))
			h.now = func() time.Time { return now }
			failures := 0
			for now.Sub(begin) < 24*time.Hour {
				failures++
				h.recoverable(failureDeliver, fmt.Errorf("503, request id %d", failures))
				if c.recovers > 0 && failures%c.recovers == 0 {
					now = now.Add(time.Millisecond)
					h.resolved(failureDeliver)
				}
				now = now.Add(c.retry)
			}
			assert.LessOrEqual(t, logs.Len(), page)
			counted := int64(0)
			for _, line := range logs.FilterMessage(string(failureDeliver)).All() {
				counted += 1 + line.ContextMap()["suppressed"].(int64)
			}
			left := int64(h.limit(failureDeliver).suppressed)
			assert.EqualValues(t, failures, counted+left)
			assert.Equal(t, string(failureDeliver), logs.All()[0].Message, "at once")
		})
	}
}

// What does not return within ten seconds is a failure until it does.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.InfoLevel)
		host := newHost()
		h := newHealth(host, zap.New(core))
		what := func() string { return "delivering events 1 to 3" }
		returned := h.watch(failureDeliverStuck, what)
		time.Sleep(stuckAfter - 1)
		returned()
		time.Sleep(stuckAfter)
		assert.Empty(t, host.statuses, "in time")

		returned = h.watch(failureDeliverStuck, what)
		time.Sleep(time.Hour)
		synctest.Wait()
		assert.Equal(t, componentstatus.StatusRecoverableError, host.last().Status())
		require.EqualError(t, host.last().Err(), "delivering events 1 to 3 has not returned for 10s")
		assert.Equal(t, 1, logs.FilterMessage(string(failureDeliverStuck)).Len())
		returned()
		assert.Equal(t, componentstatus.StatusOK, host.last().Status())
		assert.Equal(t, 1, logs.FilterMessage("Recovered").Len())
		assert.Equal(t, 2, logs.Len())
	})
}

// A pipeline that returns an error in the end fails in two ways in turn. In between, no
// status is reported.
func TestWatchOfWhatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := newHost()
		h := newHealth(host, zap.NewNop())
		attempt := func(err error) {
			returned := h.watchDelivery(func() string { return "delivering" })
			time.Sleep(stuckAfter + 1)
			synctest.Wait()
			returned(err)
			if err != nil {
				h.recoverable(failureDeliver, err)
			} else {
				h.resolved(failureDeliver)
			}
		}
		for range 3 {
			attempt(errDisk)
		}
		require.Len(t, host.statuses, 1)
		require.EqualError(t, host.last().Err(), errDisk.Error(), "it has returned")
		attempt(nil)
		assert.Len(t, host.statuses, 2)
		assert.Equal(t, componentstatus.StatusOK, host.last().Status())
	})
}

// A page of HTML in an answer does not fill the log.
func TestLongErrorsAreCut(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	host := newHost()
	h := newHealth(host, zap.New(core))
	err := fmt.Errorf("%s: %w", strings.Repeat("é", 1<<20), errDisk)
	h.recoverable(failureDeliver, err)
	assert.Less(t, len(host.last().Err().Error()), 2*maxErrorBytes)
	require.ErrorIs(t, host.last().Err(), errDisk)
	assert.Less(t, len(logs.All()[0].ContextMap()["error"].(string)), 2*maxErrorBytes)
	h.permanent(err)
	assert.Less(t, len(host.last().Err().Error()), 2*maxErrorBytes)
	assert.Less(t, len(logs.All()[1].ContextMap()["error"].(string)), 2*maxErrorBytes)
}

func TestHealthIsSafeForConcurrentUse(t *testing.T) {
	host := newHost()
	h := newHealth(host, zap.NewNop())
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			for range 100 {
				h.recoverable(failureDeliver, errDisk)
				h.watch(failureFileStuck, func() string { return "reading" })()
				h.resolved(failureDeliver)
			}
		})
	}
	running.Wait()
	assert.Equal(t, componentstatus.StatusOK, host.last().Status())
}

// A registry that answers every other request is not logged all day.
func TestTreeHeadsThatComeAndGo(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	fetcher, err := treehead.New(http.DefaultClient, "https://registry.example.org")
	require.NoError(t, err)
	telemetry, err := newTelemetry(receivertest.NewNopSettings(metadata.Type))
	require.NoError(t, err)
	heads := &treeHeads{fetcher: fetcher, logger: zap.New(core), telemetry: telemetry, failing: newStateLine()}
	for range 24 * 60 / 10 {
		heads.report(t.Context(), errDisk)
		heads.report(t.Context(), errDisk)
		heads.report(t.Context(), nil)
	}
	assert.Equal(t, 2*lineBurst, logs.Len())
}

// Refused events are no failure: others are delivered. A status that is OK has their
// numbers as attributes.
func TestStatusHasRefusedEvents(t *testing.T) {
	host := newHost()
	h := newHealth(host, zap.NewNop())
	numbers := func() map[string]any { return host.last().Attributes().AsRaw() }
	h.setRefused(0, 0)
	assert.Empty(t, host.statuses)
	h.setRefused(2, 1)
	assert.Equal(t, componentstatus.StatusOK, host.last().Status())
	assert.Equal(t, map[string]any{"oversight.quarantined_events": int64(2), "oversight.owed_events": int64(1)}, numbers())
	h.recoverable(failureDeliver, errDisk)
	h.setRefused(3, 1)
	assert.Equal(t, componentstatus.StatusRecoverableError, host.last().Status())
	h.resolved(failureDeliver)
	assert.Equal(t, map[string]any{"oversight.quarantined_events": int64(3), "oversight.owed_events": int64(1)}, numbers())
	assert.Len(t, host.statuses, 3)
}
