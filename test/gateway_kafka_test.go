// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.opentelemetry.io/collector/pdata/plog"
)

// quickGateway makes the gateway retry at once.
const quickGateway = `
connectors:
  dead_letter/splunk: {retry_on_failure: {initial_interval: 20ms, max_interval: 100ms}}
  dead_letter/elastic: {retry_on_failure: {initial_interval: 20ms, max_interval: 100ms}}
`

// notExtendedGateway makes the gateway write what the registry's own exporter does.
const notExtendedGateway = `
processors:
  oversight_siem/splunk: {extended: false}
  oversight_siem/elastic: {extended: false}
`

// gatewaySite is a site whose agent has written its rows to Kafka.
type gatewaySite struct {
	*site
	broker *broker
}

func newGatewaySite(t testing.TB, database string) *gatewaySite {
	t.Helper()
	s := newFaultSite(t, database)
	kafka := s.startKafka()
	kafka.consume(t, "oversight")
	return &gatewaySite{site: s, broker: kafka}
}

// deliverToKafka runs the agent until all rows are in the topic.
func (s *gatewaySite) deliverToKafka(rows int) {
	s.t.Helper()
	agent := s.start("gateway/agent.yaml", "receivers: {oversight/kafka: {poll_interval: 20ms, batch_size: 50}}")
	requireArrived(s.t, s.broker, rows)
	agent.interrupt()
}

func (s *gatewaySite) startGateway(changes ...string) *process {
	s.t.Helper()
	return s.start("gateway/gateway.yaml", append([]string{quickGateway}, changes...)...)
}

