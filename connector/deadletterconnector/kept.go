// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package deadletterconnector

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"
)

const (
	// maxKept and maxKeptBytes bound what is kept for one target.
	maxKept      = 1000
	maxKeptBytes = 16 << 20
	// keptSlots bounds what is kept for all targets.
	keptSlots = 4 * maxKept
)

// keptValue is what is saved of a record that a target refuses alone, while nothing
// shows that it accepts others.
type keptValue struct {
	// ID is that of the rest but class and reason: it tells a record that comes again,
	// and what is damaged.
	ID       string `json:"id"`
	Pipeline string `json:"pipeline"`
	// Topic, Partition and Offset say where in Kafka the message is, if that is known.
	Topic     string `json:"topic,omitempty"`
	Partition string `json:"partition,omitempty"`
	Offset    int64  `json:"offset,omitempty"`
	// Number is that of the record in its message, from 0 on.
	Number int `json:"number"`
	// Class and Reason are of the target's last error.
	Class  string `json:"class"`
	Reason string `json:"reason"`
	// Logs are the record, its resource and its scope, in OTLP.
	Logs []byte `json:"logs"`
}

// newKeptValue returns what is to be saved of a record, of which logs are a copy. ok is
// false if nothing tells it from others: it has neither a position in Kafka nor a uid.
func newKeptValue(pipeline string, r *record, logs plog.Logs) (v *keptValue, ok bool) {
	v = &keptValue{Pipeline: pipeline, Number: r.number}
	if pos, known := positionOf(r.job.message.sendCtx); known {
		v.Topic, v.Partition, v.Offset = pos.topic, pos.partition, pos.offset
	} else if r.uid[0] == 0 {
		return nil, false
	}
	marshaler := plog.ProtoMarshaler{}
	var err error
	if v.Logs, err = marshaler.MarshalLogs(logs); err != nil {
		return nil, false
	}
	v.ID = v.id()
	return v, true
}

func (v *keptValue) id() string {
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%q %q %q %d %d ", v.Pipeline, v.Topic, v.Partition, v.Offset, v.Number)
	_, _ = h.Write(v.Logs)
	return hex.EncodeToString(h.Sum(nil))
}

// origin is what records of the same message have in common.
func (v *keptValue) origin() string {
	if v.Topic == "" {
		return v.Pipeline
	}
	return originOf(v.Pipeline, position{v.Topic, v.Partition, v.Offset})
}

func originOf(pipeline string, pos position) string {
	return pipeline + "\x00" + pos.topic + "\x00" + pos.partition + "\x00" + strconv.FormatInt(pos.offset, 10)
}

// context returns a context with the position in Kafka as the receiver gives it.
func (v *keptValue) context(parent context.Context) context.Context {
	if v.Topic == "" {
		return parent
	}
	return client.NewContext(parent, client.Info{Metadata: client.NewMetadata(map[string][]string{
		"kafka.topic":     {v.Topic},
		"kafka.partition": {v.Partition},
		"kafka.offset":    {strconv.FormatInt(v.Offset, 10)},
	})})
}

// logs decodes the record.
func (v *keptValue) logs() (plog.Logs, error) {
	unmarshaler := plog.ProtoUnmarshaler{}
	logs, err := unmarshaler.UnmarshalLogs(v.Logs)
	switch {
	case err != nil:
		return plog.Logs{}, err
	case logs.LogRecordCount() != 1:
		return plog.Logs{}, fmt.Errorf("it has %d records: must have 1", logs.LogRecordCount())
	}
	return logs, nil
}

// keptRecords are the kept records of all targets. Each has a slot, and so a key, of the
// storage. It is safe for concurrent use.
type keptRecords struct {
	logger  *zap.Logger
	storage *stateStorage // nil: none are kept

	mu      sync.Mutex
	entries map[string]*keptEntry // by ID
	used    [keptSlots]bool
	stale   map[int]bool   // slots that are free, but may have a value
	counts  map[string]int // by pipeline, as bytes
	bytes   map[string]int
	origins map[string]int // of those that are saved
}

// keptEntry is a slot that is in use.
type keptEntry struct {
	pipeline, origin string
	slot, size       int
	// saved is false for one whose write has failed: it may be there all the same.
	saved bool
}

func newKeptRecords(logger *zap.Logger) *keptRecords {
	return &keptRecords{
		logger: logger, entries: map[string]*keptEntry{}, stale: map[int]bool{},
		counts: map[string]int{}, bytes: map[string]int{}, origins: map[string]int{},
	}
}

func keptKey(slot int) string { return "kept/" + strconv.Itoa(slot) }

