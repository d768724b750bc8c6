// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build engines && unix

package engines

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/oversight-protocol/oversight-otelcol/test/internal/engines/kafka"
)

// rowsHeld is how many events a broker refuses for a while.
const rowsHeld = 300

// asUser makes an agent log in with SCRAM.
func asUser(user, password string) string {
	return fmt.Sprintf("exporters: {kafka: {auth: {sasl: {mechanism: SCRAM-SHA-512, username: %s, password: %s}}}}", user, password)
}

// writerOf is what an agent needs to be allowed, as docs/gateway.md says.
func writerOf(user, topic string) kafka.Access {
	return kafka.Access{User: user, Topics: []string{topic}, Operations: []kadm.ACLOperation{kadm.OpWrite}}
}

// An agent that may not write to the topic yet, and later may not any more, keeps all
// events until it may again.
func TestKafkaAgentACL(t *testing.T) {
	t.Parallel()
	const user, password = "agent-acl", "secret"
	b := broker(t)
	b.CreateTopic(t, topicOf(t), 3)
	b.SetPassword(t, user, password)
	a := newAgent(t, b.SASLAddress(), topicOf(t), registryOf(t, rowsHeld), asUser(user, password), soonUnhealthy)
	topic := readTopic(t, b, topicOf(t))
	missing := time.Now()
	c := a.start()
	requireSeen(t, c, missing, "TOPIC_AUTHORIZATION_FAILED")
	requireStatus(t, c, missing, "TOPIC_AUTHORIZATION_FAILED")
	assert.NotContains(t, c.log(), "Recovered", "nothing was accepted")

	b.Allow(t, writerOf(user, topicOf(t)))
	assert.Zero(t, requireInTopic(t, topic, a.registry, rowsHeld), "repeated events")
	requireHealthy(t, c)

	b.Revoke(t, writerOf(user, topicOf(t)))
	revoked := time.Now()
	appendRows(t, a.database, rowsHeld, func(i int) string { return fmt.Sprintf("revoked %d", i) })
	requireSeen(t, c, revoked, "TOPIC_AUTHORIZATION_FAILED")
	requireStatus(t, c, revoked, "TOPIC_AUTHORIZATION_FAILED")

	b.Allow(t, writerOf(user, topicOf(t)))
	assert.Zero(t, requireInTopic(t, topic, a.registry, 2*rowsHeld), "repeated events")
	requireHealthy(t, c)
	c.Terminate(agentEndsWithin)
}

// A wrong password delays events until the broker is told that it is the right one.
func TestKafkaAgentPassword(t *testing.T) {
	t.Parallel()
	const user = "agent-password"
	b := broker(t)
	b.CreateTopic(t, topicOf(t), 3)
	b.SetPassword(t, user, "another")
	b.Allow(t, writerOf(user, topicOf(t)))
	a := newAgent(t, b.SASLAddress(), topicOf(t), registryOf(t, rowsHeld), asUser(user, "secret"), soonUnhealthy)
	topic := readTopic(t, b, topicOf(t))
	begin := time.Now()
	c := a.start()
	requireSeen(t, c, begin, "SASL_AUTHENTICATION_FAILED")
	b.SetPassword(t, user, "secret")
	assert.Zero(t, requireInTopic(t, topic, a.registry, rowsHeld), "repeated events")
	requireHealthy(t, c)
	c.Terminate(agentEndsWithin)
}

// The broker makes topics that somebody asks for, which is its default. The agent does
// not ask: events wait until the topic is there.
func TestKafkaAgentTopicIsMissing(t *testing.T) {
	t.Parallel()
	b := broker(t)
	a := newAgent(t, b.Address(), topicOf(t), registryOf(t, rowsHeld), soonUnhealthy)
	begin := time.Now()
	c := a.start()
	requireSeen(t, c, begin, "UNKNOWN_TOPIC_OR_PARTITION")
	requireStatus(t, c, begin, "UNKNOWN_TOPIC_OR_PARTITION")
	b.CreateTopic(t, topicOf(t), 3) // fails if it is there
	topic := readTopic(t, b, topicOf(t))
	assert.Zero(t, requireInTopic(t, topic, a.registry, rowsHeld), "repeated events")
	requireHealthy(t, c)
	c.Terminate(agentEndsWithin)
}

