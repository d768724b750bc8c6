// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
)

// seenWithin is how long a destination may be away until log and health check say so.
const seenWithin = time.Minute

// An ACL that is revoked while the agent runs drops nothing.
func TestFaultKafkaACLRevoked(t *testing.T) {
	t.Parallel()
	s := newFaultSite(t, ordinaryRegistry(t))
	kafka := newBroker(t, kfake.SeedTopics(3, "oversight"))
	kafka.consume(t, "oversight")
	collector := s.run([]string{"KAFKA_BROKER=" + kafka.address()}, "gateway/agent.yaml", smallBatches("oversight/kafka"), soonUnhealthy)
	requireArrived(t, kafka, ordinary)
	denied := kafka.denyWriting("oversight")
	appendRows(t, s.databases[0], beacons(ordinary, func(int) string { return "after it was revoked" })...)
	collector.requireHealth(http.StatusInternalServerError)
	collector.requireLogged("TOPIC_AUTHORIZATION_FAILED")
	eventuallyWithin(t, faultTimeout, func() error { return errorIf(denied.Hits() < attempts, "too few requests") })
	denied.Remove()
	requireArrived(t, kafka, 2*ordinary)
	collector.requireHealth(http.StatusOK)
	collector.interrupt()
}

// A broker that hangs, and one that dies, with rows that wait: that is seen, with the
// settings as they are shipped, and the agent ends in time.
func TestFaultKafkaIsAwayWithRowsPending(t *testing.T) {
	for name, fail := range map[string]func(*broker){
		"hangs": (*broker).hang,
		"dies":  func(kafka *broker) { kafka.cluster.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newFaultSite(t, ordinaryRegistry(t))
			kafka := newBroker(t, kfake.SeedTopics(3, "oversight"))
			kafka.consume(t, "oversight")
			collector := s.run([]string{"KAFKA_BROKER=" + kafka.address()}, "gateway/agent.yaml")
			requireArrived(t, kafka, ordinary)
			fail(kafka)
			appendRows(t, s.databases[0], beacon{agent: "pending"})
			begin := time.Now()
			collector.requireLogged("nothing is dropped")
			collector.requireHealth(http.StatusInternalServerError)
			seen := time.Since(begin)
			assert.Less(t, seen, seenWithin)
			took := collector.Terminate(10 * time.Second)
			t.Logf("seen after %v, ended %v after SIGTERM", seen.Round(time.Second), took.Round(100*time.Millisecond))
		})
	}
}

// A second failure that comes and goes does not restart the clock of the health check:
// it stays red while the first one lasts.
func TestFaultSecondFailureComesAndGoes(t *testing.T) {
	t.Parallel()
	s := newFaultSite(t, ordinaryRegistry(t))
	s.hec.fails(html(http.StatusServiceUnavailable))
	collector := s.run(nil, "splunk.yaml", "extensions: {health_check: {component_health: {recovery_duration: 2s}}}")
	collector.requireHealth(http.StatusInternalServerError)
	database := s.databases[0]
	for range 4 {
		require.NoError(t, os.Rename(database, database+".away"))
		collector.requireMetric(metricPrefix+"database_readable", "", func(v float64) bool { return v == 0 })
		failed, _ := collector.metric(metricPrefix+"failed_reads", "")
		collector.requireMetric(metricPrefix+"failed_reads", "", func(v float64) bool { return v > failed })
		require.NoError(t, os.Rename(database+".away", database))
		collector.requireMetric(metricPrefix+"database_readable", "", func(v float64) bool { return v == 1 })
		for range 20 {
			health, live, words := collector.health()
			require.Equal(t, http.StatusInternalServerError, health, words)
			require.Equal(t, http.StatusOK, live)
		}
	}
	collector.requireLogged("Failed to read events; retrying")
	s.hec.setFault(nil)
	requireArrived(t, s.hec, ordinary)
	collector.requireHealth(http.StatusOK)
	collector.interrupt()
}
