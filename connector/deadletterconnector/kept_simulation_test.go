// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package deadletterconnector

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A reader of one partition that gives the next message only when the last one is
// delivered, as the receiver `kafka` does, restarts that forget what was committed last,
// a storage that fails at times, and destinations that refuse records and are down at
// times: it comes to its end, and each record was delivered or refused.
func TestKeptSimulation(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { simulateKept(t, seed) })
		})
	}
}

func simulateKept(t *testing.T, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 3))
	storage := newStorage()
	pipes := map[string]*pipe{"a": newPipe("a"), "r": newPipe("r")}
	c := &chance{random: rand.New(rand.NewPCG(seed, 1)), err: []error{errUnknown, errContent}[random.IntN(2)]}
	pipes["a"].answer = c.answer
	pipes["r"].answer = func(ctx context.Context, _ []string) error { return c.answer(ctx, []string{"good"}) }
	start := func() *setup {
		s := newSetup(t).withStorage(storage)
		s.pipes = pipes
		return s.start()
	}
	var messages [][]string
	for n := range 60 {
		var uids []string
		size := 1 + random.IntN(2)
		if random.IntN(10) == 0 {
			size = 1 + random.IntN(30)
		}
		for i := range size {
			uid := fmt.Sprintf("%d-%d", n, i)
			if n < 50 && random.IntN(3) == 0 { // the last show that it accepts others
				uid += "-bad"
			}
			uids = append(uids, uid)
		}
		messages = append(messages, uids)
	}
	s := start()
	restarts, began := 0, time.Now()
	for n := 0; n < len(messages); n++ {
		storage.fail(nil)
		if random.IntN(5) == 0 {
			storage.fail(fmt.Errorf("disk full"))
		}
		limit := 30 * time.Minute // then the partition moves away and back
		if random.IntN(5) == 0 {
			limit = time.Duration(random.IntN(180)) * time.Second
		}
		ctx, cancel := context.WithTimeout(kafkaContext(t.Context(), "t", 0, int64(n)), limit)
		err := s.connector.ConsumeLogs(ctx, logsOf(messages[n]...))
		cancel()
		restart := random.IntN(8) == 0
		if restart {
			storage.fail(nil)
			s.shutdown()
			s = start()
			restarts++
		}
		if err != nil || restart && random.IntN(2) == 0 {
			n-- // it was not committed
		}
		require.Less(t, time.Since(began), 30*24*time.Hour)
	}
	storage.fail(nil)
	time.Sleep(time.Hour)
	kept := len(storage.kept())
	for i := 0; s.gauge(keptRecordsMetric) > 0; i++ { // the storage may still have what could not be deleted
		require.Less(t, i, 20+3*kept, "each needs something that is accepted")
		require.NoError(t, s.connector.ConsumeLogs(t.Context(), logsOf(fmt.Sprintf("evidence-%d", i))))
		time.Sleep(61 * time.Second)
	}
	synctest.Wait()
	refused := s.refusedByTarget("r")["logs/a"]
	accepted := pipes["a"].acceptedUIDs()
	for _, uids := range messages {
		for _, uid := range uids {
			assert.Positive(t, accepted[uid]+refused[uid], "%s is lost", uid)
			if strings.Contains(uid, "bad") {
				assert.Positive(t, refused[uid], uid)
			}
		}
	}
	s.shutdown()
	t.Log(time.Since(began), restarts, kept, pipes["a"].count())
}
