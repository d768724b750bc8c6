// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build engines && unix

package engines

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// A topic that was deleted and made again is not read any more by the client that the
// receiver uses. That is seen in time, in the status, in the log and by a group that has
// no offset in any partition, and a restart mends it.
func TestKafkaGatewayTopicIsMadeAgain(t *testing.T) {
	t.Parallel()
	s := newGatewaySite(t, 3)
	state := t.TempDir()
	gateway := s.startIn(state)
	s.produce(batch{events: 300})
	requireDelivered(t, s.splunk, s.uids)
	requireDelivered(t, s.elastic, s.uids)
	s.requireCommitted(s.splunkGroup()) // what is not would be committed for the new topic
	s.requireCommitted(s.elasticGroup())
	s.broker.DeleteTopic(t, s.topic)
	s.broker.CreateTopic(t, s.topic, 3)
	since := time.Now()
	uids := s.produce(batch{events: 300})
	eventually(t, func() error {
		if len(s.splunk.missing(uids)) == 0 && len(s.elastic.missing(uids)) == 0 {
			return nil // it reads
		}
		if status, text := gateway.health(); status != http.StatusInternalServerError {
			return fmt.Errorf("/health answers %d: %s", status, text)
		}
		if !hasWarning(gateway, "UNKNOWN_TOPIC_ID") {
			return errors.New("no line tells it")
		}
		committed, err := kafkaMetric(gateway, "kafka_consumer_group_offset", s.splunkGroup())
		return errors.Join(err, unless(committed == -3, "the metric says that the group reads"))
	})
	seen := time.Since(since)
	t.Logf("read or seen after %v; missing: %d", seen.Round(100*time.Millisecond), len(s.splunk.missing(uids)))
	assert.Less(t, seen, seenWithin)
	requireFewLines(t, gateway)
	gateway.Terminate(gatewayEndsWithin)

	gateway = s.startIn(state)
	requireDelivered(t, s.splunk, s.uids)
	requireDelivered(t, s.elastic, s.uids)
	gateway.Terminate(gatewayEndsWithin)
}

// kafkaMetric returns the sum of the series of a metric of the broker whose labels
// contain a text.
func kafkaMetric(c *collector, name, label string) (sum float64, err error) {
	_, text, err := get("http://" + c.variable("KAFKA_METRICS_ENDPOINT") + "/metrics")
	if err != nil {
		return 0, err
	}
	series := 0
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(line, name+"{")
		if !ok || !strings.Contains(rest, label) {
			continue
		}
		fields := strings.Fields(rest)
		value, err := strconv.ParseFloat(fields[len(fields)-1], 64)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", line, err)
		}
		sum, series = sum+value, series+1
	}
	if series == 0 {
		return 0, errors.New("there is no metric " + name)
	}
	return sum, nil
}
