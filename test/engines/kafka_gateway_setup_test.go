// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build engines && unix

package engines

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/test/internal/engines/kafka"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

const (
	// gatewayEndsWithin is how long a gateway may take to end after SIGTERM, whatever
	// its broker and its destinations do.
	gatewayEndsWithin = 10 * time.Second
	// gatewaySeenWithin is how long a failure may last until status, metric and log
	// say so.
	gatewaySeenWithin = time.Minute
	// gatewayRegistry is the registry of events without another one.
	gatewayRegistry = "registry-a"
)

// gatewaySite is a topic, the SIEMs behind it, and any number of gateways between
// them that share the work.
type gatewaySite struct {
	*siem
	t      testing.TB
	broker *kafka.Broker
	// topic is what agents write, refused the topic for events that a SIEM refuses.
	topic, refused string
	// address is that of the broker; changes are for all gateways.
	address string
	changes []string
	// shippedWaits keeps the waits between attempts as they are.
	shippedWaits bool
	// uids are of the events in the topic.
	uids []string
}

// gatewaySites counts them: each has names of its own, also in repeats of a test.
var gatewaySites atomic.Int64

// newGatewaySite makes the topics, with so many partitions, named after the test.
func newGatewaySite(t testing.TB, partitions int32, changes ...string) *gatewaySite {
	t.Helper()
	b := broker(t)
	name := strings.NewReplacer("/", "-", " ", "-").Replace(strings.TrimPrefix(t.Name(), "TestKafkaGateway"))
	name = fmt.Sprintf("gateway-%d-%s", gatewaySites.Add(1), name)
	s := &gatewaySite{siem: newSIEM(t), t: t, broker: b, topic: name, refused: name + "-refused", address: b.Address(), changes: changes}
	b.CreateTopic(t, s.topic, partitions)
	b.CreateTopic(t, s.refused, 1)
	return s
}

func (s *gatewaySite) splunkGroup() string  { return s.topic + "-splunk" }
func (s *gatewaySite) elasticGroup() string { return s.topic + "-elastic" }

// hasDeadLetter reports whether the gateway under test has the connector. The one
// before it is tested with the same scenarios.
func hasDeadLetter(t testing.TB) bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(configDir, "gateway", "gateway.yaml"))
	require.NoError(t, err)
	return strings.Contains(string(text), "dead_letter")
}

// ownGroups gives the gateway before KAFKA_GROUP consumer groups of the test.
func (s *gatewaySite) ownGroups() string {
	if hasDeadLetter(s.t) {
		return ""
	}
	return fmt.Sprintf("receivers: {kafka/splunk: {group_id: %s}, kafka/elastic: {group_id: %s}}", s.splunkGroup(), s.elasticGroup())
}

// quickGateway makes the shipped gateway retry at once.
func quickGateway(t testing.TB) string {
	t.Helper()
	if !hasDeadLetter(t) {
		return `
receivers:
  kafka/splunk: {error_backoff: {initial_interval: 20ms, max_interval: 100ms}}
  kafka/elastic: {error_backoff: {initial_interval: 20ms, max_interval: 100ms}}
exporters:
  splunk_hec: {retry_on_failure: {initial_interval: 20ms, max_interval: 100ms}}
  elasticsearch: {retry: {initial_interval: 20ms, max_interval: 100ms}}
`
	}
	return `
connectors:
  dead_letter/splunk: {retry_on_failure: {initial_interval: 20ms, max_interval: 100ms}}
  dead_letter/elastic: {retry_on_failure: {initial_interval: 20ms, max_interval: 100ms}}
`
}

// soonLost shortens the time after which the broker gives away the partitions of a
// gateway that was killed.
const soonLost = `
receivers:
  kafka/splunk: {session_timeout: 2s, heartbeat_interval: 500ms}
  kafka/elastic: {session_timeout: 2s, heartbeat_interval: 500ms}
`

// start starts a gateway with the shipped configuration and these changes, and a
// state of its own.
func (s *gatewaySite) start(changes ...string) *collector {
	s.t.Helper()
	return s.startIn(s.t.TempDir(), changes...)
}

// startIn starts a gateway with the state of one that has ended.
func (s *gatewaySite) startIn(state string, changes ...string) *collector {
	s.t.Helper()
	metrics := freeAddress(s.t)
	_, port, err := net.SplitHostPort(metrics)
	require.NoError(s.t, err)
	all := []string{s.ownGroups()}
	if !s.shippedWaits {
		all = append(all, quickGateway(s.t))
	}
	all = slices.Concat(all, s.changes, changes)
	return startCollector(s.t, "gateway/gateway.yaml", all,
		"KAFKA_BROKER="+s.address,
		"KAFKA_TOPIC="+s.topic,
		"KAFKA_GROUP="+s.topic,
		"KAFKA_REFUSED_TOPIC="+s.refused,
		"OVERSIGHT_STATE="+state,
		"SPLUNK_HEC_ENDPOINT=http://"+s.siem.address+"/services/collector",
		"SPLUNK_HEC_TOKEN=00000000-1111-2222-3333-444444444444",
		"ELASTICSEARCH_ENDPOINT=http://"+s.siem.address,
		"ELASTICSEARCH_API_KEY=aWQ6a2V5",
		"HEALTH_ENDPOINT="+freeAddress(s.t),
		"METRICS_PORT="+port,
		"KAFKA_METRICS_ENDPOINT="+freeAddress(s.t),
	)
}

