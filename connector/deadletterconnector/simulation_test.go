// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package deadletterconnector

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
)

// chance is a destination that refuses some records, and is down at times.
type chance struct {
	mu     sync.Mutex
	random *rand.Rand
	err    error // for poisoned records
}

var outages = []error{errUnknown, errContent, errDestination, errRetryable, errBusy}

func (c *chance) answer(ctx context.Context, uids []string) error {
	c.mu.Lock()
	delay := time.Duration(c.random.IntN(200)) * time.Millisecond
	down := c.random.IntN(100) < 10
	outage := outages[c.random.IntN(len(outages))]
	partial := c.random.IntN(3) == 0
	c.mu.Unlock()
	select {
	case <-time.After(delay):
	case <-ctx.Done():
		return ctx.Err()
	}
	if down {
		return outage
	}
	poisoned := func(uid string) bool { return strings.Contains(uid, "bad") }
	if !slices.ContainsFunc(uids, poisoned) {
		return nil
	}
	if !partial {
		return c.err
	}
	return consumererror.NewPermanent(refusal{class: "content", accepted: slices.DeleteFunc(slices.Clone(uids), poisoned)})
}

// Many calls, targets that refuse records, fail at random and accept in part, refused
// pipelines that fail, calls that are given up: of a call that returns nil each target
// has each record exactly once, or each refused pipeline has. Of one that does not,
// nothing was in vain: what is sent again is delivered.
func TestSimulation(t *testing.T) {
	for seed := range uint64(30) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { simulate(t, seed) })
		})
	}
}

func simulate(t *testing.T, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 2))
	s := newSetup(t, "a", "b")
	s.addRefused("q")
	s.start()
	defer s.shutdown()
	for i, name := range []string{"a", "b", "q"} {
		c := &chance{random: rand.New(rand.NewPCG(seed, uint64(i))), err: []error{errUnknown, errContent, errRetryable}[random.IntN(3)]}
		s.pipes[name].answer = c.answer
		if name == "q" {
			s.pipes[name].answer = func(ctx context.Context, _ []string) error { return c.answer(ctx, []string{"good"}) }
		}
	}
	start := time.Now()
	var wg sync.WaitGroup
	sent := &sentRecords{again: map[string]int{}}
	for partition := range 4 {
		messages := randomMessages(random, partition)
		sent.uids = slices.Concat(append(messages, sent.uids)...)
		ends := random.IntN(3) == 0
		wg.Go(func() { sent.sendAll(t, s, messages, ends) })
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() { // the evidence of a partition that never ends
		defer close(stopped)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Second):
			}
			assert.NoError(t, s.connector.ConsumeLogs(t.Context(), logsOf(fmt.Sprintf("evidence-%d", i))))
		}
	}()
	wg.Wait()
	close(stop)
	<-stopped
	t.Log(time.Since(start), s.pipes["a"].count(), s.pipes["b"].count())
	refusedByTarget := s.refusedByTarget("r")
	for target, uids := range refusedByTarget {
		require.Len(t, s.refusedByTarget("q")[target], len(uids))
	}
	for _, name := range []string{"a", "b"} {
		accepted, refused := s.pipes[name].acceptedUIDs(), refusedByTarget["logs/"+name]
		for _, uid := range sent.uids {
			times := accepted[uid] + refused[uid]
			require.GreaterOrEqual(t, times, 1, "%s: %s is lost", name, uid)
			require.LessOrEqual(t, times, 1+sent.again[uid], "%s: %s is repeated", name, uid)
			if strings.Contains(uid, "bad") {
				require.Positive(t, refused[uid], uid)
			}
		}
	}
}

// randomMessages are those of a partition. Some records are bad.
func randomMessages(random *rand.Rand, partition int) (messages [][]string) {
	for n := range 10 {
		var uids []string
		for i := range 1 + random.IntN(20) {
			uid := fmt.Sprintf("%d-%d-%d", partition, n, i)
			if random.IntN(15) == 0 {
				uid += "-bad"
			}
			uids = append(uids, uid)
		}
		messages = append(messages, uids)
	}
	return messages
}

// sentRecords are the records of all partitions.
type sentRecords struct {
	uids []string

	mu    sync.Mutex
	again map[string]int // how often a record was sent again, for a call that ended
}

// sendAll sends the messages of a partition, one after another. With ends, one call ends
// early, and its message is sent again.
func (r *sentRecords) sendAll(t *testing.T, s *setup, messages [][]string, ends bool) {
	send := func(uids []string, limit time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		return s.connector.ConsumeLogs(ctx, logsOf(uids...))
	}
	for n, uids := range messages {
		if ends && n == 5 {
			if send(uids, 100*time.Millisecond) == nil {
				continue
			}
			r.mu.Lock()
			for _, uid := range uids {
				r.again[uid]++
			}
			r.mu.Unlock()
		}
		if !assert.NoError(t, send(uids, 6*time.Hour), "%v", uids) {
			return
		}
	}
}

// refusedByTarget are the uids that a refused pipeline has, by the target.
func (s *setup) refusedByTarget(name string) map[string]map[string]int {
	refused := map[string]map[string]int{}
	for _, logs := range s.pipes[name].logs {
		attributes := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes()
		target, _ := attributes.Get(attributePipeline)
		uid, _ := attributes.Get(attributeUID)
		if refused[target.Str()] == nil {
			refused[target.Str()] = map[string]int{}
		}
		refused[target.Str()][uid.Str()]++
	}
	return refused
}
