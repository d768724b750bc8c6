// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package deadletterconnector

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"go.uber.org/zap"
)

const (
	// maxPartitions bounds the partitions that are followed.
	maxPartitions = 10_000
	// expiredShown is how long the status shows messages that were never read: until an
	// operator can have seen it.
	expiredShown = time.Hour
)

// offsets notices messages of Kafka that were never read: gaps in the offsets of a
// partition. It is safe for concurrent use.
type offsets struct {
	logger    *zap.Logger
	lines     *lines
	health    *health
	telemetry *telemetry
	storage   *stateStorage // nil: none

	mu         sync.Mutex
	partitions map[partitionKey]*partition
	shown      *time.Timer // ends the status
}

type partitionKey struct{ topic, partition string }

// partition is what is known of one.
type partition struct {
	mu sync.Mutex
	// known says that last is.
	known bool
	// last is the highest offset that was seen. It may have been a higher one, up to
	// reserved, if exact is false: the collector has crashed.
	last  int64
	exact bool
	// reserved is the highest offset that may be seen before the storage is written
	// again.
	reserved int64
	// session ends when the receiver loses the partition.
	session <-chan struct{}
}

func newOffsets(logger *zap.Logger, health *health, telemetry *telemetry) *offsets {
	return &offsets{
		logger: logger, lines: newLines(logger), health: health, telemetry: telemetry,
		partitions: map[partitionKey]*partition{},
	}
}

// observe follows a message that comes from Kafka, before it is delivered.
func (o *offsets) observe(ctx context.Context) {
	pos, ok := positionOf(ctx)
	if !ok {
		return
	}
	p := o.partition(partitionKey{pos.topic, pos.partition})
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	lost := p.sessionEnded(ctx)
	if !p.known && o.storage != nil {
		o.storage.load(ctx, pos, p)
	}
	o.compare(ctx, pos, p, lost)
	if o.storage != nil && p.last > p.reserved {
		p.reserved = p.last + reserveAhead
		o.storage.save(ctx, pos, p.last, p.reserved)
	}
}

// partition returns what is known of a partition, nil if there are too many.
func (o *offsets) partition(key partitionKey) *partition {
	o.mu.Lock()
	defer o.mu.Unlock()
	p, ok := o.partitions[key]
	if !ok && len(o.partitions) < maxPartitions {
		p = &partition{reserved: -1}
		o.partitions[key] = p
	}
	return p
}

// sessionEnded reports whether the receiver has lost the partition since the last
// message: its context has ended.
func (p *partition) sessionEnded(ctx context.Context) bool {
	last := p.session
	p.session = ctx.Done()
	select {
	case <-last: // blocks if it is nil
		return true
	default:
		return false
	}
}

// compare compares the offset of a message with the last one.
func (o *offsets) compare(ctx context.Context, pos position, p *partition, lost bool) {
	switch {
	case !p.known:
	case pos.offset == 0 && p.last > 0:
		o.reset(ctx, pos, p)
	case pos.offset <= p.last:
		return // it is read again
	case pos.offset > p.next():
		if lost && o.storage == nil {
			// Another member of the consumer group may have read them.
			o.logger.Debug("Offsets were skipped while the partition was not assigned to this receiver", pos.fields()...)
		} else {
			o.gap(ctx, pos, p.next(), p.exact)
		}
	}
	p.last, p.known, p.exact = pos.offset, true, true
}

// next is the lowest offset that is expected: none below it is missing.
func (p *partition) next() int64 {
	if !p.exact {
		return max(p.last, p.reserved) + 1
	}
	return p.last + 1
}

// gap reports offsets that were never read, from first to the one before the message's.
func (o *offsets) gap(ctx context.Context, pos position, first int64, exact bool) {
	count := pos.offset - first
	o.telemetry.builder.ConnectorDeadLetterExpiredRecords.Add(ctx, count, o.telemetry.self)
	o.lines.warn("Messages of a partition were never read: they expired or were deleted before, or the receiver could not decode them",
		zap.String("topic", pos.topic), zap.String("partition", pos.partition), zap.Int64("first", first),
		zap.Int64("last", pos.offset-1), zap.Int64("count", count), zap.Bool("more_possible", !exact))
	o.health.failing("kafka", "", fmt.Errorf("topic %s, partition %s: offsets %d to %d, %d messages, were never read: they expired or were deleted before, or the receiver could not decode them; shown for %s",
		pos.topic, pos.partition, first, pos.offset-1, count, expiredShown))
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.shown != nil {
		o.shown.Stop()
	}
	o.shown = time.AfterFunc(expiredShown, func() { o.health.over("kafka") })
}

// reset reports that a partition begins anew.
func (o *offsets) reset(ctx context.Context, pos position, p *partition) {
	o.telemetry.builder.ConnectorDeadLetterOffsetResets.Add(ctx, 1, o.telemetry.self)
	o.lines.warn("A partition begins anew at offset 0: the topic was made anew, or the offsets of the consumer group were reset; what follows may be delivered again",
		zap.String("topic", pos.topic), zap.String("partition", pos.partition), zap.Int64("last", p.last))
	p.reserved = -1
}

// shutdown saves the last offsets as they are, and closes the storage.
func (o *offsets) shutdown(ctx context.Context) error {
	o.mu.Lock()
	if o.shown != nil {
		o.shown.Stop()
	}
	partitions := maps.Clone(o.partitions)
	o.mu.Unlock()
	if o.storage == nil {
		return nil
	}
	var last []savedOffset
	for key, p := range partitions {
		p.mu.Lock()
		if p.known {
			last = append(last, savedOffset{key, offsetValue{Last: p.last, Reserved: p.last}})
		}
		p.mu.Unlock()
	}
	return o.storage.close(ctx, last)
}