// batch describes messages of one registry.
type batch struct {
	registry  string // gatewayRegistry by default
	partition int32
	events    int
	// each is the number of events in a message, 100 by default.
	each int
	// userAgent is that of an event, by its number from 0; nil: ordinary ones.
	userAgent func(i int) string
}

// produce writes events as an agent does, and remembers them.
func (s *gatewaySite) produce(b batch) (uids []string) {
	s.t.Helper()
	registry, each := cmp.Or(b.registry, gatewayRegistry), cmp.Or(b.each, 100)
	var messages []*kgo.Record
	for first := 0; first < b.events; first += each {
		logs := plog.NewLogs()
		resource := logs.ResourceLogs().AppendEmpty()
		translator.SetResource(resource.Resource(), registry)
		records := resource.ScopeLogs().AppendEmpty().LogRecords()
		for i := first; i < min(first+each, b.events); i++ {
			number := len(s.uids) + len(uids) + 1
			event := translator.Event{
				ID: int64(number), UID: fmt.Sprintf("%032x", number), Kind: "http_img", TokenID: fmt.Sprintf("%032x", number),
				SourceIP: "203.0.113.7", UserAgent: "agent", Timestamp: time.Unix(1767225600, 0), Observed: time.Unix(1767225601, 0),
			}
			if b.userAgent != nil {
				event.UserAgent = b.userAgent(i)
			}
			event.ToLogRecord(records.AppendEmpty())
			uids = append(uids, event.UID)
		}
		text, err := new(plog.ProtoMarshaler).MarshalLogs(logs)
		require.NoError(s.t, err)
		messages = append(messages, &kgo.Record{Topic: s.topic, Partition: b.partition, Value: text})
	}
	s.produceRaw(messages...)
	s.uids = append(s.uids, uids...)
	return uids
}

// produceRaw writes messages to the partitions that they name.
func (s *gatewaySite) produceRaw(messages ...*kgo.Record) {
	s.t.Helper()
	client := s.broker.Client(s.t, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	defer client.Close()
	require.NoError(s.t, client.ProduceSync(s.t.Context(), messages...).FirstErr())
}

// requireDelivered waits until a SIEM has all events, and returns how many arrived
// once more.
func requireDelivered(t testing.TB, store *siemStore, uids []string) (repeated int) {
	t.Helper()
	eventually(t, func() error {
		if missing := store.missing(uids); len(missing) > 0 {
			return fmt.Errorf("%d of %d events are missing, %s the first", len(missing), len(uids), missing[0])
		}
		return nil
	})
	_, repeated = store.arrived()
	return repeated
}

// requireCommitted waits until the broker knows that a group has read everything.
func (s *gatewaySite) requireCommitted(group string) {
	s.t.Helper()
	eventually(s.t, func() error {
		if lag := s.broker.GroupLag(s.t, group); lag > 0 {
			return fmt.Errorf("the lag of %s is %d", group, lag)
		}
		return nil
	})
}

// requireHealth waits until the health check answers with a status.
func requireHealth(t testing.TB, c *collector, want int) {
	t.Helper()
	eventually(t, func() error {
		if status, text := c.health(); status != want {
			return fmt.Errorf("/health answers %d, want %d: %s", status, want, text)
		}
		return nil
	})
}

// requireSeenOnGateway requires that a failure is seen in time where an operator
// looks: in the status, in the log, and in a metric.
func requireSeenOnGateway(t testing.TB, c *collector, since time.Time, words string, metric func() error) {
	t.Helper()
	eventually(t, func() error {
		if status, text := c.health(); status != http.StatusInternalServerError {
			return fmt.Errorf("/health answers %d: %s", status, text)
		}
		if !hasWarning(c, words) {
			return fmt.Errorf("no warning has %q", words)
		}
		return metric()
	})
	seen := time.Since(since)
	t.Logf("seen after %v", seen.Round(100*time.Millisecond))
	assert.Less(t, seen, gatewaySeenWithin)
}

// hasWarning reports whether a line at warn or error has a text.
func hasWarning(c *collector, words string) bool {
	for line := range strings.Lines(c.log()) {
		if (strings.Contains(line, "\twarn\t") || strings.Contains(line, "\terror\t")) && strings.Contains(line, words) {
			return true
		}
	}
	return false
}

// above requires a metric of the collector to be above a value.
func above(c *collector, name string, limit float64, labels ...string) func() error {
	return func() error {
		if value, series := c.metric(name, labels...); series == 0 || value <= limit {
			return fmt.Errorf("the metric %s is %v in %d series, want more than %v", name, value, series, limit)
		}
		return nil
	}
}

func noMetric() error { return nil }

func unless(condition bool, text string) error {
	if condition {
		return nil
	}
	return errors.New(text)
}
