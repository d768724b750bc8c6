// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// SIGKILL at any moment while events are refused: nothing is lost, and what is in
// quarantine stays there until the destination relents. A kill repeats no more than
// the batch that it interrupted. FAULT_KILLS is the number of kills.
func TestFaultKilledWhileRefusing(t *testing.T) {
	t.Parallel()
	const batch, perKill = 40, 70
	kills := 20
	if n, err := strconv.Atoi(os.Getenv("FAULT_KILLS")); err == nil {
		kills = n
	}
	rows := perKill * (kills + 1)
	all := beacons(rows, func(i int) string {
		if i%23 == 0 {
			return "poison"
		}
		return "Mozilla/5.0"
	})
	quarantined := rows / 69
	s := newFaultSite(t, writeRegistry(t, all[:perKill]))
	s.hec.refuseEvent = func(event map[string]any) bool {
		inner := event["event"].(map[string]any)
		id, err := strconv.Atoi(text(inner["event_id"]))
		return err != nil || inner["user_agent"] == "poison" || id%69 == 0 // of every third, the reduced form too
	}
	random := rand.New(rand.NewPCG(3, 4))
	changes := fmt.Sprintf("receivers: {oversight/splunk: {batch_size: %d, retry_on_failure: {initial_interval: 5ms, max_interval: 10ms}}}", batch)
	for kill := range kills {
		collector := s.run(nil, "splunk.yaml", changes)
		wanted := s.hec.requestCount() + 1 + random.IntN(100)
		written := perKill * (kill + 1)
		eventually(t, func() error {
			if len(compare(s.hec.arrivals(), written).missing) <= written/69 {
				return nil // everything has been sent
			}
			return errorIf(!s.hec.hasRequests(wanted), "too few requests")
		})
		// From the request to the end of the transaction that saves its answer.
		<-time.After(time.Duration(random.IntN(4000)) * time.Microsecond)
		collector.Kill()
		appendRows(t, s.databases[0], all[written:written+perKill]...)
	}
	collector := s.run(nil, "splunk.yaml", changes)
	waitForReport(t, s.hec, rows, func(r report) bool { return len(r.missing) == quarantined })
	collector.requireMetric(metricPrefix+"quarantined_events", "", func(v float64) bool { return v == float64(quarantined) })
	collector.interrupt()

	s.relent()
	collector = s.run(nil, "splunk.yaml", changes)
	r := waitForReport(t, s.hec, rows, func(r report) bool { return len(r.missing) == 0 && len(r.reduced) == 0 })
	t.Logf("%d kills, %d requests", kills, s.hec.requestCount())
	assert.LessOrEqual(t, r.repeated, kills*batch)
	collector.interrupt()
}
