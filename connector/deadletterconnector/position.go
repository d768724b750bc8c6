// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package deadletterconnector

import (
	"context"
	"strconv"

	"go.opentelemetry.io/collector/client"
	"go.uber.org/zap"
)

// position is where in Kafka a message came from.
type position struct {
	topic, partition string
	offset           int64
}

// positionOf returns what the receiver `kafka` says in the metadata of the client
// (contrib v0.152.0, receiver/kafkareceiver/kafka_receiver.go, contextWithMetadata). A
// header of the message may add values to those of the receiver, which come first.
func positionOf(ctx context.Context) (p position, ok bool) {
	metadata := client.FromContext(ctx).Metadata
	topic, partition, offset := metadata.Get("kafka.topic"), metadata.Get("kafka.partition"), metadata.Get("kafka.offset")
	if len(topic) == 0 || len(partition) == 0 || len(offset) == 0 {
		return position{}, false
	}
	if _, err := strconv.ParseInt(partition[0], 10, 32); err != nil || topic[0] == "" {
		return position{}, false
	}
	number, err := strconv.ParseInt(offset[0], 10, 64)
	if err != nil || number < 0 {
		return position{}, false
	}
	return position{topic[0], partition[0], number}, true
}

func (p position) fields() []zap.Field {
	return []zap.Field{zap.String("topic", p.topic), zap.String("partition", p.partition), zap.Int64("offset", p.offset)}
}
