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
	// forgetAfter is how long after the receiver has lost a partition its last offset is
	// forgotten: another member of the group reads on. In less time the collector, which
	// stops its receivers first, shuts this connector down.
	forgetAfter = 10 * time.Second
)

// offsets notices messages of Kafka that were never read: gaps in the offsets of a
// partition. It is safe for concurrent use.
type offsets struct {
	logger    *zap.Logger
	lines     *lines
	health    *health
	telemetry *telemetry
	mode      string        // of the configuration
	storage   *stateStorage // nil: none

	mu         sync.Mutex
	closed     bool
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
	// loaded says that the storage was read.
	loaded bool
	// session ends when the receiver loses the partition.
	session <-chan struct{}
}

func newOffsets(mode string, logger *zap.Logger, health *health, telemetry *telemetry) *offsets {
	return &offsets{
		mode: mode, logger: logger, lines: newLines(logger), health: health, telemetry: telemetry,
		partitions: map[partitionKey]*partition{},
	}
}

// observe follows a message that comes from Kafka, before it is delivered.
func (o *offsets) observe(ctx context.Context) {
	if o.mode == expiredNever {
		return
	}
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
	lost := o.sessionEnded(ctx, pos, p)
	if !p.loaded && o.storage != nil {
		p.loaded = true
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
func (o *offsets) sessionEnded(ctx context.Context, pos position, p *partition) bool {
	last := p.session
	if p.session = ctx.Done(); p.session != last && o.storage != nil {
		context.AfterFunc(ctx, func() { o.lost(pos, p, ctx.Done()) })
	}
	select {
	case <-last: // blocks if it is nil
		return true
	default:
		return false
	}
}

// lost forgets the last offset of a partition that does not come back soon, so that
// after a restart what others have read is not taken for expired.
func (o *offsets) lost(pos position, p *partition, session <-chan struct{}) {
	time.AfterFunc(forgetAfter, func() {
		o.mu.Lock()
		closed := o.closed
		o.mu.Unlock()
		p.mu.Lock()
		defer p.mu.Unlock()
		if closed || p.session != session {
			return
		}
		p.known, p.reserved = false, -1
		o.storage.forget(pos)
	})
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
		if lost {
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

// shutdown returns the last offsets, to be saved as they are.
func (o *offsets) shutdown() (last []savedOffset) {
	o.mu.Lock()
	o.closed = true
	if o.shown != nil {
		o.shown.Stop()
	}
	partitions := maps.Clone(o.partitions)
	o.mu.Unlock()
	if o.storage == nil {
		return nil
	}
	for key, p := range partitions {
		p.mu.Lock()
		if p.known {
			last = append(last, savedOffset{key, offsetValue{Last: p.last, Reserved: p.last}})
		}
		p.mu.Unlock()
	}
	return last
}
