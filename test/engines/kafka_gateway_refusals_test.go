// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build engines && unix

package engines

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

const (
	refusedRecords = "otelcol_connector_dead_letter_refused_records"
	holding        = "otelcol_connector_dead_letter_holding"
)

// poisoned is the user agent of events that a SIEM refuses.
const poisoned = "poisoned agent"

// poison gives that user agent to the events with these numbers.
func poison(numbers ...int) func(int) string {
	return func(i int) string {
		for _, n := range numbers {
			if i == n {
				return poisoned
			}
		}
		return "agent"
	}
}

// refusePoison makes a SIEM refuse those events with a status.
func refusePoison(store *siemStore, status int) {
	store.set(func(s *siemStore) {
		s.refuse = func(e siemEvent) int {
			if e.userAgent == poisoned {
				return status
			}
			return 0
		}
	})
}

// refusedRecord is an event in the topic for refused ones.
type refusedRecord struct {
	uid        string
	attributes map[string]any
}

// readRefused returns what is in the topic for refused events.
func (s *gatewaySite) readRefused() []refusedRecord {
	s.t.Helper()
	var all []refusedRecord
	for _, message := range s.broker.Records(s.t, s.refused) {
		logs, err := new(plog.ProtoUnmarshaler).UnmarshalLogs(message.Value)
		require.NoError(s.t, err)
		for _, resource := range logs.ResourceLogs().All() {
			for _, scope := range resource.ScopeLogs().All() {
				for _, log := range scope.LogRecords().All() {
					uid, _ := log.Attributes().Get("log.record.uid")
					all = append(all, refusedRecord{uid.AsString(), log.Attributes().AsRaw()})
				}
			}
		}
	}
	return all
}

// without returns the uids that are not among others.
func without(uids []string, others ...string) []string {
	var rest []string
	for _, uid := range uids {
		if !strings.Contains(strings.Join(others, " "), uid) {
			rest = append(rest, uid)
		}
	}
	return rest
}

// An event that a SIEM refuses goes to the topic for that, with the SIEM's words and
// where it was. The others of its message, of its partition, of other registries and of
// the other SIEM are delivered, once.
func TestKafkaGatewayRefusedEvent(t *testing.T) {
	t.Parallel()
	s := newGatewaySite(t, 3)
	refusePoison(s.splunk, http.StatusBadRequest)
	gateway := s.start()
	s.produce(batch{events: 300})
	uids := s.produce(batch{events: 300, userAgent: poison(137)})
	s.produce(batch{registry: "registry-b", events: 300})
	s.produce(batch{registry: "registry-b", partition: 1, events: 300})

	assert.Zero(t, requireDelivered(t, s.splunk, without(s.uids, uids[137])), "repeated")
	assert.Zero(t, requireDelivered(t, s.elastic, s.uids))
	s.requireCommitted(s.splunkGroup())
	got := s.readRefused()
	require.Len(t, got, 1)
	assert.Equal(t, uids[137], got[0].uid)
	for key, want := range map[string]string{
		"dead_letter.pipeline":               "logs/splunk",
		"dead_letter.class":                  "content",
		"messaging.destination.name":         s.topic,
		"messaging.destination.partition.id": "0",
		"messaging.kafka.offset":             "4",
		"user_agent.original":                poisoned, // as it was read
	} {
		assert.Equal(t, want, fmt.Sprint(got[0].attributes[key]), key)
	}
	assert.Contains(t, got[0].attributes["dead_letter.reason"], "Invalid data format")
	eventually(t, equal(gateway, refusedRecords, 1))
	requireHealth(t, gateway, http.StatusOK)
	gateway.Terminate(gatewayEndsWithin)
}

// The same with messages of one event: what is accepted of other partitions meanwhile
// shows that it is the event.
func TestKafkaGatewayRefusedEventAlone(t *testing.T) {
	t.Parallel()
	s := newGatewaySite(t, 3)
	refusePoison(s.splunk, http.StatusBadRequest)
	s.splunk.set(slowly)
	refused := s.produce(batch{events: 1, each: 1, userAgent: poison(0)})
	s.produce(batch{partition: 1, events: 50, each: 1})
	s.produce(batch{registry: "registry-b", events: 1})
	gateway := s.start()
	assert.Zero(t, requireDelivered(t, s.splunk, without(s.uids, refused...)), "repeated")
	s.requireCommitted(s.splunkGroup())
	eventually(t, equal(gateway, refusedRecords, 1))
	got := s.readRefused()
	require.Len(t, got, 1)
	assert.Equal(t, refused[0], got[0].uid)
	requireHealth(t, gateway, http.StatusOK)
	gateway.Terminate(gatewayEndsWithin)
}

// Where nothing else is accepted, nothing tells such events from a SIEM that refuses
// everything: the gateway says so and blames none, and delivers them when the SIEM relents.
// Nothing is lost.
func TestKafkaGatewayRefusedEventWithoutEvidence(t *testing.T) {
	t.Parallel()
	s := newGatewaySite(t, 1)
	refusePoison(s.splunk, http.StatusBadRequest)
	gateway := s.start()
	s.produce(batch{events: 1})
	requireDelivered(t, s.splunk, s.uids)
	since := time.Now()
	s.produce(batch{events: 2, each: 1, userAgent: poison(0, 1)})
	requireSeenOnGateway(t, gateway, since, "logs/splunk", above(gateway, holding, 0))
	requireDelivered(t, s.elastic, s.uids)
	assert.Empty(t, s.broker.Records(t, s.refused))
	s.splunk.set(func(s *siemStore) { s.refuse = nil })
	assert.Zero(t, requireDelivered(t, s.splunk, s.uids), "repeated")
	requireHealth(t, gateway, http.StatusOK)
	gateway.Terminate(gatewayEndsWithin)
}