// save saves a record. After false it may be there all the same: the same record must
// be removed when it is delivered in another way.
func (k *keptRecords) save(v *keptValue) bool {
	text, err := json.Marshal(v)
	if err != nil || k.storage == nil {
		return false
	}
	entry := k.reserve(v, len(text))
	if entry == nil {
		return false
	}
	err = k.storage.do(func() error {
		return k.storage.client.Set(context.Background(), keptKey(entry.slot), text)
	})
	if err != nil {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if !entry.saved {
		entry.saved = true
		k.origins[entry.origin]++
	}
	return true
}

// reserve returns the slot of a record, nil if there is no room.
func (k *keptRecords) reserve(v *keptValue, size int) *keptEntry {
	k.mu.Lock()
	defer k.mu.Unlock()
	if entry, ok := k.entries[v.ID]; ok {
		return entry
	}
	if k.counts[v.Pipeline] >= maxKept || k.bytes[v.Pipeline]+size > maxKeptBytes {
		return nil
	}
	for slot, used := range k.used {
		if !used {
			return k.add(v, slot, size)
		}
	}
	return nil
}

func (k *keptRecords) add(v *keptValue, slot, size int) *keptEntry {
	entry := &keptEntry{pipeline: v.Pipeline, origin: v.origin(), slot: slot, size: size}
	k.entries[v.ID] = entry
	k.used[slot] = true
	k.counts[v.Pipeline]++
	k.bytes[v.Pipeline] += size
	return entry
}

// remove deletes records that are delivered.
func (k *keptRecords) remove(ids []string) {
	if len(ids) == 0 {
		return
	}
	k.mu.Lock()
	for _, id := range ids {
		if entry, ok := k.entries[id]; ok {
			k.free(id, entry)
		}
	}
	k.mu.Unlock()
	k.deleteStale()
}

func (k *keptRecords) free(id string, entry *keptEntry) {
	delete(k.entries, id)
	k.used[entry.slot], k.stale[entry.slot] = false, true
	k.counts[entry.pipeline]--
	k.bytes[entry.pipeline] -= entry.size
	if !entry.saved {
		return
	}
	if k.origins[entry.origin]--; k.origins[entry.origin] == 0 {
		delete(k.origins, entry.origin)
	}
}

// deleteStale deletes what is of no use any more. What cannot be deleted is tried again
// with the next, and at the shutdown: it would be delivered again after a restart.
func (k *keptRecords) deleteStale() {
	var slots []int
	var operations []*storage.Operation
	k.mu.Lock()
	for slot := range k.stale {
		if !k.used[slot] {
			k.used[slot] = true // not to be written to meanwhile
			slots = append(slots, slot)
			operations = append(operations, storage.DeleteOperation(keptKey(slot)))
		}
	}
	k.mu.Unlock()
	if len(slots) == 0 {
		return
	}
	err := k.storage.do(func() error { return k.storage.client.Batch(context.Background(), operations...) })
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, slot := range slots {
		k.used[slot] = false
		if err == nil {
			delete(k.stale, slot)
		}
	}
}

// ofMessage reports whether records of that message of Kafka, or of any other origin,
// may be kept.
func (k *keptRecords) ofMessage(ctx context.Context, pipeline string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.origins) == 0 {
		return false
	}
	if pos, ok := positionOf(ctx); ok {
		return k.origins[originOf(pipeline, pos)] > 0
	}
	return k.origins[pipeline] > 0
}

// has reports whether a record is saved.
func (k *keptRecords) has(id string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	entry, ok := k.entries[id]
	return ok && entry.saved
}

// count is how many records of a pipeline are kept.
func (k *keptRecords) count(pipeline string) (count int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, entry := range k.entries {
		if entry.saved && entry.pipeline == pipeline {
			count++
		}
	}
	return count
}

// loadedRecord is one that was kept before a restart.
type loadedRecord struct {
	value *keptValue
	logs  plog.Logs
}

// load reads what is kept. What is damaged is logged and stays where it is.
func (k *keptRecords) load(ctx context.Context) (records []loadedRecord, err error) {
	if k.storage == nil {
		return nil, nil
	}
	operations := make([]*storage.Operation, keptSlots)
	for slot := range operations {
		operations[slot] = storage.GetOperation(keptKey(slot))
	}
	err = guard(func() error { return k.storage.client.Batch(ctx, operations...) })
	if err != nil {
		return nil, fmt.Errorf("reading kept records from `storage`: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for slot, op := range operations {
		if op.Value == nil {
			continue
		}
		loaded, err := decodeKept(op.Value)
		switch {
		case err != nil:
			k.used[slot] = true
			k.logger.Error("A kept record in the storage is damaged and is not delivered; the others are",
				zap.String("key", op.Key), zap.Error(err))
			continue
		case k.entries[loaded.value.ID] != nil:
			k.stale[slot] = true // a copy
			continue
		}
		entry := k.add(loaded.value, slot, len(op.Value))
		entry.saved = true
		k.origins[entry.origin]++
		records = append(records, loaded)
	}
	return records, nil
}

var errDamaged = errors.New("its checksum is wrong")

func decodeKept(text []byte) (loaded loadedRecord, err error) {
	loaded.value = &keptValue{}
	if err := json.Unmarshal(text, loaded.value); err != nil {
		return loaded, err
	}
	if loaded.value.ID != loaded.value.id() {
		return loaded, errDamaged
	}
	loaded.logs, err = loaded.value.logs()
	return loaded, err
}
