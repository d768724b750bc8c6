// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package kafka

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// callTimeout is how long a call of an administrator may take.
const callTimeout = 30 * time.Second

// Client returns a client of the listener without authentication. The test closes
// it when it ends.
func (b *Broker) Client(t testing.TB, options ...kgo.Opt) *kgo.Client {
	t.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(b.Address())}, options...)...)
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return client
}

// admin calls a function with an administrator.
func (b *Broker) admin(t testing.TB, call func(ctx context.Context, admin *kadm.Client)) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Address()))
	require.NoError(t, err)
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), callTimeout) // also in cleanups
	defer cancel()
	call(ctx, kadm.NewClient(client))
}

// CreateTopic creates a topic. Configurations are written KEY=VALUE.
func (b *Broker) CreateTopic(t testing.TB, topic string, partitions int32, configs ...string) {
	t.Helper()
	values := map[string]*string{}
	for _, config := range configs {
		key, value, _ := strings.Cut(config, "=")
		values[key] = &value
	}
	b.admin(t, func(ctx context.Context, admin *kadm.Client) {
		_, err := admin.CreateTopic(ctx, partitions, 1, values, topic)
		require.NoError(t, err, "create the topic %s", topic)
	})
}

// DeleteTopic deletes a topic, and returns when it is gone.
func (b *Broker) DeleteTopic(t testing.TB, topic string) {
	t.Helper()
	b.admin(t, func(ctx context.Context, admin *kadm.Client) {
		_, err := admin.DeleteTopic(ctx, topic)
		require.NoError(t, err, "delete the topic %s", topic)
		require.Eventually(t, func() bool {
			topics, err := admin.ListTopics(ctx)
			return err == nil && !topics.Has(topic)
		}, callTimeout, 20*time.Millisecond, "the topic %s is still there", topic)
	})
}

// SetTopicConfig changes configurations of a topic, written KEY=VALUE.
func (b *Broker) SetTopicConfig(t testing.TB, topic string, configs ...string) {
	t.Helper()
	var changes []kadm.AlterConfig
	for _, config := range configs {
		key, value, _ := strings.Cut(config, "=")
		changes = append(changes, kadm.AlterConfig{Op: kadm.SetConfig, Name: key, Value: &value})
	}
	b.admin(t, func(ctx context.Context, admin *kadm.Client) {
		responses, err := admin.AlterTopicConfigs(ctx, changes, topic)
		require.NoError(t, err)
		_, err = responses.On(topic, nil)
		require.NoError(t, err)
		require.NoError(t, responses[0].Err, "configure the topic %s", topic)
	})
}

// DeleteRecords deletes the records of a partition below an offset, as if they had
// expired. With -1 it deletes all.
func (b *Broker) DeleteRecords(t testing.TB, topic string, partition int32, before int64) {
	t.Helper()
	offsets := kadm.Offsets{}
	offsets.Add(kadm.Offset{Topic: topic, Partition: partition, At: before})
	b.admin(t, func(ctx context.Context, admin *kadm.Client) {
		responses, err := admin.DeleteRecords(ctx, offsets)
		require.NoError(t, err)
		require.NoError(t, responses.Error())
	})
}

// SetPassword makes a user with a password, or changes the user's password.
func (b *Broker) SetPassword(t testing.TB, user, password string) {
	t.Helper()
	b.admin(t, func(ctx context.Context, admin *kadm.Client) {
		// The broker takes a user once in a request.
		for _, mechanism := range []kadm.ScramMechanism{kadm.ScramSha256, kadm.ScramSha512} {
			change := kadm.UpsertSCRAM{User: user, Mechanism: mechanism, Iterations: 4096, Password: password}
			responses, err := admin.AlterUserSCRAMs(ctx, nil, []kadm.UpsertSCRAM{change})
			require.NoError(t, err)
			require.NoError(t, responses.Error())
		}
	})
}

// Access is what a user may do with topics and groups.
type Access struct {
	// User is the name that the user authenticates with.
	User string
	// Topics and Groups are names. Each may be empty.
	Topics, Groups []string
	// Operations are allowed on each of them, such as [kadm.OpWrite]. [kadm.OpAll]
	// is allowed on both.
	Operations []kadm.ACLOperation
}

