// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build engines && unix

package engines

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// Gateways of one group that join, leave and die lose nothing.
func TestKafkaGatewayGroup(t *testing.T) {
	t.Parallel()
	s := newGatewaySite(t, 6, soonLost)
	s.splunk.set(slowly)
	for partition := range int32(6) {
		s.produce(batch{partition: partition, events: 2000, each: 50})
	}
	first := s.start()
	waitForSome(t, s.splunk, 1000)
	second := s.start()
	waitForAssignment(t, second)
	waitForSome(t, s.splunk, 3000)
	first.terminate(gatewayEndsWithin)
	third := s.start()
	waitForAssignment(t, third)
	waitForSome(t, s.splunk, 6000)
	third.kill()
	s.splunk.set(quickly)
	repeated := requireDelivered(t, s.splunk, s.uids)
	t.Logf("%d of %d events arrived once more", repeated, len(s.uids))
	assert.Zero(t, requireDelivered(t, s.elastic, s.uids))
	s.requireCommitted(s.splunkGroup())
	second.terminate(gatewayEndsWithin)
}

// waitForAssignment waits until a gateway reads from Kafka.
func waitForAssignment(t testing.TB, gateway *collector) {
	t.Helper()
	eventually(t, above(gateway, "otelcol_kafka_receiver_partition_start", 0))
}
