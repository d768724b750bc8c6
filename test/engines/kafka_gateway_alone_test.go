// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build engines && unix

package engines

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An event that a SIEM refuses, of a registry so quiet that each message has one event,
// does not stop those behind it, though nothing else is read meanwhile: it is kept aside,
// over a kill too, until others were accepted. Then it goes to the topic for refused events.
func TestKafkaGatewayRefusedEventOfAQuietRegistry(t *testing.T) {
	t.Parallel()
	s := newGatewaySite(t, 1, soonLost)
	refusePoison(s.splunk, http.StatusBadRequest)
	state := t.TempDir()
	gateway := s.startIn(state)
	s.produce(batch{events: 1})
	requireDelivered(t, s.splunk, s.uids)
	refused := s.produce(batch{events: 1, userAgent: poison(0)})
	s.requireCommitted(s.splunkGroup())
	assert.Empty(t, s.readRefused(), "nothing shows yet that it is the event")
	requireHealth(t, gateway, http.StatusInternalServerError)
	gateway.Kill()

	gateway = s.startIn(state)
	// One that is accepted while the kept one is being tried shows nothing: more may be needed.
	eventually(t, func() error {
		s.produce(batch{events: 1})
		requireDelivered(t, s.splunk, without(s.uids, refused...))
		return equal(gateway, refusedRecords, 1)()
	})
	assert.Zero(t, requireDelivered(t, s.splunk, without(s.uids, refused...)), "repeated")
	got := s.readRefused()
	require.Len(t, got, 1)
	assert.Equal(t, refused[0], got[0].uid)
	assert.Equal(t, s.topic, got[0].attributes["messaging.destination.name"])
	requireHealth(t, gateway, http.StatusOK)
	gateway.Terminate(gatewayEndsWithin)
}
