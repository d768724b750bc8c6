// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build engines && unix

package engines

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// slowly makes a SIEM take long enough for a kill to come in between.
func slowly(s *siemStore) { s.delay = 20 * time.Millisecond }

func quickly(s *siemStore) { s.delay = 0 }

// waitForArrivals waits until a SIEM has some of the events, and not all.
func waitForArrivals(t testing.TB, store *siemStore, some int) {
	t.Helper()
	eventually(t, func() error {
		if different, _ := store.arrived(); different < some {
			return fmt.Errorf("%d events have arrived, want %d", different, some)
		}
		return nil
	})
}

// A gateway that is killed while it reads loses nothing. What it has committed, once a
// second after each fetch, does not come again.
func TestKafkaGatewayKilled(t *testing.T) {
	t.Parallel()
	s := newGatewaySite(t, 3, soonLost)
	state := t.TempDir()
	gateway := s.startIn(state)
	for range 2 {
		before, _ := s.splunk.arrived()
		committed := slices.Clone(s.uids)
		s.splunk.set(slowly)
		for partition := range int32(3) {
			s.produce(batch{partition: partition, events: 2000, each: 50})
		}
		waitForArrivals(t, s.splunk, before+2000)
		gateway.Kill()
		s.splunk.set(quickly)
		gateway = s.startIn(state)
		repeated := requireDelivered(t, s.splunk, s.uids)
		t.Logf("%d of %d events arrived once more", repeated, len(s.uids))
		assert.Zero(t, s.splunk.repeatedOf(committed), "of those that were committed before")
		assert.Zero(t, requireDelivered(t, s.elastic, s.uids), "the _id is the event's")
		s.requireCommitted(s.splunkGroup())
		s.splunk.set(func(s *siemStore) { s.forget() })
	}
	gateway.Terminate(gatewayEndsWithin)
}

// A broker that is killed while gateways read is seen, loses nothing, and does not hold
// up the end of a gateway.
func TestKafkaGatewayBrokerKilled(t *testing.T) {
	s := newGatewaySite(t, 3)
	s.splunk.set(slowly)
	for partition := range int32(3) {
		s.produce(batch{partition: partition, events: 4000, each: 50})
	}
	gateway, other := s.start(), s.start()
	waitForAssignment(t, other)
	waitForArrivals(t, s.splunk, 2000)
	since := time.Now()
	s.broker.Kill()
	requireSeenOnGateway(t, gateway, since, "connection refused", above(gateway, "otelcol_kafka_broker_connects", 0, `outcome="failure"`))
	t.Logf("ended %v after SIGTERM", other.Terminate(gatewayEndsWithin).Round(100*time.Millisecond))
	require.NoError(t, s.broker.Restart(t.Context()))
	s.splunk.set(quickly)
	repeated := requireDelivered(t, s.splunk, s.uids)
	t.Logf("%d of %d events arrived once more after the broker was killed", repeated, len(s.uids))
	requireDelivered(t, s.elastic, s.uids)
	s.produce(batch{events: 100})
	requireDelivered(t, s.splunk, s.uids)
	requireHealth(t, gateway, http.StatusOK)
	gateway.Terminate(gatewayEndsWithin)
}

// Every event of a registry gets to both SIEMs exactly once, through an agent, a topic
// and a gateway.
func TestKafkaGatewayExactlyOnce(t *testing.T) {
	t.Parallel()
	const events = 50_000
	s := newGatewaySite(t, 3)
	gateway := s.start()
	begin := time.Now()
	agent := newAgent(t, s.address, s.topic, registryOf(t, events)).start()
	for _, store := range []*siemStore{s.splunk, s.elastic} {
		eventually(t, func() error {
			if different, _ := store.arrived(); different < events {
				return fmt.Errorf("%d of %d events have arrived", different, events)
			}
			return nil
		})
	}
	t.Logf("%d events in %v", events, time.Since(begin).Round(100*time.Millisecond))
	agent.Terminate(gatewayEndsWithin)
	s.requireCommitted(s.splunkGroup())
	s.requireCommitted(s.elasticGroup())
	gateway.Terminate(gatewayEndsWithin)
	for _, store := range []*siemStore{s.splunk, s.elastic} {
		different, repeated := store.arrived()
		assert.Equal(t, events, different)
		assert.Zero(t, repeated)
	}
	assert.Empty(t, s.broker.Records(t, s.refused))
}
