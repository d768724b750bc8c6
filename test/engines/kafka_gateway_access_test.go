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
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/oversight-protocol/oversight-otelcol/test/internal/engines/kafka"
)

const gatewayPassword = "correct horse"

// authenticated makes gateways authenticate as a user of their own, who may do nothing
// yet.
func (s *gatewaySite) authenticated(user, password string) {
	s.address = s.broker.SASLAddress()
	auth := fmt.Sprintf("{auth: {sasl: {mechanism: SCRAM-SHA-512, username: %s, password: %s}}}", user, password)
	change := fmt.Sprintf("receivers: {kafka/splunk: %[1]s, kafka/elastic: %[1]s}", auth)
	if hasDeadLetter(s.t) {
		change = fmt.Sprintf("receivers: {kafka/splunk: %[1]s, kafka/elastic: %[1]s, kafka_metrics: %[1]s}\nexporters: {kafka/refused: %[1]s}", auth)
	}
	s.changes = append(s.changes, change)
}

func (s *gatewaySite) readTopic(user string) kafka.Access {
	return kafka.Access{User: user, Topics: []string{s.topic}, Operations: []kadm.ACLOperation{kadm.OpRead}}
}

func (s *gatewaySite) readGroups(user string) kafka.Access {
	return kafka.Access{User: user, Groups: []string{s.splunkGroup(), s.elasticGroup()}, Operations: []kadm.ACLOperation{kadm.OpRead}}
}

func (s *gatewaySite) writeRefused(user string) kafka.Access {
	return kafka.Access{User: user, Topics: []string{s.refused}, Operations: []kadm.ACLOperation{kadm.OpWrite}}
}

// A gateway without a permission is seen, loses nothing, and goes on when it gets
// the permission, without a restart.
func TestKafkaGatewayAccess(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]func(*gatewaySite, string) kafka.Access{
		"topic": (*gatewaySite).readTopic,
		"group": (*gatewaySite).readGroups,
	} {
		for _, revoked := range []bool{false, true} {
			when := map[bool]string{false: "missing", true: "revoked"}[revoked]
			t.Run(name+" "+when, func(t *testing.T) {
				t.Parallel()
				s := newGatewaySite(t, 3)
				user := s.topic
				s.broker.SetPassword(t, user, gatewayPassword)
				s.authenticated(user, gatewayPassword)
				for _, access := range []kafka.Access{s.readTopic(user), s.readGroups(user), s.writeRefused(user)} {
					s.broker.Allow(t, access)
				}
				access := of(s, user)
				if !revoked {
					s.broker.Revoke(t, access)
				}
				gateway := s.start()
				if revoked {
					s.produce(batch{events: 200})
					requireDelivered(t, s.splunk, s.uids)
					s.broker.Revoke(t, access)
				}
				since := time.Now()
				s.produce(batch{events: 200})
				requireSeenOnGateway(t, gateway, since, "AUTHORIZATION_FAILED", noMetric)
				requireFewLines(t, gateway)
				s.broker.Allow(t, access)
				given := time.Now()
				repeated := requireDelivered(t, s.splunk, s.uids)
				t.Logf("delivered %v after the permission was given, %d events once more", time.Since(given).Round(100*time.Millisecond), repeated)
				if when == "missing" || name == "group" {
					requireHealth(t, gateway, http.StatusOK)
				} // else the receiver reports that it is well at the next rebalance only
				gateway.Terminate(gatewayEndsWithin)
			})
		}
	}
}

// requireFewLines requires that what the receiver meets at each attempt does not fill
// the disk.
func requireFewLines(t testing.TB, gateway *collector) {
	t.Helper()
	assert.Never(t, func() bool { return strings.Count(gateway.log(), "consumer fetch error") > 20 }, 2*time.Second, 100*time.Millisecond)
}

// A wrong password is seen, and the gateway reads when it is put right at the broker.
// The receiver does not learn of it: the status stays as it is.
func TestKafkaGatewayPassword(t *testing.T) {
	t.Parallel()

	s := newGatewaySite(t, 3)
	user := s.topic
	s.broker.SetPassword(t, user, "another")
	s.authenticated(user, gatewayPassword)
	for _, access := range []kafka.Access{s.readTopic(user), s.readGroups(user), s.writeRefused(user)} {
		s.broker.Allow(t, access)
	}
	since := time.Now()
	gateway := s.start()
	s.produce(batch{events: 200})
	eventually(t, func() error {
		return unless(hasWarning(gateway, "SASL_AUTHENTICATION_FAILED"), "no line tells it")
	})
	assert.Less(t, time.Since(since), seenWithin)
	_, err := kafkaMetric(gateway, "kafka_consumer_group_members", s.splunkGroup())
	require.Error(t, err, "the metric exists")

	s.broker.SetPassword(t, user, gatewayPassword)
	right := time.Now()
	requireDelivered(t, s.splunk, s.uids)
	t.Logf("delivered %v after the password was put right", time.Since(right).Round(100*time.Millisecond))
	eventually(t, func() error {
		_, err := kafkaMetric(gateway, "kafka_consumer_group_members", s.splunkGroup())
		return err
	})
	requireHealth(t, gateway, http.StatusOK)
	gateway.Terminate(gatewayEndsWithin)
}