func (a Access) rules() *kadm.ACLBuilder {
	return kadm.NewACLs().ResourcePatternType(kadm.ACLPatternLiteral).
		Allow("User:" + a.User).AllowHosts("*").
		MaybeTopics(a.Topics...).MaybeGroups(a.Groups...).
		Operations(a.Operations...)
}

// Allow adds rules (ACLs) that allow an access.
func (b *Broker) Allow(t testing.TB, access Access) {
	t.Helper()
	b.admin(t, func(ctx context.Context, admin *kadm.Client) {
		results, err := admin.CreateACLs(ctx, access.rules())
		require.NoError(t, err)
		for _, result := range results {
			require.NoError(t, result.Err)
		}
	})
}

// Revoke deletes the rules that [Broker.Allow] added for the same access.
func (b *Broker) Revoke(t testing.TB, access Access) {
	t.Helper()
	b.admin(t, func(ctx context.Context, admin *kadm.Client) {
		results, err := admin.DeleteACLs(ctx, access.rules())
		require.NoError(t, err)
		for _, result := range results {
			require.NoError(t, result.Err)
			require.NotEmpty(t, result.Deleted, "there is no such rule")
		}
	})
}

// EndOffsets returns the offset that the next record of each partition gets.
func (b *Broker) EndOffsets(t testing.TB, topic string) map[int32]int64 {
	t.Helper()
	ends := map[int32]int64{}
	b.admin(t, func(ctx context.Context, admin *kadm.Client) {
		offsets, err := admin.ListEndOffsets(ctx, topic)
		require.NoError(t, err)
		require.NoError(t, offsets.Error())
		offsets.Each(func(o kadm.ListedOffset) { ends[o.Partition] = o.Offset })
	})
	return ends
}

// GroupLag returns how many records of all its topics a consumer group has not
// committed.
func (b *Broker) GroupLag(t testing.TB, group string) int64 {
	t.Helper()
	var lag int64
	b.admin(t, func(ctx context.Context, admin *kadm.Client) {
		lags, err := admin.Lag(ctx, group)
		require.NoError(t, err)
		require.NoError(t, lags.Error())
		lag = lags[group].Lag.Total()
	})
	return lag
}

// Produce writes records and returns when the broker has them.
func (b *Broker) Produce(t testing.TB, records ...*kgo.Record) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), callTimeout) // also in cleanups
	defer cancel()
	client := b.Client(t)
	defer client.Close()
	require.NoError(t, client.ProduceSync(ctx, records...).FirstErr())
}

// Records returns what a topic has now, partition by partition.
func (b *Broker) Records(t testing.TB, topic string) []*kgo.Record {
	t.Helper()
	ends := b.EndOffsets(t, topic)
	starts := map[int32]kgo.Offset{}
	left := map[int32]bool{}
	b.admin(t, func(ctx context.Context, admin *kadm.Client) {
		offsets, err := admin.ListStartOffsets(ctx, topic)
		require.NoError(t, err)
		require.NoError(t, offsets.Error())
		offsets.Each(func(o kadm.ListedOffset) {
			if o.Offset < ends[o.Partition] {
				starts[o.Partition] = kgo.NewOffset().At(o.Offset)
				left[o.Partition] = true
			}
		})
	})
	if len(left) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), callTimeout) // also in cleanups
	defer cancel()
	client := b.Client(t, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: starts}))
	defer client.Close()
	byPartition := map[int32][]*kgo.Record{}
	for len(left) > 0 {
		fetches := client.PollFetches(ctx)
		require.NoError(t, fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) {
			if r.Offset < ends[r.Partition] {
				byPartition[r.Partition] = append(byPartition[r.Partition], r)
			}
			if r.Offset >= ends[r.Partition]-1 {
				delete(left, r.Partition)
			}
		})
	}
	var all []*kgo.Record
	for _, partition := range slices.Sorted(maps.Keys(byPartition)) {
		all = append(all, byPartition[partition]...)
	}
	return all
}