// A topic that is deleted and made again, with and without events that wait in between,
// takes events again.
func TestKafkaAgentTopicRecreated(t *testing.T) {
	t.Parallel()
	b := broker(t)
	b.CreateTopic(t, topicOf(t), 3)
	a := newAgent(t, b.Address(), topicOf(t), registryOf(t, rowsHeld), soonUnhealthy)
	c := a.start()
	assert.Zero(t, requireInTopic(t, readTopic(t, b, topicOf(t)), a.registry, rowsHeld), "repeated events")

	b.DeleteTopic(t, topicOf(t))
	b.CreateTopic(t, topicOf(t), 3)
	appendRows(t, a.database, rowsHeld, func(i int) string { return fmt.Sprintf("second topic %d", i) })
	requireRows(t, readTopic(t, b, topicOf(t)), a.registry, rowsHeld+1, 2*rowsHeld)

	b.DeleteTopic(t, topicOf(t))
	begin := time.Now()
	appendRows(t, a.database, rowsHeld, func(i int) string { return fmt.Sprintf("third topic %d", i) })
	requireSeen(t, c, begin)
	b.CreateTopic(t, topicOf(t), 3)
	requireRows(t, readTopic(t, b, topicOf(t)), a.registry, 2*rowsHeld+1, 3*rowsHeld)
	requireHealthy(t, c)
	c.Terminate(agentEndsWithin)
}

// A topic that is made again with fewer partitions than the client knows takes no events
// until the agent is started again. That is seen, and nothing is lost.
func TestKafkaAgentFewerPartitions(t *testing.T) {
	t.Parallel()
	b := broker(t)
	b.CreateTopic(t, topicOf(t), 3)
	a := newAgent(t, b.Address(), topicOf(t), registryOf(t, rowsHeld), soonUnhealthy)
	topic := readTopic(t, b, topicOf(t))
	c := a.start()
	assert.Zero(t, requireInTopic(t, topic, a.registry, rowsHeld), "repeated events")
	require.NotZero(t, topic.all()[0].partition, "the partition that will be missing")

	b.DeleteTopic(t, topicOf(t))
	b.CreateTopic(t, topicOf(t), 1)
	begin := time.Now()
	appendRows(t, a.database, rowsHeld, func(i int) string { return fmt.Sprintf("fewer partitions %d", i) })
	requireSeen(t, c, begin)
	c.Terminate(agentEndsWithin)
	c = a.start()
	requireRows(t, readTopic(t, b, topicOf(t)), a.registry, rowsHeld+1, 2*rowsHeld)
	c.Terminate(agentEndsWithin)
}

// A topic takes messages of 300 KB. A burst of user agents of 63 KB that do not compress
// is in it: they are cut, and sent in smaller batches.
func TestKafkaAgentSmallMessages(t *testing.T) {
	t.Parallel()
	const ordinary, burst = 100, 200
	b := broker(t)
	b.CreateTopic(t, topicOf(t), 3, fmt.Sprint("max.message.bytes=", 300<<10))
	a := newAgent(t, b.Address(), topicOf(t), registryOf(t, ordinary))
	appendRows(t, a.database, burst, func(i int) string { return randomText(63<<10, i) })
	appendRows(t, a.database, ordinary, func(i int) string { return fmt.Sprintf("behind it %d", i) })
	topic := readTopic(t, b, topicOf(t))
	c := a.start()
	assert.Zero(t, requireInTopic(t, topic, a.registry, 2*ordinary+burst), "repeated events")
	cut := 0
	for _, record := range topic.all() {
		assert.NotContains(t, record.uid, "-reduced")
		if record.truncated {
			cut++
		}
	}
	assert.Equal(t, burst, cut, "cut events")
	require.Contains(t, c.log(), "MESSAGE_TOO_LARGE", "the broker refused a batch")
	c.Terminate(agentEndsWithin)
}

// randomText returns n characters that do not compress well.
func randomText(n, seed int) string {
	const characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	random := rand.New(rand.NewPCG(uint64(seed), 1))
	var text strings.Builder
	for range n {
		text.WriteByte(characters[random.IntN(len(characters))])
	}
	return text.String()
}