// Agent, Kafka, gateway: every event arrives in its shape, though each
// destination refuses some batches.
func TestGatewayThroughKafka(t *testing.T) {
	s := newSite(t, "registry.sqlite")
	s.startKafka()
	for _, d := range []*destination{s.hec.destination, s.bulk.destination} {
		d.setFault(func(request int, w http.ResponseWriter, _ *http.Request) bool {
			if request%3 == 1 {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			return request%3 == 1
		})
	}
	agent := s.start("gateway/agent.yaml", "receivers: {oversight/kafka: {poll_interval: 20ms, batch_size: 50}}")
	gateway := s.start("gateway/gateway.yaml", quickGateway, notExtendedGateway)
	waitForSample(t, s.hec, sampleSize)
	waitForSample(t, s.bulk, sampleSize)
	gateway.interrupt()
	agent.interrupt()
	for store, shape := range map[eventStore]string{s.hec: "splunk", s.bulk: "ecs"} {
		got, _ := store.byID()
		for id, want := range vectors(t, shape) {
			require.JSONEq(t, asJSON(t, want), asJSON(t, got[id]))
		}
	}
}

// onePoisoned returns a registry with one row that a fake refuses, and that row's id.
func onePoisoned(t testing.TB) (database string, id int) {
	t.Helper()
	const poisoned = 120
	return writeRegistry(t, beacons(ordinary, func(i int) string {
		if i == poisoned {
			return "poison"
		}
		return fmt.Sprintf("agent %d", i)
	})), poisoned
}

func isPoisoned(event map[string]any) bool { return strings.Contains(fmt.Sprint(event), "poison") }

// An event that Splunk refuses goes to the topic for refused events, as the agent
// wrote it and with Splunk's words. Everything else is delivered, and so is that
// event, by the gateway that replays the topic, when Splunk accepts it. Elasticsearch
// gets nothing twice.
func TestGatewayRefusedAndReplayed(t *testing.T) {
	t.Parallel()
	database, poisoned := onePoisoned(t)
	s := newGatewaySite(t, database)
	s.hec.set(func() { s.hec.refuseEvent = isPoisoned })
	s.deliverToKafka(ordinary)
	gateway := s.startGateway()
	requireArrived(t, s.bulk, ordinary)
	waitForReport(t, s.hec, ordinary, func(r report) bool { return len(r.missing) == 1 && r.missing[0] == poisoned })
	gateway.requireMetric("otelcol_connector_dead_letter_refused_records", `pipeline="logs/splunk"`, func(n float64) bool { return n == 1 })

	refused := s.broker.logs(t, "oversight-refused", 1)
	attributes := refused[0].Attributes().AsRaw()
	assert.Equal(t, fmt.Sprint(poisoned), attributes["oversight.event.id"])
	assert.Equal(t, "logs/splunk", attributes["dead_letter.pipeline"])
	assert.Equal(t, "content", attributes["dead_letter.class"])
	assert.Contains(t, attributes["dead_letter.reason"], "Invalid data format")
	assert.Equal(t, "oversight", attributes["messaging.destination.name"])
	assert.NotEmpty(t, attributes["messaging.kafka.offset"])

	s.hec.set(func() { s.hec.refuseEvent = nil })
	cmd := s.command(nil, "gateway/gateway.yaml", shipped(t, "gateway/replay.yaml"), quickGateway)
	cmd.Env = append(cmd.Env, "KAFKA_TOPIC=oversight-refused", "KAFKA_REFUSED_TOPIC=oversight-refused-again", "KAFKA_GROUP=oversight-replay",
		"OVERSIGHT_STATE="+filepath.Join(s.dir, "replay"))
	replay := startCollector(t, cmd)
	requireArrived(t, s.hec, ordinary)
	replay.interrupt()
	gateway.interrupt()
	requireArrived(t, s.bulk, ordinary)
	event, _ := s.hec.byID()
	assert.NotContains(t, fmt.Sprint(event[fmt.Sprint(poisoned)]), "dead_letter")
}

// The same with a file in place of the topic.
func TestGatewayRefusedToFile(t *testing.T) {
	t.Parallel()
	database, poisoned := onePoisoned(t)
	s := newGatewaySite(t, database)
	s.hec.set(func() { s.hec.refuseEvent = isPoisoned })
	s.deliverToKafka(ordinary)
	gateway := s.startGateway(shipped(t, "gateway/refused-file.yaml"))
	requireArrived(t, s.bulk, ordinary)
	waitForReport(t, s.hec, ordinary, func(r report) bool { return len(r.missing) == 1 && r.missing[0] == poisoned })
	file := filepath.Join(s.dir, "state", "refused.jsonl")
	eventually(t, func() error {
		text, err := os.ReadFile(file)
		if err == nil && !strings.HasSuffix(string(text), "}\n") {
			err = errors.New("no line yet")
		}
		return err
	})
	gateway.interrupt()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	logs, err := new(plog.JSONUnmarshaler).UnmarshalLogs([]byte(strings.TrimSpace(string(text))))
	require.NoError(t, err)
	require.Equal(t, 1, logs.LogRecordCount())
	attributes := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().AsRaw()
	assert.Equal(t, fmt.Sprint(poisoned), attributes["oversight.event.id"])
	assert.Contains(t, attributes["dead_letter.reason"], "Invalid data format")
}

// A document that Elasticsearch refuses goes to the topic, and the health check does
// not fail: the destination answers.
func TestGatewayRefusedDocument(t *testing.T) {
	t.Parallel()
	s := newGatewaySite(t, writeRegistry(t, beacons(ordinary, func(i int) string {
		if i == ordinary { // the last: no success follows it
			return "poison"
		}
		return fmt.Sprintf("agent %d", i)
	})))
	s.bulk.refuseDocument = func(document map[string]any) *itemError {
		if !isPoisoned(document) {
			return nil
		}
		return &itemError{status: http.StatusBadRequest, kind: "document_parsing_exception", reason: "[1:20] failed to parse field [user_agent.original]"}
	}
	s.deliverToKafka(ordinary)
	gateway := s.startGateway()
	requireArrived(t, s.hec, ordinary)
	gateway.requireMetric("otelcol_connector_dead_letter_refused_records", `pipeline="logs/elastic"`, func(n float64) bool { return n == 1 })
	waitForReport(t, s.bulk, ordinary, func(r report) bool { return len(r.missing) == 1 && r.missing[0] == ordinary })
	attributes := s.broker.logs(t, "oversight-refused", 1)[0].Attributes().AsRaw()
	assert.Equal(t, "logs/elastic", attributes["dead_letter.pipeline"])
	assert.Contains(t, attributes["dead_letter.reason"], "failed to parse field")
	health, _, words := gateway.health()
	assert.Equal(t, http.StatusOK, health, words)
	gateway.interrupt()
}

// Messages that are no OTLP are skipped and counted, also over a restart, and what
// follows them is delivered.
func TestGatewayForeignMessages(t *testing.T) {
	t.Parallel()
	s := newGatewaySite(t, ordinaryRegistry(t))
	foreign := [][]byte{[]byte("seventeen bytes.."), nil, []byte(`{"resourceLogs":[]}`), []byte(strings.Repeat("\xff", 500_000))}
	for _, value := range foreign {
		s.broker.putEverywhere(t, "oversight", 3, value)
	}
	gateway := s.startGateway()
	// An empty message is OTLP without a record.
	const skipped = 3 * 3 * 2
	gateway.requireMetric("otelcol_kafka_receiver_unmarshal_failed_log_records", `topic="oversight"`, func(n float64) bool { return n == skipped })
	gateway.requireLogged("failed to unmarshal message", "skipping due to message_marking config")
	s.deliverToKafka(ordinary)
	requireArrived(t, s.hec, ordinary)
	requireArrived(t, s.bulk, ordinary)
	gateway.interrupt()

	gateway = s.startGateway()
	appendRows(t, s.databases[0], beacon{agent: "after the restart"})
	s.deliverToKafka(ordinary + 1)
	requireArrived(t, s.hec, ordinary+1)
	gateway.interrupt()
	_, series := gateway.metric("otelcol_kafka_receiver_unmarshal_failed_log_records", "")
	assert.Zero(t, series, "they were read again")
}

// A broker that hangs is seen by status, metric and log, and holds up the end of the
// gateway for less than ten seconds.
func TestGatewayBrokerHangs(t *testing.T) {
	t.Parallel()
	s := newGatewaySite(t, ordinaryRegistry(t))
	s.deliverToKafka(ordinary)
	gateway := s.startGateway()
	requireArrived(t, s.hec, ordinary)
	requireArrived(t, s.bulk, ordinary)
	gateway.requireKafkaMetric("kafka_consumer_group_members{", true)
	s.broker.hang()
	begin := time.Now()
	seen := func(by string) { t.Logf("seen by %s after %v", by, time.Since(begin).Round(time.Second)) }
	gateway.requireHealth(http.StatusInternalServerError)
	seen("status")
	gateway.requireLogged("consumer fetch error", "Error scraping metrics")
	seen("log")
	gateway.requireMetric("otelcol_kafka_receiver_read_latency_count", `outcome="failure"`, func(n float64) bool { return n > 0 })
	seen("the receiver's metric")
	gateway.requireKafkaMetric("kafka_consumer_group_members{", false)
	seen("the broker's metrics")
	assert.Less(t, time.Since(begin), seenWithin)
	took := gateway.Terminate(10 * time.Second)
	t.Logf("ended %v after SIGTERM", took.Round(100*time.Millisecond))
	gateway.requireLogged("Shutdown takes too long")
}

// requireKafkaMetric waits until the metrics that the gateway reads from the broker
// have a series, or have it no longer.
func (p *process) requireKafkaMetric(name string, want bool) {
	p.T.Helper()
	eventuallyWithin(p.T, faultTimeout, func() error {
		_, text, err := get("http://" + p.variable("KAFKA_METRICS_ENDPOINT") + "/metrics")
		if err == nil && strings.Contains(text, "\n"+name) != want {
			err = fmt.Errorf("%s is there: %t", name, !want)
		}
		return err
	})
}

// A destination that is away holds: nothing is refused, and everything is delivered
// when it is back. The other destination gets its events meanwhile.
func TestGatewayHolds(t *testing.T) {
	for name, fail := range map[string]func(t testing.TB, h *hec){
		"down":    func(_ testing.TB, h *hec) { h.down() },
		"refuses": func(_ testing.TB, h *hec) { h.set(func() { h.token = "another" }) },
		"503":     func(_ testing.TB, h *hec) { h.fails(html(http.StatusServiceUnavailable)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newGatewaySite(t, ordinaryRegistry(t))
			s.deliverToKafka(ordinary)
			fail(t, s.hec)
			gateway := s.startGateway(soonUnhealthy)
			requireArrived(t, s.bulk, ordinary)
			gateway.requireHealth(http.StatusInternalServerError)
			gateway.requireMetric("otelcol_connector_dead_letter_holding", `pipeline="logs/splunk"`, func(n float64) bool { return n == 1 })
			if name == "down" {
				s.hec.up()
			}
			s.hec.setFault(nil)
			s.hec.set(func() { s.hec.token = hecToken })
			requireArrived(t, s.hec, ordinary)
			gateway.requireHealth(http.StatusOK)
			gateway.requireMetric("otelcol_connector_dead_letter_holding", `pipeline="logs/splunk"`, func(n float64) bool { return n == 0 })
			refused, _ := gateway.metric("otelcol_connector_dead_letter_refused_records", "")
			assert.Zero(t, refused)
			gateway.interrupt()
		})
	}
}

// user returns a user of a broker, with the permissions that docs/gateway.md lists.
func user(name string, permissions ...kfake.ACL) kfake.Opt {
	for i := range permissions {
		permissions[i].Allow = true
		if permissions[i].Pattern == 0 {
			permissions[i].Pattern = kmsg.ACLResourcePatternTypeLiteral
		}
	}
	return kfake.User("SCRAM-SHA-512", name, name+"-password", permissions...)
}

// as makes clients of Kafka log in.
func as(name string, kind string, components ...string) string {
	text := kind + ":\n"
	for _, component := range components {
		text += fmt.Sprintf("  %s: {auth: {sasl: {mechanism: SCRAM-SHA-512, username: %s, password: %s-password}}}\n", component, name, name)
	}
	return text
}

// The permissions of docs/gateway.md are enough for agent and gateway, its metrics of
// topics and groups included.
func TestGatewayPermissions(t *testing.T) {
	t.Parallel()
	topic, group := kmsg.ACLResourceTypeTopic, kmsg.ACLResourceTypeGroup
	database, poisoned := onePoisoned(t)
	s := newFaultSite(t, database)
	kafka := newBroker(t, kfake.SeedTopics(3, "oversight", "oversight-refused"), kfake.EnableSASL(), kfake.EnableACLs(),
		user("agent", kfake.ACL{Resource: topic, Name: "oversight", Operation: kmsg.ACLOperationWrite}),
		user("gateway",
			kfake.ACL{Resource: topic, Name: "oversight", Operation: kmsg.ACLOperationRead},
			kfake.ACL{Resource: topic, Name: "oversight-refused", Operation: kmsg.ACLOperationWrite},
			kfake.ACL{Resource: group, Name: "oversight-", Pattern: kmsg.ACLResourcePatternTypePrefixed, Operation: kmsg.ACLOperationRead}))
	s.kafka = kafka.address()
	s.hec.set(func() { s.hec.refuseEvent = isPoisoned })
	agent := s.start("gateway/agent.yaml", as("agent", "exporters", "kafka"))
	gateway := s.start("gateway/gateway.yaml", quickGateway,
		as("gateway", "receivers", "kafka/splunk", "kafka/elastic", "kafka_metrics"), as("gateway", "exporters", "kafka/refused"))
	requireArrived(t, s.bulk, ordinary)
	waitForReport(t, s.hec, ordinary, func(r report) bool { return len(r.missing) == 1 && r.missing[0] == poisoned })
	for _, name := range []string{`kafka_consumer_group_members{group="oversight-splunk"`, `kafka_consumer_group_lag{group="oversight-elastic"`, "kafka_partition_oldest_offset{"} {
		gateway.requireKafkaMetric(name, true)
	}
	agent.interrupt()
	gateway.interrupt()
}