// A document that Elasticsearch refuses within an answer of 200 goes there, too.
func TestKafkaGatewayRefusedDocument(t *testing.T) {
	t.Parallel()
	s := newGatewaySite(t, 3)
	refusePoison(s.elastic, http.StatusBadRequest)
	gateway := s.start()
	uids := s.produce(batch{events: 300, userAgent: poison(0, 150, 299)})
	refused := []string{uids[0], uids[150], uids[299]}
	assert.Zero(t, requireDelivered(t, s.elastic, without(s.uids, refused...)))
	requireDelivered(t, s.splunk, s.uids)
	s.requireCommitted(s.elasticGroup())
	var got []string
	for _, record := range s.readRefused() {
		got = append(got, record.uid)
		assert.Equal(t, "logs/elastic", record.attributes["dead_letter.pipeline"])
	}
	assert.ElementsMatch(t, refused, got)
	gateway.Terminate(gatewayEndsWithin)
}

// An event that a SIEM answers with 503 for good does not stop the rest: it goes where
// refused ones go, with the shipped waits.
func TestKafkaGatewayEventIsNeverAccepted(t *testing.T) {
	t.Parallel()
	s := newGatewaySite(t, 3)
	s.shippedWaits = true
	refusePoison(s.splunk, http.StatusServiceUnavailable)
	gateway := s.start()
	s.produce(batch{partition: 1, events: 100})
	requireDelivered(t, s.splunk, s.uids)
	since := time.Now()
	uids := s.produce(batch{events: 300, userAgent: poison(137)})
	for partition := range int32(3) {
		s.produce(batch{registry: "registry-b", partition: partition, events: 300})
	}
	repeated := requireDelivered(t, s.splunk, without(s.uids, uids[137]))
	took := time.Since(since)
	t.Logf("the others were delivered in %v, %d of them once more", took.Round(100*time.Millisecond), repeated)
	assert.Less(t, took, time.Minute)
	s.requireCommitted(s.splunkGroup())
	got := s.readRefused()
	require.Len(t, got, 1)
	assert.Equal(t, uids[137], got[0].uid)
	assert.Contains(t, got[0].attributes["dead_letter.reason"], "503")
	gateway.Terminate(gatewayEndsWithin)
}

// A SIEM that refuses everything is to blame itself: the gateway holds, says so, and
// delivers all once the SIEM accepts again. Nothing goes to the topic for refused
// events, and the other SIEM has everything meanwhile.
func TestKafkaGatewayHolds(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{"400": http.StatusBadRequest, "403": http.StatusForbidden, "503": http.StatusServiceUnavailable} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newGatewaySite(t, 3)
			gateway := s.start()
			s.produce(batch{events: 100})
			requireDelivered(t, s.splunk, s.uids)
			eventually(t, equal(gateway, holding, 0))

			since := time.Now()
			s.splunk.set(func(s *siemStore) { s.refuse = func(siemEvent) int { return status } })
			for partition := range int32(3) {
				s.produce(batch{partition: partition, events: 500})
			}
			s.produce(batch{events: 1, registry: "registry-b"})
			requireSeenOnGateway(t, gateway, since, "logs/splunk", above(gateway, holding, 0))
			requireDelivered(t, s.elastic, s.uids)
			assert.Empty(t, s.broker.Records(t, s.refused))

			s.splunk.set(func(s *siemStore) { s.refuse = nil })
			assert.Zero(t, requireDelivered(t, s.splunk, s.uids), "repeated")
			requireHealth(t, gateway, http.StatusOK)
			eventually(t, equal(gateway, holding, 0))
			assert.Empty(t, s.broker.Records(t, s.refused))
			gateway.Terminate(gatewayEndsWithin)
		})
	}
}

// While the topic for refused events does not take them, nothing is given up: the
// gateway holds, says so, and goes on when it does.
func TestKafkaGatewayRefusedTopicIsMissing(t *testing.T) {
	t.Parallel()
	s := newGatewaySite(t, 1)
	s.broker.DeleteTopic(t, s.refused)
	refusePoison(s.splunk, http.StatusBadRequest)
	state := t.TempDir()
	gateway := s.startIn(state)
	since := time.Now()
	uids := s.produce(batch{events: 300, userAgent: poison(137)})
	requireSeenOnGateway(t, gateway, since, "logs/refused", above(gateway, holding, 0))
	gateway.Terminate(gatewayEndsWithin)

	gateway = s.startIn(state)
	s.broker.CreateTopic(t, s.refused, 1)
	requireDelivered(t, s.splunk, without(s.uids, uids[137]))
	eventually(t, func() error {
		if got := s.readRefused(); len(got) != 1 || got[0].uid != uids[137] {
			return fmt.Errorf("the topic for refused events has %v", got)
		}
		return nil
	})
	s.produce(batch{events: 100})
	requireDelivered(t, s.splunk, without(s.uids, uids[137]))
	gateway.Terminate(gatewayEndsWithin)
}

// equal requires a metric of the collector to have a value.
func equal(c *collector, name string, want float64) func() error {
	return func() error {
		if value, series := c.metric(name); series == 0 || value != want {
			return fmt.Errorf("the metric %s is %v in %d series, want %v", name, value, series, want)
		}
		return nil
	}
}
