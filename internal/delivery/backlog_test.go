// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/delivery"
)

// kept is the owner of a backlog: the entries, the clock, and a destination.
type kept struct {
	t        *testing.T
	backlog  *delivery.Backlog
	entries  []delivery.Entry
	now      time.Time
	answer   func(uids []string) error
	requests [][]string
	accepted map[string]int
}

func newKept(t *testing.T, answer func(uids []string) error, reasons ...string) *kept {
	k := &kept{t: t, answer: answer, now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), accepted: map[string]int{}}
	for i, reason := range reasons {
		k.entries = append(k.entries, delivery.Entry{UID: fmt.Sprint(i), Reason: reason})
	}
	k.backlog = delivery.NewBacklog(delivery.Settings{MaxRows: 100, Now: func() time.Time { return k.now }})
	return k
}

func (k *kept) step() delivery.BacklogStep {
	entries := slices.Clone(k.entries)
	before := len(k.requests)
	step := k.backlog.Step(k.t.Context(), entries, func(_ context.Context, indexes []int) error {
		var uids []string
		for _, i := range indexes {
			uids = append(uids, entries[i].UID)
		}
		k.requests = append(k.requests, uids)
		err := k.answer(uids)
		if err == nil {
			for _, uid := range uids {
				k.accepted[uid]++
			}
		}
		return err
	})
	require.LessOrEqual(k.t, len(k.requests)-before, 1)
	for _, i := range step.Delivered {
		require.Positive(k.t, k.accepted[entries[i].UID])
		k.entries = slices.DeleteFunc(k.entries, func(e delivery.Entry) bool { return e.UID == entries[i].UID })
	}
	for _, i := range step.Refused {
		require.Zero(k.t, k.accepted[entries[i].UID])
		require.Error(k.t, step.Err)
	}
	for uid, n := range k.accepted {
		require.Equal(k.t, 1, n, uid)
	}
	return step
}

// round steps until nothing is due, and returns how many requests that took.
func (k *kept) round() int {
	before := len(k.requests)
	for range 100_000 {
		if k.backlog.Wait() > 0 {
			return len(k.requests) - before
		}
		k.step()
	}
	require.Fail(k.t, "a round has no end")
	return 0
}

func reasons(count int, reason string) []string { return slices.Repeat([]string{reason}, count) }

func acceptAll([]string) error { return nil }

func TestBacklogIsDeliveredInGrowingWindows(t *testing.T) {
	k := newKept(t, acceptAll, reasons(4096, "no index")...)
	assert.LessOrEqual(t, k.round(), 50)
	assert.Empty(t, k.entries)
	assert.Len(t, k.requests[0], 1, "one is probed first")
}

// One entry is sent for each reason, and again an hour later.
func TestBacklogProbesOneForEachReason(t *testing.T) {
	var all []string
	for i := range 300 {
		all = append(all, fmt.Sprintf("400: value %d is too long (request id %04xa7)", i, i), "403: no such index")
	}
	k := newKept(t, func([]string) error { return errContent }, all...)
	assert.Equal(t, 2, k.round(), "numbers do not make reasons")
	assert.Equal(t, time.Hour, k.backlog.Wait())
	k.now = k.now.Add(time.Hour - 1)
	assert.Zero(t, k.round())
	k.now = k.now.Add(1)
	assert.Equal(t, 2, k.round())
	assert.NotEqual(t, k.requests[:2], k.requests[2:], "others than before")
	k.backlog.Retry()
	assert.Zero(t, k.backlog.Wait())
	assert.Equal(t, 2, k.round())
}

// An entry that is to blame itself does not keep the others of its reason back.
func TestBacklogOfWhichSomeAreToBlame(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for range 15 {
		bad := map[string]bool{}
		for range random.IntN(30) {
			bad[fmt.Sprint(random.IntN(500))] = true
		}
		k := newKept(t, func(uids []string) error {
			for _, uid := range uids {
				if bad[uid] {
					return errContent
				}
			}
			return nil
		}, reasons(500, "no")...)
		for range 1 + len(bad) {
			assert.LessOrEqual(t, k.round(), 30+30*10)
			k.now = k.now.Add(time.Hour)
		}
		require.Len(t, k.entries, len(bad), "only these are left")
	}
}

// A thousand reasons cost a bounded number of requests an hour, and each has its
// turn.
func TestBacklogOfManyReasons(t *testing.T) {
	var all []string
	for i := range 1000 {
		all = append(all, "reason "+string(rune('a'+i%26))+string(rune('a'+i/26%26))+string(rune('a'+i/676)))
	}
	k := newKept(t, func([]string) error { return errContent }, all...)
	for range 1 + 1000/64 {
		assert.LessOrEqual(t, k.round(), 64)
		k.now = k.now.Add(time.Hour)
	}
	probed := map[string]bool{}
	for _, r := range k.requests {
		probed[r[0]] = true
	}
	assert.Len(t, probed, 1000)
}

// An outage costs three requests.
func TestBacklogInAnOutage(t *testing.T) {
	for _, err := range []error{errRetryable, errDestination} {
		k := newKept(t, func([]string) error { return err }, "a", "b", "c", "d", "e", "f")
		assert.Equal(t, 3, k.round())
		assert.Len(t, k.entries, 6)
		k.answer = acceptAll
		k.backlog.Retry()
		k.round()
		assert.Empty(t, k.entries)
	}
}

// A reason that is answered with 503 does not keep the others back.
func TestBacklogReasonsAreIndependent(t *testing.T) {
	k := newKept(t, func(uids []string) error {
		if uids[0] == "0" {
			return errRetryable
		}
		return nil
	}, "a", "b", "b", "b", "c")
	k.round()
	assert.Len(t, k.entries, 1)
}

func TestBacklogNamesWhatIsRefused(t *testing.T) {
	k := newKept(t, func(uids []string) error {
		if slices.Contains(uids, "2") {
			return errContent
		}
		return nil
	}, reasons(5, "no")...)
	var refused []int
	for k.backlog.Wait() == 0 {
		step := k.step()
		refused = append(refused, step.Refused...)
	}
	assert.Len(t, refused, 1)
	assert.Equal(t, []delivery.Entry{{UID: "2", Reason: "no"}}, k.entries)
}

func TestBacklogWithoutEntries(t *testing.T) {
	k := newKept(t, acceptAll)
	assert.Zero(t, k.backlog.Wait())
	assert.Zero(t, k.round())
	assert.Equal(t, time.Hour, k.backlog.Wait())
}

// While the context ends, nothing is learned.
func TestBacklogContextEnds(t *testing.T) {
	k := newKept(t, nil, "a", "b")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	step := k.backlog.Step(ctx, k.entries, func(ctx context.Context, _ []int) error { return ctx.Err() })
	assert.Empty(t, step.Delivered)
	assert.Empty(t, step.Refused)
	require.ErrorIs(t, step.Err, context.Canceled)
	k.answer = acceptAll
	k.round()
	assert.Empty(t, k.entries)
}

// What an error names as accepted is not sent again.
func TestBacklogPartlyAccepted(t *testing.T) {
	k := newKept(t, nil, reasons(50, "no")...)
	k.answer = func(uids []string) error {
		if len(uids) < 4 {
			return nil
		}
		p := partialUIDs{errors.New("throttled"), uids[:3]}
		for _, uid := range p.uids {
			k.accepted[uid]++
		}
		return p
	}
	k.round()
	assert.Empty(t, k.entries)
}

type partialUIDs struct {
	error
	uids []string
}

func (p partialUIDs) AcceptedRecords() []string { return p.uids }
