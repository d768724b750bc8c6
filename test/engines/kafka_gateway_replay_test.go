// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build engines && unix

package engines

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Refused events are delivered from their topic when the cause is gone: each to the SIEM
// that refused it, once, as the agent wrote it.
func TestKafkaGatewayReplay(t *testing.T) {
	t.Parallel()
	s := newGatewaySite(t, 3)
	refusePoison(s.splunk, http.StatusBadRequest)
	gateway := s.start()
	s.produce(batch{events: 300, userAgent: poison(7, 8, 250)})
	s.requireCommitted(s.splunkGroup())
	require.Len(t, s.readRefused(), 3)
	require.Zero(t, requireDelivered(t, s.elastic, s.uids))
	requests := s.elastic.attempts()
	s.splunk.set(func(s *siemStore) { s.refuse = nil })

	changes, err := os.ReadFile(filepath.Join(configDir, "gateway", "replay.yaml"))
	require.NoError(t, err)
	replay := *s
	replay.topic, replay.refused = s.refused, s.refused+"-again"
	s.broker.CreateTopic(t, replay.refused, 1)
	replaying := replay.start(string(changes))
	assert.Zero(t, requireDelivered(t, s.splunk, s.uids), "repeated")
	replay.requireCommitted(replay.splunkGroup())
	replay.requireCommitted(replay.elasticGroup())
	assert.Equal(t, requests, s.elastic.attempts(), "Elasticsearch has them")
	assert.Empty(t, s.broker.Records(t, replay.refused))
	replaying.Terminate(gatewayEndsWithin)
	gateway.Terminate(gatewayEndsWithin)
}

// What is refused again goes to a topic of its own, also where each message has one
// event, and the first one that is replayed is refused. Nothing counts as expired.
func TestKafkaGatewayReplayIsRefused(t *testing.T) {
	t.Parallel()
	s := newGatewaySite(t, 3)
	refusePoison(s.splunk, http.StatusBadRequest)
	gateway := s.start()
	s.produce(batch{events: 300, userAgent: poison(7, 8, 20, 60, 100, 140, 180, 220, 250, 280)})
	s.requireCommitted(s.splunkGroup())
	refused := s.readRefused()
	require.Len(t, refused, 10)
	gateway.Terminate(gatewayEndsWithin)
	// All but the first one are accepted now.
	s.splunk.set(func(s *siemStore) {
		s.refuse = func(e siemEvent) int {
			if e.uid == refused[0].uid {
				return http.StatusBadRequest
			}
			return 0
		}
	})

	changes, err := os.ReadFile(filepath.Join(configDir, "gateway", "replay.yaml"))
	require.NoError(t, err)
	replay := *s
	replay.topic, replay.refused = s.refused, s.refused+"-again"
	s.broker.CreateTopic(t, replay.refused, 1)
	replaying := replay.start(string(changes))
	requireDelivered(t, s.splunk, without(s.uids, refused[0].uid))
	replay.requireCommitted(replay.splunkGroup())
	again := replay.readRefused()
	require.Len(t, again, 1)
	assert.Equal(t, refused[0].uid, again[0].uid)
	eventually(t, equal(replaying, expiredRecords, 0))
	replaying.Terminate(gatewayEndsWithin)
}
