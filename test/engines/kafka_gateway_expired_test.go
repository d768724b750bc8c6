// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build engines && unix

package engines

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const expiredRecords = "otelcol_connector_dead_letter_expired_records"

// Messages that Kafka deletes before they are read, while a destination is away, are
// counted and told. What is left is delivered.
func TestKafkaGatewayMessagesExpire(t *testing.T) {
	t.Parallel()
	const messages = 100
	s := newGatewaySite(t, 1)
	gateway := s.start()
	s.produce(batch{events: 100})
	requireDelivered(t, s.splunk, s.uids)
	eventually(t, equal(gateway, expiredRecords, 0))
	s.splunk.set(func(s *siemStore) { s.answer = http.StatusServiceUnavailable })
	uids := s.produce(batch{events: messages * 100})
	requireDelivered(t, s.elastic, s.uids)
	last := s.broker.EndOffsets(t, s.topic)[0] - 1 // the last one stays
	s.broker.DeleteRecords(t, s.topic, 0, last)
	s.splunk.set(func(s *siemStore) { s.answer = 0 })
	requireDelivered(t, s.splunk, uids[(messages-1)*100:])

	missing := s.splunk.missing(s.uids)
	require.NotEmpty(t, missing, "the gateway had read everything before")
	require.Zero(t, len(missing)%100, "whole messages")
	expired := len(missing) / 100
	eventually(t, equal(gateway, expiredRecords, float64(expired)))
	for _, words := range []string{s.topic, fmt.Sprint(last - 1), fmt.Sprint(int(last) - expired)} {
		assert.True(t, hasWarning(gateway, words), words)
	}
	t.Logf("%d messages expired", expired)
	requireHealth(t, gateway, http.StatusInternalServerError)
	gateway.Terminate(gatewayEndsWithin)
}

// The same is seen for messages that expired while no gateway ran.
func TestKafkaGatewayMessagesExpireBetween(t *testing.T) {
	t.Parallel()
	s := newGatewaySite(t, 2)
	state := t.TempDir()
	gateway := s.startIn(state)
	s.produce(batch{events: 300})
	s.produce(batch{events: 300, partition: 1})
	requireDelivered(t, s.splunk, s.uids)
	requireDelivered(t, s.elastic, s.uids)
	gateway.Terminate(gatewayEndsWithin)
	s.produce(batch{events: 700})
	s.broker.DeleteRecords(t, s.topic, 0, 8) // 3 were read, 5 are deleted, 2 stay
	uids := s.produce(batch{events: 100})
	gateway = s.startIn(state)
	requireDelivered(t, s.splunk, uids)
	requireDelivered(t, s.elastic, uids)
	eventually(t, equal(gateway, expiredRecords, 2*5)) // for each of the two destinations
	assert.True(t, hasWarning(gateway, s.topic))
	requireHealth(t, gateway, http.StatusInternalServerError)
	assert.Len(t, s.splunk.missing(s.uids), 500)
	gateway.Terminate(gatewayEndsWithin)

	gateway = s.startIn(state)
	uids = s.produce(batch{events: 100})
	requireDelivered(t, s.splunk, uids)
	requireDelivered(t, s.elastic, uids)
	eventually(t, equal(gateway, expiredRecords, 0)) // not again
	gateway.Terminate(gatewayEndsWithin)
}

// After a kill it is not known which of the last 100 offsets were read: what expired
// beyond them is seen.
func TestKafkaGatewayMessagesExpireAfterAKill(t *testing.T) {
	t.Parallel()
	const deleted = 250
	s := newGatewaySite(t, 1, soonLost)
	state := t.TempDir()
	gateway := s.startIn(state)
	s.produce(batch{events: 10, each: 1})
	requireDelivered(t, s.splunk, s.uids)
	requireDelivered(t, s.elastic, s.uids)
	s.requireCommitted(s.splunkGroup())
	gateway.Kill()
	s.produce(batch{events: deleted, each: 1})
	s.broker.DeleteRecords(t, s.topic, 0, 10+deleted)
	uids := s.produce(batch{events: 10, each: 1})
	gateway = s.startIn(state)
	requireDelivered(t, s.splunk, uids)
	requireDelivered(t, s.elastic, uids)
	eventually(t, above(gateway, expiredRecords, 2*(deleted-101)))
	expired, _ := gateway.metric(expiredRecords)
	assert.LessOrEqual(t, expired, float64(2*deleted))
	assert.True(t, hasWarning(gateway, s.topic))
	gateway.Terminate(gatewayEndsWithin)
}
