// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.opentelemetry.io/collector/pdata/plog"
)

// broker is a Kafka broker, and what a consumer of a topic has read from it. It has
// Kafka's defaults: message.max.bytes is 1,048,588, of compressed batches (the client's
// own limit is lower), and auto.create.topics.enable is on, for clients that ask. The
// tests in engines run the same with the real broker.
type broker struct {
	*records
	cluster *kfake.Cluster
}

// newBroker starts a broker that creates topics which a client asks for, with one
// partition. That is the default of Kafka 4.1 (auto.create.topics.enable, num.partitions:
// https://kafka.apache.org/documentation/#brokerconfigs), and not this fake's.
func newBroker(t testing.TB, options ...kfake.Opt) *broker {
	t.Helper()
	defaults := []kfake.Opt{kfake.NumBrokers(1), kfake.AllowAutoTopicCreation(), kfake.DefaultNumPartitions(1)}
	cluster, err := kfake.NewCluster(append(defaults, options...)...)
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	return &broker{records: &records{}, cluster: cluster}
}

func (b *broker) address() string { return b.cluster.ListenAddrs()[0] }

// denyWriting makes a broker answer as to a client without any permission for a topic: a
// real one refuses the metadata of the topic, too, which is what a client asks for first.
func (b *broker) denyWriting(topic string) *kfake.FaultHandle {
	return b.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Metadata, kmsg.Produce}, Topic: topic, Err: kerr.TopicAuthorizationFailed, Count: -1})
}

// hang leaves every request of a broker's clients without an answer from now on, as
// a broker that is stopped does.
func (b *broker) hang() {
	b.cluster.Control(func(kmsg.Request) (kmsg.Response, error, bool) {
		b.cluster.KeepControl()
		return nil, nil, true
	})
}

// consume reads a topic until the test ends.
func (b *broker) consume(t testing.TB, topic string) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(b.address()), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchMaxWait(100*time.Millisecond))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			for _, record := range client.PollFetches(ctx).Records() {
				if logs, err := new(plog.ProtoUnmarshaler).UnmarshalLogs(record.Value); err == nil {
					b.add(logs)
				}
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		client.Close()
	})
}

// putEverywhere writes a message to each partition of a topic.
func (b *broker) putEverywhere(t testing.TB, topic string, partitions int, value []byte) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(b.address()), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	require.NoError(t, err)
	defer client.Close()
	for i := range partitions {
		record := &kgo.Record{Topic: topic, Partition: int32(i), Value: value}
		require.NoError(t, client.ProduceSync(t.Context(), record).FirstErr())
	}
}

// logs reads the first records of a topic.
func (b *broker) logs(t testing.TB, topic string, n int) []plog.LogRecord {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(b.address()), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	require.NoError(t, err)
	defer client.Close()
	var all []plog.LogRecord
	for len(all) < n {
		fetches := client.PollFetches(t.Context())
		require.NoError(t, fetches.Err())
		for _, message := range fetches.Records() {
			logs, err := new(plog.ProtoUnmarshaler).UnmarshalLogs(message.Value)
			require.NoError(t, err)
			for _, resource := range logs.ResourceLogs().All() {
				for _, scope := range resource.ScopeLogs().All() {
					for _, record := range scope.LogRecords().All() {
						all = append(all, record)
					}
				}
			}
		}
	}
	require.Len(t, all, n)
	return all
}
