// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build engines && unix

package engines

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// SIGTERM ends a gateway in time, whatever its destination does. What it held is
// delivered by the next one.
func TestKafkaGatewayEndsWhileADestinationFails(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(*siem){
		"down":  (*siem).down,
		"hangs": func(s *siem) { s.splunk.set(func(s *siemStore) { s.answer = hang }) },
		"503":   func(s *siem) { s.splunk.set(func(s *siemStore) { s.answer = http.StatusServiceUnavailable }) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newGatewaySite(t, 3, "exporters: {splunk_hec: {timeout: 2s}}") // not 10 s
			state := t.TempDir()
			gateway := s.startIn(state)
			s.produce(batch{events: 200})
			requireDelivered(t, s.splunk, s.uids)
			fail(s.siem)
			for partition := range int32(3) {
				s.produce(batch{partition: partition, events: 1000})
			}
			if name != "down" {
				attempts := s.splunk.attempts()
				eventually(t, func() error { return unless(s.splunk.attempts() > attempts, "nothing has been sent") })
			}
			requireHealth(t, gateway, http.StatusInternalServerError)
			t.Logf("ended %v after SIGTERM", gateway.Terminate(gatewayEndsWithin).Round(100*time.Millisecond))

			s.splunk.set(func(s *siemStore) { s.answer = 0 })
			if name == "down" {
				s.up()
			}
			gateway = s.startIn(state)
			repeated := requireDelivered(t, s.splunk, s.uids)
			t.Logf("%d of %d events arrived once more", repeated, len(s.uids))
			requireDelivered(t, s.elastic, s.uids)
			gateway.Terminate(gatewayEndsWithin)
		})
	}
}

// A broker that hangs is seen in time, and does not hold up the end of the gateway.
// Nothing is lost.
func TestKafkaGatewayBrokerHangs(t *testing.T) {
	s := newGatewaySite(t, 3)
	state := t.TempDir()
	gateway := s.startIn(state)
	idle := s.start()
	s.produce(batch{events: 1000})
	requireDelivered(t, s.splunk, s.uids)
	for _, g := range []*collector{gateway, idle} {
		waitForAssignment(t, g)
		requireHealth(t, g, http.StatusOK)
	}

	const hangs = 30 * time.Second
	since := time.Now()
	over := time.After(hangs)
	require.NoError(t, s.broker.Pause())
	for _, g := range []*collector{gateway, idle} {
		requireSeenOnGateway(t, g, since, "i/o timeout", above(g, "otelcol_kafka_receiver_read_latency_count", 0, `outcome="failure"`))
	}
	t.Logf("ended %v after SIGTERM", gateway.Terminate(gatewayEndsWithin).Round(100*time.Millisecond))
	<-over
	require.NoError(t, s.broker.Continue())
	s.produce(batch{events: 1000})
	requireDelivered(t, s.splunk, s.uids)
	requireHealth(t, idle, http.StatusOK)
	idle.Terminate(gatewayEndsWithin)
}
