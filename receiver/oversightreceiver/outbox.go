// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/delivery"
)

// outbox is the findings that are not delivered yet. It is bounded by what a
// checkpoint may hold: beyond that, findings of a kind are merged. Findings that are
// delivered before the next save are never written.
type outbox struct {
	logger  *zap.Logger
	records []*outboxRecord // in the order of their numbers; those without a number are the last
	queue   checkpoint.Queue
	deleted map[int64]bool // numbers of records to be deleted by the next save
	dirty   bool
}

// outboxRecord is a finding in the outbox.
type outboxRecord struct {
	finding finding
	merged  int    // how many findings it stands for; 0: itself
	number  int64  // of its key, from 1 on; 0: it has none
	saved   bool   // it is in the storage under that number
	data    []byte // its encoded form; nil: not needed yet
	// reported says that the log has a line about its refusal.
	reported bool
}

// size is how many records there are.
func (o *outbox) size() int { return len(o.records) }

// load reads what was saved. A damaged record is dropped and logged: nothing else
// has it.
func (o *outbox) load(ctx context.Context, get getter) error {
	o.records, o.queue, o.deleted, o.dirty = nil, checkpoint.Queue{}, map[int64]bool{}, false
	data, err := get(ctx, checkpoint.OutboxKey)
	if err != nil || data == nil {
		return err
	}
	if o.queue, err = checkpoint.DecodeQueue(data); err != nil {
		o.logger.Error("The list of findings that were not delivered is damaged: they are lost", zap.Error(err))
		o.queue, o.dirty = checkpoint.Queue{}, true
		return nil
	}
	for number := o.queue.First; number < o.queue.Next; number++ {
		key := checkpoint.PageKey(checkpoint.OutboxPrefix, number)
		data, err := get(ctx, key)
		if err != nil {
			return err
		}
		if data == nil { // delivered before others
			continue
		}
		r, err := decodeOutboxRecord(data)
		if err != nil {
			o.logger.Error("A finding that was not delivered is damaged: it is lost", zap.String("key", key), zap.Error(err))
			o.deleted[number], o.dirty = true, true
			continue
		}
		r.number = number
		o.records = append(o.records, r)
	}
	return nil
}

// add adds findings at the end.
func (o *outbox) add(findings []finding) {
	for i := range findings {
		f := findings[i]
		f.Message = delivery.CutText(f.Message, maxFindingMessage)
		o.records = append(o.records, &outboxRecord{finding: f})
	}
	o.dirty = true
}

// maxFindingMessage bounds the message of a finding, in bytes: it may quote a leaf.
const maxFindingMessage = 2 << 10

// within are the first records that fit into one request, at least one.
func (o *outbox) within(budget int) []*outboxRecord {
	for i, r := range o.records {
		if budget -= maxEncodedFinding + 6*len(r.finding.Message); budget < 0 && i > 0 {
			return o.records[:i:i]
		}
	}
	return slices.Clip(o.records)
}

// maxEncodedFinding is more than a finding takes in any shape apart from its message,
// of which every byte may take six.
const maxEncodedFinding = 2560

// remove removes records that were delivered.
func (o *outbox) remove(delivered ...*outboxRecord) {
	gone := make(map[*outboxRecord]bool, len(delivered))
	for _, r := range delivered {
		gone[r] = true
		o.unsave(r)
	}
	rest := make([]*outboxRecord, 0, len(o.records))
	for _, r := range o.records {
		if !gone[r] {
			rest = append(rest, r)
		}
	}
	o.records = rest
}

// moveToEnd moves a record behind all others.
func (o *outbox) moveToEnd(r *outboxRecord) {
	o.remove(r)
	o.records = append(o.records, r)
}

// unsave deletes what the storage may have of a record. A save that failed may have
// stored it all the same.
func (o *outbox) unsave(r *outboxRecord) {
	if r.number != 0 {
		o.deleted[r.number] = true
	}
	r.saved, r.number = false, 0
	o.dirty = true
}

// changes are what a save has to write. It merges records if there are too many.
func (o *outbox) changes() ([]*storage.Operation, error) {
	if !o.dirty {
		return nil, nil
	}
	if err := o.fit(); err != nil {
		return nil, err
	}
	o.renumber()
	var all []*storage.Operation
	for _, number := range slices.Sorted(maps.Keys(o.deleted)) {
		all = append(all, storage.DeleteOperation(checkpoint.PageKey(checkpoint.OutboxPrefix, number)))
	}
	for _, r := range o.records {
		if !r.saved {
			all = append(all, storage.SetOperation(checkpoint.PageKey(checkpoint.OutboxPrefix, r.number), r.data))
		}
	}
	data, err := o.queue.Encode()
	return append(all, storage.SetOperation(checkpoint.OutboxKey, data)), err
}

// renumber gives numbers to the records that have none, and new ones to all if there
// are too many gaps.
func (o *outbox) renumber() {
	next := max(o.queue.Next, 1)
	assign := func() {
		for _, r := range o.records {
			if r.number == 0 {
				r.number = next
				next++
			}
		}
	}
	assign()
	if len(o.records) > 0 && next-o.records[0].number > checkpoint.MaxOutbox {
		for _, r := range o.records {
			o.unsave(r)
		}
		assign()
	}
	o.queue.First, o.queue.Next, o.queue.Bytes = next, next, 0
	for i, r := range o.records {
		if i == 0 {
			o.queue.First = r.number
		}
		o.queue.Bytes += int64(len(r.data))
	}
}

// markSaved says that all is in the storage.
func (o *outbox) markSaved() {
	for _, r := range o.records {
		r.saved = true
	}
	clear(o.deleted)
	o.dirty = false
}

// fit merges records until a checkpoint can hold them.
func (o *outbox) fit() error {
	merged := 0
	for {
		bytes := 0
		for _, r := range o.records {
			if r.data == nil {
				data, err := encodeOutboxRecord(r)
				if err != nil {
					return fmt.Errorf("encode finding %s: %w", r.finding.UID, err)
				}
				r.data = data
			}
			bytes += len(r.data)
		}
		if len(o.records) <= checkpoint.MaxOutbox && bytes <= checkpoint.MaxOutboxBytes {
			break
		}
		n := o.merge()
		if n == 0 {
			return errors.New("the outbox is full and nothing can be merged")
		}
		merged += n
	}
	if merged > 0 {
		o.logger.Warn("Merged findings that wait for a destination, because there are too many: their kinds, ranges and numbers are kept",
			zap.Int("merged", merged), zap.Int("records", len(o.records)))
	}
	return nil
}
