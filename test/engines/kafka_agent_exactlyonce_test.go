// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build engines && unix

package engines

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// 50,000 events are in the topic exactly once, in order.
func TestKafkaAgentExactlyOnce(t *testing.T) {
	const rows = 50_000
	b := broker(t)
	b.CreateTopic(t, topicOf(t), 3)
	a := newAgent(t, b.Address(), topicOf(t), registryOf(t, rows))
	topic := readTopic(t, b, topicOf(t))
	begin := time.Now()
	c := a.start()
	assert.Zero(t, requireInTopic(t, topic, a.registry, rows), "repeated events")
	requireOrder(t, topic)
	t.Logf("%d events in %v", rows, time.Since(begin).Round(100*time.Millisecond))
	c.Terminate(agentEndsWithin)
}

// Two agents, one of them with two registries, write to one topic: the events of each
// registry are there once, in order, in one partition.
func TestKafkaAgentsShareATopic(t *testing.T) {
	t.Parallel()
	const rows = 2_000
	b := broker(t)
	b.CreateTopic(t, topicOf(t), 3)
	first := newAgent(t, b.Address(), topicOf(t), registryOf(t, rows))
	other := strings.Repeat("cafe", 16)
	second := newAgent(t, b.Address(), topicOf(t), registryOf(t, rows), fmt.Sprintf(`
receivers:
  oversight/other: {database: %q, registry_id: %s, storage: file_storage, poll_interval: 20ms}
service: {pipelines: {logs/other: {receivers: [oversight/other], exporters: [kafka]}}}
`, registryOf(t, rows), other), smallBatches)
	second.registry = strings.Repeat("beef", 16)
	topic := readTopic(t, b, topicOf(t))
	agents := []*collector{first.start(), second.start()}
	for _, registry := range []string{first.registry, second.registry, other} {
		assert.Zero(t, requireInTopic(t, topic, registry, rows), "repeated events")
	}
	requireOrder(t, topic)
	for _, c := range agents {
		c.Terminate(agentEndsWithin)
	}
}
