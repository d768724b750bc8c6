// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build engines && unix

package engines

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// Gateways of one group that join, leave and die lose nothing, and a partition that
// comes back to a gateway is no loss.
func TestKafkaGatewayGroup(t *testing.T) {
	t.Parallel()
	s := newGatewaySite(t, 6, soonLost)
	s.splunk.set(slowly)
	first := s.start()
	produce := func() {
		for partition := range int32(6) {
			s.produce(batch{partition: partition, events: 1000, each: 50})
		}
		different, _ := s.splunk.arrived()
		waitForArrivals(t, s.splunk, different+1000)
	}
	produce()
	second := s.start() // joins
	waitForAssignment(t, second)
	produce()
	first.Terminate(gatewayEndsWithin) // leaves
	produce()
	third := s.start()
	waitForAssignment(t, third)
	produce()
	s.requireCommitted(s.splunkGroup()) // by both: what third has read comes back to second
	produce()
	third.Kill() // dies
	produce()
	s.splunk.set(quickly)
	repeated := requireDelivered(t, s.splunk, s.uids)
	t.Logf("%d of %d events arrived once more", repeated, len(s.uids))
	assert.Zero(t, requireDelivered(t, s.elastic, s.uids))
	s.requireCommitted(s.splunkGroup())
	if hasDeadLetter(t) {
		eventually(t, equal(second, expiredRecords, 0))
		requireHealth(t, second, http.StatusOK)
	}
	second.Terminate(gatewayEndsWithin)
}

// A gateway that holds gives partitions to one that joins, and leaves the group in time.
// When the SIEM accepts again, everything arrives once.
func TestKafkaGatewayGroupHolds(t *testing.T) {
	t.Parallel()
	s := newGatewaySite(t, 6)
	s.splunk.set(func(s *siemStore) { s.refuse = func(siemEvent) int { return http.StatusForbidden } })
	for partition := range int32(6) {
		s.produce(batch{partition: partition, events: 500})
	}
	first := s.start()
	requireHealth(t, first, http.StatusInternalServerError)
	second := s.start()
	waitForAssignment(t, second)
	requireHealth(t, second, http.StatusInternalServerError)
	t.Logf("ended %v after SIGTERM", first.Terminate(gatewayEndsWithin).Round(100*time.Millisecond))
	requireDelivered(t, s.elastic, s.uids)
	s.splunk.set(func(s *siemStore) { s.refuse = nil })
	assert.Zero(t, requireDelivered(t, s.splunk, s.uids), "repeated")
	requireHealth(t, second, http.StatusOK)
	s.requireCommitted(s.splunkGroup())
	assert.Empty(t, s.broker.Records(t, s.refused))
	second.Terminate(gatewayEndsWithin)
}

// waitForAssignment waits until a gateway reads from Kafka.
func waitForAssignment(t testing.TB, gateway *collector) {
	t.Helper()
	eventually(t, above(gateway, "otelcol_kafka_receiver_partition_start", 0))
}
