// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build engines && unix

package engines

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rowsWritten is how many events are written when a broker or an agent is killed
// meanwhile.
const rowsWritten = 10_000

// waitForSome waits until a topic has some of an agent's events.
func waitForSome(t testing.TB, r *topicReader, registry string, some int) {
	t.Helper()
	eventually(t, func() error {
		if different, _ := r.counts(registry); different < some {
			return fmt.Errorf("%d events are in the topic, want %d", different, some)
		}
		return nil
	})
}

// A broker that is killed while agents write loses nothing, and has nothing twice: the
// producer is idempotent, and the broker knows after its restart what it has. An agent
// that is asked to end meanwhile ends.
func TestKafkaAgentBrokerKilled(t *testing.T) {
	b := broker(t)
	b.CreateTopic(t, topicOf(t), 3)
	staying := newAgent(t, b.Address(), topicOf(t), registryOf(t, rowsWritten), smallBatches)
	ending := newAgent(t, b.Address(), topicOf(t), registryOf(t, rowsWritten), smallBatches)
	ending.registry = "ending"
	topic := readTopic(t, b, topicOf(t))
	stays, ends := staying.start(), ending.start()
	for _, a := range []*agent{staying, ending} {
		waitForSome(t, topic, a.registry, 500)
	}
	b.Kill()
	for _, a := range []*agent{staying, ending} {
		written, _ := topic.counts(a.registry)
		t.Logf("killed after %d of %d events", written, rowsWritten)
		require.Less(t, written, rowsWritten, "the broker was killed while the agents wrote")
	}
	took := ends.Terminate(agentEndsWithin)
	t.Logf("ended %v after SIGTERM", took.Round(100*time.Millisecond))
	require.NoError(t, b.Restart(t.Context()))

	assert.Zero(t, requireInTopic(t, topic, staying.registry, rowsWritten), "repeated events")
	ends = ending.start()
	repeated := requireInTopic(t, topic, ending.registry, rowsWritten)
	t.Logf("%d repeated by the agent that ended", repeated)
	assert.LessOrEqual(t, repeated, 50, "what was sent when it ended")
	requireOrder(t, topic)
	ends.Terminate(agentEndsWithin)
	stays.Terminate(agentEndsWithin)
}

// An agent that is killed while it writes repeats the batches that it had not saved,
// which have batch_size rows at most in all.
func TestKafkaAgentKilled(t *testing.T) {
	const kills, batchSize = 3, 50
	b := broker(t)
	b.CreateTopic(t, topicOf(t), 3)
	a := newAgent(t, b.Address(), topicOf(t), registryOf(t, rowsWritten), smallBatches)
	topic := readTopic(t, b, topicOf(t))
	for i := range kills {
		written, _ := topic.counts(a.registry)
		c := a.start()
		waitForSome(t, topic, a.registry, written+500*(i+1))
		c.Kill()
	}
	written, _ := topic.counts(a.registry)
	require.Less(t, written, rowsWritten, "the agent was killed while it wrote")
	c := a.start()
	repeated := requireInTopic(t, topic, a.registry, rowsWritten)
	t.Logf("killed %d times, %d repeated", kills, repeated)
	assert.LessOrEqual(t, repeated, kills*batchSize)
	requireOrder(t, topic)
	c.Terminate(agentEndsWithin)
}

// A broker that hangs for 30 seconds, with the settings as they are shipped: that is
// seen, an agent that is asked to end then ends, and nothing is lost.
func TestKafkaAgentBrokerHangs(t *testing.T) {
	const hangs = 30 * time.Second
	b := broker(t)
	b.CreateTopic(t, topicOf(t), 3)
	staying := newAgent(t, b.Address(), topicOf(t), registryOf(t, rowsHeld))
	ending := newAgent(t, b.Address(), topicOf(t), registryOf(t, rowsHeld))
	ending.registry = "ending"
	topic := readTopic(t, b, topicOf(t))
	stays, ends := staying.start(), ending.start()
	assert.Zero(t, requireInTopic(t, topic, staying.registry, rowsHeld), "repeated events")
	assert.Zero(t, requireInTopic(t, topic, ending.registry, rowsHeld), "repeated events")

	require.NoError(t, b.Pause())
	begin := time.Now()
	for _, a := range []*agent{staying, ending} {
		appendRows(t, a.database, rowsHeld, func(i int) string { return fmt.Sprintf("while it hangs %d", i) })
	}
	requireSeen(t, ends, begin)
	took := ends.Terminate(agentEndsWithin)
	t.Logf("ended %v after SIGTERM", took.Round(100*time.Millisecond))
	requireSeen(t, stays, begin)
	<-time.After(time.Until(begin.Add(hangs)))
	require.NoError(t, b.Continue())

	assert.Zero(t, requireInTopic(t, topic, staying.registry, 2*rowsHeld), "repeated events")
	requireHealthy(t, stays)
	ends = ending.start()
	repeated := requireInTopic(t, topic, ending.registry, 2*rowsHeld)
	t.Logf("%d repeated by the agent that ended", repeated)
	assert.LessOrEqual(t, repeated, rowsHeld, "what was sent when it ended")
	ends.Terminate(agentEndsWithin)
	stays.Terminate(agentEndsWithin)
}
